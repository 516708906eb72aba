"""The runs of unit 11: VGG-11 and ResNet-50 with and without BN, small ones and full ones.

    python data/results/11_capstone_cifar10.py small --images PLACE                 # an hour or two on a CPU
    python data/results/11_capstone_cifar10.py vgg11 --images PLACE --checkpoints FOLDER --nets plain BN He --epochs 20
    python data/results/11_capstone_cifar10.py resnet50 --images PLACE --checkpoints FOLDER --width 16

Writes 11_small.json, 11_vgg11.json and 11_resnet50.json beside this file, or into --out. The networks are the unit's
own source (given cells and reference answers), and so are the small runs. PLACE is a folder or archive that the unit's
loader reads, or a folder with cifar10_jpeg.npz (JPEG copies; the record says so), or that file; without --images the
environment variables CIFAR10_JPEG and CIFAR10_DIR are asked, and then the loader looks where it always does.
The full runs train on all 50,000 images, on a GPU or a CPU, and keep a checkpoint every epoch in FOLDER. The same
command goes on from there, whatever stopped it, and writes the record when the last run is finished; --partial writes
what there is, trains nothing and names what is missing. A small run that is stored is not repeated.
`--embed` runs nothing: it copies the numbers that the unit plots from the JSON files into its source, between the
markers; `--check` fails where they differ.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from time import monotonic

import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UNIT = ROOT / "solutions" / "11_capstone_cifar10.py"
sys.path[:0] = [str(ROOT), str(HERE)]

from at_scale import Images, Run, in_json, record_of, train_all  # noqa: E402
from cifar10_images import cifar10  # noqa: E402
from embed import add_options, as_lines, embed_or_check  # noqa: E402
from provenance import provenance  # noqa: E402
from whole_files import write_whole  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402

# How the settings came about. Written into the JSON files.
NOTES = {
    "small": "The rate of 0.01 without momentum was given, not searched for. Width, steps and batch size were chosen "
    "for the time they take, after one look at seed 0 of each VGG-11 (widths 8 and 16), in which BN was ahead; the "
    "rates 0.03 and 0.1 had been tried on seed 0 too. ResNet-50's width and its 200 steps were chosen likewise. The "
    "rule of the verdict was written before these runs. ResNet-50 at 0.1, the plain VGG-11 with momentum and the "
    "longer runs (2,400 steps) were added later, when the others were known. Test accuracies: 1,000 images, the same "
    "for all. "
    "The seconds are wall time on a machine that was busy with other work too.",
    "full": "The rate of 0.01 without momentum or decay was given, not searched for. Training loss and accuracy: mean "
    "over an epoch's batches, as the network was at each. Test: all test images, in evaluation mode after each epoch, "
    "in the precision of training. The seconds are wall time with all pauses, on a machine that did other work too.",
}
COLUMNS = ["training loss", "test accuracy"]
ARMS = {"vgg11": ("plain", "He", "BN"), "resnet50": ("plain", "BN", "BN, γ = 0")}
OTHERS = {  # the small runs with other settings: net, arm, what is added to its name: the settings
    **{("vgg11", arm, f", {lr}"): {"lr": lr} for arm in ("He", "BN") for lr in (0.03, 0.1)},
    **{("resnet50", arm, ", 0.1"): {"lr": 0.1} for arm in ("BN", "BN, γ = 0")},
    ("vgg11", "plain", ", momentum"): {"lr": 0.05, "momentum": 0.9},
    **{("vgg11", arm, ", longer"): {"longer": 6} for arm in ("BN", "He", "plain")},
}
EPOCHS = {"vgg11": 50, "resnet50": 20}


def plan(unit: dict, data: tuple, seeds: range) -> dict:
    """By name of the small run, a function that does it."""
    todo, run = {}, unit["small_run"]
    for net in ARMS:
        for seed in seeds:
            for arm in ARMS[net]:
                todo[f"{net}/{arm}/{seed}"] = lambda n=net, a=arm, s=seed: run(n, a, s, data)
    for (net, arm, name), settings in OTHERS.items():
        for seed in seeds:
            todo[f"{net}/{arm}{name}/{seed}"] = lambda n=net, a=arm, s=seed, o=settings: run(n, a, s, data, **o)
    return todo


def write_record(file: Path, record: dict) -> None:
    text = json.dumps(record, ensure_ascii=False, indent=0) + "\n"
    write_whole(file, lambda out: out.write(text.encode()))


def measure(experiment: str, unit: dict, source: str, data: tuple, args: argparse.Namespace, folder: Path) -> None:
    """Do the runs of an experiment that are not stored yet, and store each as it ends."""
    file = folder / f"11_{experiment}.json"
    results = json.loads(file.read_text())["results"] if file.exists() else {}
    seconds = json.loads(file.read_text())["seconds"] if file.exists() else 0.0
    for name, run in plan(unit, data, range(args.seeds)).items():
        if name in results:
            continue
        start = monotonic()
        rows = run()
        seconds += monotonic() - start
        results[name] = in_json(rows.tolist())
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
        write_record(file, record)


def full(net: str, unit: dict, source: str, images: Images | None, args: argparse.Namespace) -> None:
    """Train what is missing of the full runs of a network, and write their record when all are finished.

    Without images nothing is trained: the record is of what there is.
    """
    arms, epochs = args.nets or ARMS[net], args.epochs or EPOCHS[net]
    if unknown := [arm for arm in arms if arm not in ARMS[net]]:
        raise SystemExit(f"There is no {net} {unknown[0]!r}, only {', '.join(map(repr, ARMS[net]))}.")
    settings = dict(width=args.width, images=source, precision=args.amp or "float32", augment=args.augment)
    runs = [Run(net, arm, seed, **settings) for seed in range(args.seeds) for arm in arms]
    command = said(net, arms, epochs, args)
    if images:
        session = provenance(command, args.hardware, sorted({run.seed for run in runs}))
        train_all(runs, epochs, unit["make_net"], images, args.checkpoints, session)
    record = record_of(runs, epochs, args.checkpoints, command, partial=args.partial)
    if record is None:
        raise SystemExit(f"{args.checkpoints} holds nothing of {net} yet.")
    file = args.out / f"11_{net}.json"
    write_record(file, {"experiment": f"unit 11, {net} in full", **record, "note": NOTES["full"]})
    print(f"{file} is written", flush=True)


def said(net: str, arms: tuple, epochs: int, args: argparse.Namespace) -> str:
    """The command of full runs, without the paths of this machine."""
    nets = " ".join(f'"{arm}"' if " " in arm else arm for arm in arms)
    more = [f"--amp {args.amp}"] * bool(args.amp) + ["--augment"] * args.augment
    words = [net, f"--nets {nets}", f"--epochs {epochs}", f"--width {args.width}", f"--seeds {args.seeds}", *more]
    return f"python data/results/11_capstone_cifar10.py {' '.join(words)} --images PLACE --checkpoints FOLDER"


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
            about = ("data", "hardware", "date", "epochs", "width", "precision")
            # Training loss and test accuracy are what the unit plots.
            rows = {run: [row[:2] for row in rows] for run, rows in record["results"].items()}
            kept[name] = {key: record[key] for key in about} | arms(rows, name)
    return as_lines(kept)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", choices=["small", *ARMS, []], help="which to run")
    parser.add_argument("--seeds", type=int, help="how many: 0, 1, … (small: 3, full: 1)")
    parser.add_argument("--images", metavar="PLACE", help="where CIFAR-10 is: a folder, or cifar10_jpeg.npz")
    parser.add_argument("--hardware", help="the machine in words, for the record")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="for the records (here)")
    add_options(parser)
    big = parser.add_argument_group("full runs")
    big.add_argument("--checkpoints", type=Path, metavar="FOLDER", help="where every epoch is kept, to go on from")
    big.add_argument("--nets", nargs="+", metavar="NET", help="some of them, in this order: plain, He, BN, 'BN, γ = 0'")
    big.add_argument("--epochs", type=int, help="of each network (vgg11: 50, resnet50: 20)")
    big.add_argument("--width", type=int, default=64)
    big.add_argument("--amp", choices=["bfloat16"], help="autocast to it; without: float32")
    big.add_argument("--augment", action="store_true", help="random crops and mirroring")
    big.add_argument("--partial", action="store_true", help="train nothing: write a record of what there is")
    return parser


def main() -> None:
    args = options().parse_args()
    if embed_or_check(args, UNIT, stored):
        return
    at_scale = [experiment for experiment in args.experiments if experiment != "small"]
    if at_scale and args.checkpoints is None:
        raise SystemExit("The full runs need a GPU, or hours, and in any case a folder to keep: --checkpoints FOLDER")
    if at_scale and "small" in args.experiments:
        raise SystemExit("Run small by itself: the full runs use more threads than one, and other settings.")
    threads = torch.get_num_threads()  # the unit sets one
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    unit = definitions(UNIT, device=lambda: where)
    if where.type == "cuda":
        torch.set_float32_matmul_precision("high")
        args.hardware = f"{args.hardware or torch.cuda.get_device_name()}, float32 products as TF32"
    elif at_scale:
        torch.set_num_threads(threads)
    args.hardware = args.hardware or f"{os.cpu_count()}-core CPU, {torch.get_num_threads()} threads"
    args.seeds = args.seeds or (1 if at_scale else 3)
    try:
        if at_scale:
            args.checkpoints.mkdir(parents=True, exist_ok=True)
        source, arrays = cifar10(args.images, args.checkpoints)
        if at_scale:
            images = None if args.partial else Images(arrays, where)
            for net in at_scale:
                full(net, unit, source, images, args)
        elif args.experiments:
            few = [a[:n] for a, n in zip(arrays, (5000, 5000, 1000, 1000))]
            data = tuple(tensor.to(where) for tensor in unit["standardized"](*few))
            measure("small", unit, source, data, args, args.out)
    except BlockingIOError:
        raise SystemExit(f"Another process is at work in {args.checkpoints}.") from None
    except (OSError, ValueError) as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
