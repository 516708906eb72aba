"""The runs of unit 11: VGG-11 and ResNet-50 with and without BN, small ones for a CPU and full ones for a GPU.

    CIFAR10_DIR=… python data/results/11_capstone_cifar10.py small             # a quarter of an hour on a CPU
    CIFAR10_DIR=… python data/results/11_capstone_cifar10.py vgg11 resnet50    # 50 and 20 epochs: a GPU

Writes 11_small.json, 11_vgg11.json and 11_resnet50.json beside this file. The networks and the training loop are the
unit's own source (given cells and reference answers). CIFAR10_DIR holds the official binary version; with CIFAR10_JPEG
(a file cifar10_jpeg.npz of JPEG copies) those are read instead, and the record says so. A run that is stored is not
repeated: an interrupted command goes on where it stopped.
`--embed` runs nothing: it copies the numbers that the unit plots from the JSON files into its source, between the
markers; `--check` fails where they differ.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path
from time import monotonic

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UNIT = ROOT / "solutions" / "11_capstone_cifar10.py"
sys.path[:0] = [str(ROOT), str(HERE)]

from embed import add_options, as_lines, embed_or_check  # noqa: E402
from provenance import provenance  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402

# How the settings came about. Written into the JSON files.
NOTES = {
    "small": "The rate of 0.01 without momentum was given, not searched for. Width, steps and batch size were chosen "
    "for the time they take, after one look at seed 0 of each VGG-11 (widths 8 and 16), in which BN was ahead; the "
    "rates 0.03 and 0.1 had been tried on seed 0 too. ResNet-50's width and its 200 steps were chosen likewise. The "
    "rule of the verdict was written before these runs. Test accuracies: 1,000 images, the same for all networks. "
    "The seconds are wall time on a machine that was busy with other work too.",
    "vgg11": "The rate of 0.01 without momentum and the 50 epochs were given, not searched for.",
    "resnet50": "The rate of 0.01 without momentum and the 20 epochs were given, not searched for.",
}
COLUMNS = ["training loss", "test accuracy"]
RATES = {"He": (0.03, 0.1), "BN": (0.03, 0.1)}  # besides 0.01
ARMS = {"vgg11": ("plain", "He", "BN"), "resnet50": ("plain", "BN", "BN, γ = 0")}


def jpeg_copies(file: Path) -> tuple:
    """CIFAR-10 from JPEG copies: uint8 images (N, 3, 32, 32) and int64 labels, to train on and to test."""
    from PIL import Image

    arrays = []
    with np.load(file) as packed:
        for part in ("train", "test"):
            raw, ends = packed[f"{part}_jpeg"].tobytes(), packed[f"{part}_end"].tolist()
            pieces = (raw[a:b] for a, b in zip([0, *ends], ends))
            images = np.stack([np.asarray(Image.open(io.BytesIO(piece)).convert("RGB")) for piece in pieces])
            arrays += [np.ascontiguousarray(images.transpose(0, 3, 1, 2)), packed[f"{part}_label"].astype(np.int64)]
    return tuple(arrays)


def load(unit: dict) -> tuple[str, tuple]:
    """What the images are, and their four arrays."""
    if os.environ.get("CIFAR10_JPEG"):
        return "JPEG copies of CIFAR-10", jpeg_copies(Path(os.environ["CIFAR10_JPEG"]))
    return "CIFAR-10, official binary version", unit["load_cifar10"]()


def plan(unit: dict, experiment: str, data: tuple, seeds: range) -> dict:
    """By name of the run, a function that does it."""
    todo, run = {}, unit["small_run"] if experiment == "small" else unit["full_run"]
    for net in ("vgg11", "resnet50") if experiment == "small" else (experiment,):
        for seed in seeds:
            for arm in ARMS[net]:
                todo[f"{net}/{arm}/{seed}"] = lambda n=net, a=arm, s=seed: run(n, a, s, data)
    for seed in seeds if experiment == "small" else ():
        for arm, rates in RATES.items():
            for lr in rates:
                todo[f"vgg11/{arm}, {lr}/{seed}"] = lambda a=arm, s=seed, lr=lr: run("vgg11", a, s, data, lr)
    return todo


def measure(experiment: str, unit: dict, source: str, data: tuple, args: argparse.Namespace, folder: Path) -> None:
    """Do the runs of an experiment that are not stored yet, and store each as it ends."""
    file = folder / f"11_{experiment}.json"
    results = json.loads(file.read_text())["results"] if file.exists() else {}
    seconds = json.loads(file.read_text())["seconds"] if file.exists() else 0.0
    for name, run in plan(unit, experiment, data, range(args.seeds)).items():
        if name in results:
            continue
        start = monotonic()
        rows = run()
        seconds += monotonic() - start
        # A network that diverged has no loss: null in JSON.
        results[name] = [[round(v, 4) if np.isfinite(v) else None for v in row] for row in rows.tolist()]
        print(f"{experiment}: {name}: {results[name][-1]} ({monotonic() - start:.0f} s)", flush=True)
        record = {
            "experiment": f"unit 11, {experiment}",
            "data": source,
            **provenance(
                f"python data/results/11_capstone_cifar10.py {experiment} --seeds {args.seeds}",
                args.hardware,
                sorted({int(name.rsplit("/", 1)[1]) for name in results}),
            ),
            "seconds": round(seconds),
            "columns": COLUMNS,
            "note": NOTES[experiment],
            "results": results,
        }
        file.write_text(json.dumps(record, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def arms(results: dict, net: str) -> dict:
    """By arm a list of its seeds' rows."""
    found: dict = {}
    for name, rows in results.items():
        which, arm, _ = name.split("/")
        if which == net:
            found.setdefault(arm, []).append(rows)
    return found


def stored(folder: Path = HERE) -> str:
    """What the unit carries of the JSON files, as JSON in lines of at most 118 characters; null is: not run."""
    kept = {}
    for name in ("small", "vgg11", "resnet50"):
        file = folder / f"11_{name}.json"
        record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        if record is None:
            kept[name] = None
        elif name == "small":
            kept[name] = {"data": record["data"], **{net: arms(record["results"], net) for net in ARMS}}
        else:
            kept[name] = {key: record[key] for key in ("data", "hardware", "date")} | arms(record["results"], name)
    return as_lines(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", choices=["small", "vgg11", "resnet50", []], help="which to run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hardware", default="2-core CPU, one thread")
    add_options(parser)
    args = parser.parse_args()
    if embed_or_check(args, UNIT, stored):
        return
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if where.type == "cuda":
        args.hardware = torch.cuda.get_device_name()
        torch.set_float32_matmul_precision("high")
    elif {"vgg11", "resnet50"} & set(args.experiments):
        raise SystemExit("The full runs need a GPU, and torch finds none. The small ones: small")
    unit = definitions(UNIT, device=lambda: where)
    try:
        source, arrays = load(unit)
    except (OSError, ValueError) as problem:
        raise SystemExit(str(problem)) from None
    for experiment in args.experiments:
        few = [a[:n] for a, n in zip(arrays, (5000, 5000, 1000, 1000))] if experiment == "small" else arrays
        data = tuple(tensor.to(where) for tensor in unit["standardized"](*few))
        measure(experiment, unit, source, data, args, HERE)


if __name__ == "__main__":
    main()
