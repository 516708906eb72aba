"""Unit 11's full runs: an interrupted one goes on as if nothing had happened, and the record says what was run."""

import importlib
import importlib.util
import io
import json
from datetime import date
from functools import partial

import numpy as np
import pytest

from grader.authoring.definitions import definitions
from grader.paths import DATA, SOLUTIONS

torch = pytest.importorskip("torch")
SOURCE = SOLUTIONS / "11_capstone_cifar10.py"
SESSION = {"command": "a test", "date": "2020-01-02", "hardware": "a machine", "versions": {"torch": torch.__version__}}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("capstone_at_scale", DATA / "results" / SOURCE.name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # it also puts its folder on the path, for the next fixture
    return module


@pytest.fixture(scope="module")
def at_scale(script):
    return importlib.import_module("at_scale")


@pytest.fixture(scope="module")
def unit():
    return definitions(SOURCE, device=lambda: torch.device("cpu"), check=lambda *args, **options: None)


@pytest.fixture(scope="module")
def arrays():
    """64 + 20 made-up images."""
    r = np.random.RandomState(0)
    images = [r.randint(0, 256, (n, 3, 32, 32)).astype(np.uint8) for n in (64, 20)]
    return images[0], np.arange(64) % 10, images[1], np.arange(20) % 10


@pytest.fixture
def train(at_scale, unit, arrays, tmp_path):
    """Train runs of a tiny net for so many epochs, keeping them in a folder of that name."""
    images = at_scale.Images(arrays, torch.device("cpu"))

    def train(epochs, runs, folder, make_net=unit["make_net"]):
        (tmp_path / folder).mkdir(exist_ok=True)
        at_scale.train_all(runs, epochs, make_net, images, tmp_path / folder, SESSION, show=False)
        return [at_scale.read_checkpoint(run, tmp_path / folder) for run in runs]

    return train


@pytest.fixture
def run(at_scale):
    """A tiny run."""

    def run(arm="BN", seed=0, **settings):
        return at_scale.Run("vgg11", arm, seed, **{"width": 1, "images": "made up", "batch_size": 24, **settings})

    return run


def same(one, other):
    """Whether two checkpoints hold the same network, generators and history, bit for bit."""
    tensors = [[*kept["model"].values(), *(kept["generators"][k] for k in ("order", "torch"))] for kept in (one, other)]
    return all(map(torch.equal, *tensors)) and one["history"] == other["history"]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"augment": True}, {"precision": "bfloat16"}], ids=str)
def test_one_epoch_and_another_are_two(train, run, settings):
    run = run(**settings)
    [whole], [first] = train(2, [run], "whole"), train(1, [run], "parts")
    torch.rand(5)  # whatever else draws numbers
    [second] = train(2, [run], "parts")
    assert same(whole, second) and not same(whole, first)
    assert len(first["history"]) == 1 and len(second["history"]) == len(second["seconds"]) == 2
    assert [session["from_epoch"] for session in second["sessions"]] == [0, 1]


@pytest.mark.slow
def test_layers_that_draw_numbers_go_on_too(train, run, unit):
    def dropping(*args):
        return torch.nn.Sequential(torch.nn.Dropout(0.2), unit["make_net"](*args))

    [whole] = train(2, [run()], "whole", dropping)
    train(1, [run()], "parts", dropping)
    assert same(whole, train(2, [run()], "parts", dropping)[0])


@pytest.mark.slow
def test_a_run_that_was_stopped_within_an_epoch(train, run, at_scale, monkeypatch):
    runs, steps, ready = [run(), run("plain")], [], at_scale.ready
    whole = train(2, runs, "whole")

    def stops_at(*args):
        steps.append(args)
        if len(steps) == 9:  # 2 steps and 1 batch of test images an epoch: in the plain net's first
            raise KeyboardInterrupt
        return ready(*args)

    monkeypatch.setattr(at_scale, "ready", stops_at)
    with pytest.raises(KeyboardInterrupt):
        train(2, runs, "stopped")
    assert all(map(same, whole, train(2, runs, "stopped")))


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again(train, run, at_scale, monkeypatch):
    [kept] = train(1, [run()], "folder")
    monkeypatch.setattr(at_scale.Training, "epoch", None)
    assert same(kept, train(1, [run()], "folder")[0])


@pytest.mark.slow
def test_an_interrupted_write_leaves_the_checkpoint_before_it(train, run, monkeypatch):
    [first] = train(1, [run()], "folder")
    save = torch.save

    def half(state, out):
        whole = io.BytesIO()
        save(state, whole)
        out.write(whole.getvalue()[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        train(2, [run()], "folder")
    monkeypatch.undo()
    assert same(first, train(1, [run()], "folder")[0])
    assert same(train(2, [run()], "whole")[0], train(2, [run()], "folder")[0])


@pytest.mark.slow
def test_checkpoints_that_cannot_be_used_are_named(train, run, at_scale, tmp_path):
    train(1, [run()], "folder")
    with pytest.raises(ValueError, match=r"vgg11-1-BN-0\.pt has precision 'float32', not 'bfloat16'"):
        train(2, [run(precision="bfloat16")], "folder")
    file = run().file(tmp_path / "folder")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"vgg11-1-BN-0\.pt is damaged"):
        train(2, [run()], "folder")


def test_two_processes_do_not_share_a_folder(train, run, at_scale, tmp_path):
    pytest.importorskip("fcntl")
    train(1, [run()], "folder")
    with at_scale.alone(tmp_path / "folder"), pytest.raises(BlockingIOError):
        train(2, [run()], "folder")
    train(2, [run()], "folder")


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["plain", "He", "BN"])
def test_it_trains_as_the_unit_does(train, run, unit, arrays, arm):
    """Same initial weights, batches, rate and measures; sums may be taken in another order."""
    torch.manual_seed(3)
    model, data = unit["make_net"]("vgg11", arm, 1), unit["standardized"](*arrays)
    expected = unit["train"](model, data, 3, steps=6, every=2, batch_size=24)
    [kept] = train(3, [run(arm, 3)], "folder")
    rows = np.array(kept["history"])
    assert np.allclose(rows[:, 0], expected[:, 0], rtol=1e-5, atol=0)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model.eval()(data[2]), data[3]).item()
    assert abs(rows[-1, 3] - loss) < 1e-5
    assert np.allclose(rows[:, 1], expected[:, 1], rtol=0, atol=0.051), "one of the 20 test images may be a close call"


def test_record(train, run, at_scale, tmp_path):
    runs = [run(), run("plain")]
    train(2, [runs[0]], "folder")
    assert at_scale.record_of(runs, 2, tmp_path / "folder", "a test") is None
    some = at_scale.record_of(runs, 2, tmp_path / "folder", "a test", partial=True)
    assert some["unfinished"] == {"vgg11/plain/0": 0} and list(some["results"]) == ["vgg11/BN/0"]
    [_, plain] = train(2, runs, "folder")
    record = json.loads(json.dumps(at_scale.record_of(runs, 2, tmp_path / "folder", "a test")))
    assert {key: record[key] for key in SESSION} == SESSION | {"date": record["date"]} and "unfinished" not in record
    assert date.fromisoformat(record["date"]) > date(2020, 1, 2), "the day of the last epoch"
    assert record["images"] == {"to train on": 64, "to test": 20} and record["data"] == "made up"
    assert (record["width"], record["epochs"], record["batch size"], record["learning rate"]) == (1, 2, 24, 0.01)
    assert (record["precision"], record["augmentation"], record["seeds"]) == ("float32", "none", [0])
    rows = record["results"]["vgg11/plain/0"]
    assert np.allclose(rows, plain["history"], atol=5e-5) and len(rows[0]) == len(record["columns"])
    assert record["cpu seconds"].keys() == record["seconds"].keys() == record["results"].keys()
    assert at_scale.in_json([[float("nan"), 0.12345]]) == [[None, 0.1235]]


def test_record_of_two_machines(train, run, at_scale, tmp_path, monkeypatch):
    train(1, [run()], "folder")
    monkeypatch.setitem(SESSION, "hardware", "another")
    train(2, [run()], "folder")
    record = at_scale.record_of([run()], 2, tmp_path / "folder", "a test")
    assert record["hardware"] == "a machine; then another" and record["versions"] == {"torch": torch.__version__}


def packed(file, arrays):
    """Write images as cifar10_jpeg.npz holds them."""
    from PIL import Image

    parts = {}
    for part, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        pieces = []
        for image in images:
            Image.fromarray(image.transpose(1, 2, 0)).save(piece := io.BytesIO(), "JPEG")
            pieces.append(piece.getvalue())
        parts[f"{part}_jpeg"] = np.frombuffer(b"".join(pieces), np.uint8)
        parts[f"{part}_end"], parts[f"{part}_label"] = np.cumsum([len(piece) for piece in pieces]), labels
    np.savez(file, **parts)


@pytest.fixture
def command(script, arrays, tmp_path, monkeypatch, capsys):
    """Run the script as a command, on JPEG copies of the made-up images; what it prints and the folder of records."""
    packed(tmp_path / "cifar10_jpeg.npz", arrays)
    monkeypatch.delenv("CIFAR10_JPEG", raising=False)
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path))
    places = ["--checkpoints", str(tmp_path / "kept"), "--out", str(tmp_path)]

    def command(*words):
        monkeypatch.setattr("sys.argv", ["script", *words, *places])
        threads = torch.get_num_threads()
        try:
            script.main()
        finally:
            torch.set_num_threads(threads)
        return capsys.readouterr().out

    return command


@pytest.mark.slow
def test_command(command, script, at_scale, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "Run", partial(at_scale.Run, batch_size=24))
    words = ["vgg11", "--nets", "BN", "plain", "--width", "1"]
    with pytest.raises(SystemExit, match="nothing of vgg11"):
        command(*words, "--epochs", "1", "--partial")
    out = command(*words, "--epochs", "1", "--hardware", "a machine")
    assert "vgg11/BN/0: epoch 1 of 1: training loss" in out
    command(*words, "--epochs", "2", "--hardware", "a machine")
    record = json.loads((tmp_path / "11_vgg11.json").read_text(encoding="utf-8"))
    assert record["data"] == "JPEG copies of CIFAR-10" and record["hardware"] == "a machine" and record["note"]
    assert record["command"].startswith("python data/results/11_capstone_cifar10.py vgg11 --nets BN plain --epochs 2")
    assert str(tmp_path) not in json.dumps(record)
    carried = json.loads(script.stored(tmp_path))["vgg11"]
    assert carried["epochs"] == 2 and carried["BN"] == [[row[:2] for row in record["results"]["vgg11/BN/0"]]]
    command(*words, "--epochs", "3", "--partial")
    record = json.loads((tmp_path / "11_vgg11.json").read_text(encoding="utf-8"))
    assert record["unfinished"] == {"vgg11/BN/0": 2, "vgg11/plain/0": 2}


@pytest.mark.slow
def test_command_names_what_is_wrong(command, tmp_path):
    with pytest.raises(SystemExit, match=r"CIFAR-10 is not in .*nowhere: there is no such file or folder"):
        command("vgg11", "--images", str(tmp_path / "nowhere"))
    (tmp_path / "half.npz").write_bytes((tmp_path / "cifar10_jpeg.npz").read_bytes()[:500])
    with pytest.raises(SystemExit, match=r"half\.npz does not hold JPEG copies of CIFAR-10"):
        command("vgg11", "--images", str(tmp_path / "half.npz"))
    with pytest.raises(SystemExit, match="There is no vgg11 'BN, γ = 0'"):
        command("vgg11", "--nets", "BN, γ = 0")


def test_images_are_decoded_once(script, arrays, tmp_path, monkeypatch):
    images = importlib.import_module("cifar10_images")
    file, decoded, decode = tmp_path / "cifar10_jpeg.npz", [], images.jpeg_copies
    packed(file, arrays)
    monkeypatch.setattr(images, "jpeg_copies", lambda file: decoded.append(file) or decode(file))
    twice = [images.decoded_once(file, tmp_path) for _ in range(2)]
    assert len(decoded) == 1 and all(map(np.array_equal, *twice)) and np.array_equal(twice[1][1], arrays[1])
    assert twice[1][0].dtype == np.uint8 and np.abs(twice[1][0] - arrays[0].astype(float)).mean() < 60
    packed(file, [array[:10] for array in arrays])
    assert len(images.decoded_once(file, tmp_path)[0]) == 10, "another file is decoded anew"


def test_channel_statistics(script, arrays):
    mean, std = importlib.import_module("batches").channel_statistics(arrays[0][:, :, :20])
    assert np.allclose(mean.ravel(), arrays[0][:, :, :20].mean((0, 2, 3)), rtol=1e-6)
    assert np.allclose(std.ravel(), arrays[0][:, :, :20].std((0, 2, 3)), rtol=1e-6)


def test_crops_and_mirroring(script):
    """Every image is one of the 9·9·2 that there are of it, and not all are moved alike."""
    batches, r = importlib.import_module("batches"), np.random.RandomState(0)
    x = torch.from_numpy(r.randint(1, 256, (40, 3, 6, 7)).astype(np.uint8))
    found = []
    for image, cropped in zip(x, batches.cropped_and_flipped(x, torch.Generator().manual_seed(0))):
        framed = torch.nn.functional.pad(image, (4, 4, 4, 4))
        places = [(a, b) for a in range(9) for b in range(9)]
        crops = {(a, b, m): framed[:, a : a + 6, b : b + 7].flip([2] * m) for a, b in places for m in (0, 1)}
        [place] = [place for place, crop in crops.items() if torch.equal(crop, cropped)]
        found.append(place)
    down, right, mirrored = map(set, zip(*found))
    assert min(down) == min(right) == 0 and max(down) == max(right) == 8 and mirrored == {0, 1}
