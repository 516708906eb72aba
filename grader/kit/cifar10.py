"""`load_cifar10`: CIFAR-10 from this machine, in whichever of its usual forms it lies there.

A unit shows this file in a folded cell, among what learners name: so it needs only the standard library, NumPy and, to
decode pictures, Pillow, and all its names begin with cifar10.

Files of the official versions count only with the right checksum, whatever archive they came in. A pickle may run code:
so the Python version's are read only after that, and by a reader that knows arrays and nothing else.
"""

import hashlib
import io
import os
import pickle
import re
import tarfile
import zipfile
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CIFAR10_COUNTS = {"train": 50_000, "test": 10_000}
CIFAR10_BINARY, CIFAR10_PYTHON = "CIFAR-10, official binary version", "CIFAR-10, official Python version"
CIFAR10_PNG, CIFAR10_JPEG, CIFAR10_PACKED = "CIFAR-10 as PNG files", "JPEG copies of CIFAR-10", "cifar10_jpeg.npz"
CIFAR10_FILES = {  # bytes, and SHA-1 or MD5: five files to train on, one to test
    CIFAR10_BINARY: {
        "data_batch_1.bin": (30_730_000, "aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
        "data_batch_2.bin": (30_730_000, "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
        "data_batch_3.bin": (30_730_000, "1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
        "data_batch_4.bin": (30_730_000, "aab85764eb3584312d3c7f65fd2fd016e36a258e"),
        "data_batch_5.bin": (30_730_000, "26e2849e66a845b7f1e4614ae70f4889ae604628"),
        "test_batch.bin": (30_730_000, "67eb016db431130d61cd03c7ad570b013799c88c"),
    },
    CIFAR10_PYTHON: {
        "data_batch_1": (31_035_704, "c99cafc152244af753f735de768cd75f"),
        "data_batch_2": (31_035_320, "d4bba439e000b95fd0a9bffe97cbabec"),
        "data_batch_3": (31_035_999, "54ebc095f3ab1f0389bbae665268c751"),
        "data_batch_4": (31_035_696, "634d18415352ddfa80567beed471001a"),
        "data_batch_5": (31_035_623, "482c414d41f54cd18b22e5b47cb7c3cb"),
        "test_batch": (31_035_526, "40351d587109b95175f43aff81a1287e"),
    },
}
CIFAR10_ARCHIVES = {"bin": 170_052_171, "py": 170_498_071}  # bytes of cifar-10-binary.tar.gz, cifar-10-python.tar.gz
CIFAR10_USELESS = {
    "trainLabels.csv": "from Kaggle's competition, which keeps the labels of the test images secret",
    "data_batch_1.mat": "the MATLAB version, which cannot be read here",
    "fine_label_names.txt": "CIFAR-100, another data set",
}
CIFAR10_IMAGE = re.compile(r"(?:^|/)(train|test)/([a-z]+)/[^./][^/]*\.(png|jpe?g)$", re.I)


def load_cifar10():
    """CIFAR-10 as four arrays: X_train (50000, 3, 32, 32), y_train (50000,), X_test (10000, 3, 32, 32), y_test.

    Images are uint8, red, green and blue from 0 to 255; labels are int64, 0 to 9. Looks in $CIFAR10_DIR (a folder or an
    archive), in data/cifar10 of this directory and all above it, and where torchvision (data/) and Keras
    (~/.keras/datasets) keep it. Reads the official binary and Python versions, unpacked or not, pictures in folders of
    classes (train/cat/…), and cifar10_jpeg.npz; prints which it was. Raises FileNotFoundError: what was wrong where.
    """
    arrays, form, where, wrong = cifar10_search(cifar10_places())
    note = " (their pixels differ a little from the originals)" if form == CIFAR10_JPEG else ""
    print(f"{form}{note}: found in {where}." + f" Passed over {'; '.join(wrong[:2])}." * bool(wrong))
    return arrays


def cifar10_found(folders):
    """The four arrays, and their form in words, from the first of some folders (or archives) that has them.

    Raises FileNotFoundError, with what is wrong in each.
    """
    named = {cifar10_short(folder): Path(os.path.expanduser(folder)) for folder in folders}
    return cifar10_search({name: [(name, path)] for name, path in named.items()})[:2]


def cifar10_short(path):
    path, home = str(path), os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith((home + "/", home + os.sep)) else path


def cifar10_places():
    """All that is searched, in groups by what a message calls them: {group: [(short name, path)]}."""
    above = [("../" * k, folder) for k, folder in enumerate((Path.cwd(), *Path.cwd().parents))]
    mine = os.environ.get("CIFAR10_DIR", "")
    keras = "$KERAS_HOME/datasets" if os.environ.get("KERAS_HOME") else "~/.keras/datasets"
    cache = Path(os.path.expanduser(os.path.expandvars(keras)))
    paths = dict.fromkeys(up / os.path.expanduser(mine) for _, up in above) if mine else ()
    torch = [(f"{dots}data/{file.name}", file) for dots, up in above for file in sorted(up.glob("data/cifar-10-*"))]
    return {
        f"$CIFAR10_DIR ({cifar10_short(mine) or 'not set'})": [("$CIFAR10_DIR", path) for path in paths],
        "data/cifar10, here and above": [(f"{dots}data/cifar10", up / "data" / "cifar10") for dots, up in above],
        "data/cifar-10-*, here and above": torch,
        f"{keras}/cifar-10-*": [(f"{keras}/{file.name}", file) for file in sorted(cache.glob("cifar-10-*"))],
    }


def cifar10_search(groups):
    """The four arrays, their form, the short name of where they were, and a line on each that was passed over."""
    said, lines = ["CIFAR-10 is not here. Searched:"], []
    for group, places in groups.items():
        wrong = []
        for where, files in (spot for shown, place in places for spot in cifar10_spots(place, shown)):
            try:
                if files := files():
                    return *cifar10_arrays(files), where, lines + wrong
            except (OSError, ValueError) as problem:
                wrong.append(f"{where}: {getattr(problem, 'strerror', None) or problem}")
        there = any(os.path.exists(place) for _, place in places)
        empty = "nothing of CIFAR-10" if there else "no such file or folder" if places else "nothing there"
        said += wrong or [f"{group}: {empty}"]
        lines += wrong
    how = "`bncourse data cifar10` fetches it (170 MB). Or let CIFAR10_DIR be the folder or archive that has it."
    raise FileNotFoundError("\n- ".join(said) + "\n" + how)


def cifar10_spots(place, shown):
    """Where in a place CIFAR-10 may lie, the best first: [(short name, function that gives its files)]."""
    if any(place.name in names for names in CIFAR10_FILES.values()) and os.path.isfile(place):
        place = place.parent  # somebody named one of the six
    ranked, spots = [], [place] if os.path.exists(place) else []
    for spot in spots:
        inside = spot.relative_to(place).parts
        if os.path.isdir(spot):
            files, listed = partial(cifar10_folder, spot), {}
            with suppress(OSError):  # it will come up again where the files are read
                listed = files()
                if not inside or ("cifar" in spot.name.lower() and len(inside) < 3):  # this loop will come to them
                    spots += sorted(path for path in spot.iterdir() if path.name[0] != ".")
            rank = next((k for k, names in enumerate(CIFAR10_FILES.values()) if names.keys() & listed), 4)
        elif spot.suffix == ".npz":
            rank, files = 3, partial(dict, {CIFAR10_PACKED: spot.read_bytes})
            if spot.name != CIFAR10_PACKED and inside:
                continue
        elif not os.path.isfile(spot):
            continue  # a pipe would wait for ever
        else:
            named = not inside or re.search(r"cifar.*\.(tar|t?gz|zip)|cifar-10-[bp]", spot.name, re.I)
            rank, files = 2, partial(cifar10_unpacked, spot, named)
        ranked.append((rank, "/".join((shown, *inside)), files))
    return [spot[1:] for spot in sorted(ranked, key=lambda spot: spot[0])]


def cifar10_wanted(path):
    name = path.rpartition("/")[2]
    return any(name in names for names in (*CIFAR10_FILES.values(), CIFAR10_USELESS)) or CIFAR10_IMAGE.search(path)


def cifar10_folder(folder):
    """The files of CIFAR-10 in an unpacked folder: {path inside: function that gives its bytes}."""
    files = [file for file in folder.iterdir() if cifar10_wanted(file.name) and file.is_file()]
    for classes in (folder / part / name for part in CIFAR10_COUNTS for name in CIFAR10_CLASSES):
        files += classes.iterdir() if classes.is_dir() else []
    return {file.relative_to(folder).as_posix(): file.read_bytes for file in files}


def cifar10_unpacked(file, named=True):
    """What `cifar10_folder` gives, from an archive: tar, gzipped or not, or zip. Raises ValueError.

    named: its name says that it is CIFAR-10; of another file nothing is expected, and {} is the answer.
    """
    size, files, first = file.stat().st_size, {}, ""
    with file.open("rb") as opened:
        head = opened.read(512)
    if not head.startswith((b"PK", b"\x1f\x8b")) and head[257:262] != b"ustar":
        if not named:
            return {}
        page = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        raise ValueError("a web page, not data" if page else f"no archive (tar, tar.gz, zip), {size:,} bytes")
    try:
        if head.startswith(b"PK"):
            with zipfile.ZipFile(file) as packed:
                for member in packed.infolist():
                    if cifar10_wanted(member.filename) and member.file_size < 1 << 26:
                        files[member.filename] = partial(bytes, packed.read(member))
        else:
            with tarfile.open(file) as packed:
                for member in packed:  # in their order: to go back in a gzipped file takes long
                    first = first or member.name
                    if not named and "cifar" not in first:
                        return {}
                    if member.isfile() and cifar10_wanted(member.name) and member.size < 1 << 26:
                        files[member.name] = partial(bytes, packed.extractfile(member).read())
                while packed.fileobj.read(1 << 20):  # to the end, where gzip's own checksum is
                    pass
    except (EOFError, OSError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error):
        whole = next((n for word, n in CIFAR10_ARCHIVES.items() if word in (first or file.name)), 0)
        if named or "cifar" in first:
            of = f" of {whole:,}" if size < whole else ""
            raise ValueError(f"{'truncated' if of else 'damaged or truncated'}, {size:,}{of} bytes") from None
    if named and not files:
        raise ValueError("nothing of CIFAR-10")
    return files


def cifar10_arrays(files):
    """The four arrays in some files, and their form. Raises OSError, or ValueError with what is wrong."""
    names, problem = {path.rpartition("/")[2]: path for path in files}, "nothing of CIFAR-10"
    for form, wanted in CIFAR10_FILES.items():
        missing = [name for name in wanted if name not in names]
        if not missing:
            images, labels = zip(*(cifar10_batch(form, name, files.pop(names[name])()) for name in wanted))
            return (np.concatenate(images[:5]), np.concatenate(labels[:5]), images[5].copy(), labels[5]), form
        if len(missing) < 6:
            problem = f"{missing[0]} is missing, only {6 - len(missing)} of 6 files are there"
    if CIFAR10_PACKED in files:
        return cifar10_packed(files[CIFAR10_PACKED]()), CIFAR10_JPEG
    if found := sorted(path for path in files if CIFAR10_IMAGE.search(path)):
        form = CIFAR10_PNG if found[0].lower().endswith("png") else CIFAR10_JPEG
        return cifar10_pictures(found, files), form
    raise ValueError(next((why for name, why in CIFAR10_USELESS.items() if name in names), problem))


def cifar10_batch(form, name, raw):
    """Images (N, 3, 32, 32), uint8, and labels (N,), int64, of one of the six files of an official version."""
    size, digest = CIFAR10_FILES[form][name]
    algorithm = "MD5" if len(digest) == 32 else "SHA1"
    if hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest() != digest:
        if raw[:256].lstrip().startswith(b"<"):
            raise ValueError(f"{name} is a web page, not data")
        if len(raw) != size:
            length = "truncated" if len(raw) < size else "too long"
            raise ValueError(f"{name} is {length}, {len(raw):,} of {size:,} bytes")
        raise ValueError(f"{name} is damaged, its {algorithm} checksum is wrong")
    if form == CIFAR10_PYTHON:
        batch = cifar10_unpickler(io.BytesIO(raw), encoding="latin1").load()  # Python 2 wrote it
        return batch["data"].reshape(-1, 3, 32, 32), np.array(batch["labels"], np.int64)
    records = np.frombuffer(raw, np.uint8).reshape(-1, 3073)  # the label; 1,024 bytes each of red, green and blue
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


class cifar10_unpickler(pickle.Unpickler):
    """Makes arrays, and what needs no import. All else is refused: it could run code."""

    def find_class(self, module, name):
        if f"{module}.{name}" not in ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise ValueError(f"a pickle that asks for {module}.{name}, which could run code: refused")
        return {"_reconstruct": np.zeros(0).__reduce__()[0], "ndarray": np.ndarray, "dtype": np.dtype}[name]


def cifar10_packed(raw):
    """The four arrays in the bytes of cifar10_jpeg.npz: JPEG files end to end, where each ends, and labels."""
    arrays = []
    try:
        if not zipfile.is_zipfile(io.BytesIO(raw)):
            raise EOFError
        with np.load(io.BytesIO(raw)) as packed:
            for part in CIFAR10_COUNTS:
                joined, ends = packed[f"{part}_jpeg"].tobytes(), packed[f"{part}_end"].tolist()
                pieces = [joined[a:b] for a, b in zip([0, *ends], ends)]
                arrays += [cifar10_decoded(pieces), packed[f"{part}_label"].astype(np.int64)]
    except (EOFError, KeyError, OSError, zipfile.BadZipFile, zlib.error):
        raise ValueError(f"damaged, truncated or something else, {len(raw):,} bytes") from None
    return tuple(arrays)


def cifar10_pictures(paths, files):
    """The four arrays from pictures in folders of classes, shuffled once, else they would come class by class."""
    arrays = []
    for part, count in CIFAR10_COUNTS.items():
        found = [(path, match[2]) for path in paths for match in [CIFAR10_IMAGE.search(path)] if match[1] == part]
        found = [(path, CIFAR10_CLASSES.index(name)) for path, name in found if name in CIFAR10_CLASSES]
        if len(found) != count:
            raise ValueError(f"{len(found):,} of {count:,} pictures in {part}/")
        found = [found[k] for k in np.random.RandomState(0).permutation(count)]
        arrays += [cifar10_decoded([files[path]() for path, _ in found]), np.array([label for _, label in found])]
    return tuple(arrays)


def cifar10_decoded(pieces):
    """Pictures' bytes as one array (N, 3, 32, 32), uint8."""
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("pictures, but Pillow, which reads them, is not installed") from None
    images = np.empty((len(pieces), 3, 32, 32), np.uint8)
    for k, piece in enumerate(pieces):
        try:
            picture = Image.open(io.BytesIO(piece), formats=["JPEG", "PNG"])
            images[k] = np.asarray(picture.convert("RGB")).reshape(32, 32, 3).transpose(2, 0, 1)
        except Exception:  # of many kinds
            raise ValueError(f"picture {k + 1:,} of {len(pieces):,} is damaged, or not of 32×32 pixels") from None
    return images
