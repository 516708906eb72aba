"""The long runs of unit 09: the small VGG on MNIST, and the paper's VGG on CIFAR-10.

    MNIST_DIR=../shared/mnist python data/results/09_why_it_works.py vgg [--seeds 3]
    CIFAR10_DIR=cifar-10-batches-bin python data/results/09_why_it_works.py paper [--seeds 3]

`vgg` writes 09_vgg.json, `paper` 09_paper.json beside this file. Both take a GPU where there is one. The nets, the
probes and the experiments are the unit's own source (given cells and reference answers). `paper` needs a GPU: VGG-16's
thirteen convolutions, 15,000 steps of SGD at 0.1 in batches of 128, as Santurkar et al. 2018; CIFAR10_DIR holds the
.bin files of CIFAR-10's binary version. `--steps` shortens either for a trial, which writes to the file of --out.
`--embed` runs nothing: it copies the numbers that the unit plots from 09_vgg.json into its source, between the
markers; `--check` fails where they differ. `--notes` writes the notes below into the JSON files, and nothing else.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UNIT = ROOT / "solutions" / "09_why_it_works.py"
sys.path[:0] = [str(ROOT), str(HERE)]

# How the settings were chosen, and how that bears on the results. Written into the JSON files.
NOTES = {
    "vgg": "Rate 0.1 is the paper's. Before the long runs 0.03, 0.1 and 0.3 were tried for 300 steps, one seed, with "
    "Glorot's and PyTorch's default initialisation, and 0.1 and 0.03 with He's. With the default one the plain net "
    "did not leave chance in 300 steps at any of the three rates; Glorot's was taken because there it learns, He's as "
    "the control because there it learns at once. At 0.3 the plain net with Glorot's was ahead of itself at 0.1, so "
    "0.1 is not the plain net's best rate.",
    "paper": "Settings as in the paper, as far as it gives them; the widths are VGG-16's, the weights start from "
    "Glorot's initialisation, no augmentation.",
}
WIDTHS = (64, 64, "pool", 128, 128, "pool", *3 * (256,), "pool", *3 * (512,), "pool", *3 * (512,), "pool")
INITS = {"glorot": nn.init.xavier_uniform_, "he": nn.init.kaiming_normal_}

from embed import add_options, as_lines, embed_or_check  # noqa: E402
from provenance import provenance  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402
from grader.kit.mnist import load_mnist  # noqa: E402


def significant(values, digits: int = 3) -> list:
    """The same numbers with so many significant digits, as nested lists."""
    if isinstance(values, (list, tuple, np.ndarray)):
        return [significant(value, digits) for value in values]
    return float(f"{values:.{digits}g}") if np.isfinite(values) else None


def mnist(device: torch.device) -> tuple:
    """MNIST's training images, halved to 14×14, and labels."""
    X, y, *_ = load_mnist()
    if len(X) != 60_000:
        raise SystemExit("These runs need the full MNIST: set MNIST_DIR")
    return F.avg_pool2d(torch.from_numpy(X)[:, None], 2).to(device), torch.from_numpy(y).to(device)


def cifar10(device: torch.device) -> tuple:
    """CIFAR-10's training images, each channel standardized, and labels, from the binary version."""
    files = [Path(os.environ.get("CIFAR10_DIR", "")) / f"data_batch_{i}.bin" for i in range(1, 6)]
    lost = [file.name for file in files if not file.is_file() or file.stat().st_size != 10_000 * 3073]
    if lost:
        raise SystemExit(f"Set CIFAR10_DIR to the folder of CIFAR-10's binary version: missing or cut short {lost}")
    records = np.concatenate([np.fromfile(file, dtype="u1").reshape(-1, 3073) for file in files])
    X = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32)).to(device).float() / 255
    X = (X - X.mean((0, 2, 3), keepdim=True)) / X.std((0, 2, 3), keepdim=True)
    return X, torch.from_numpy(records[:, 0].astype("i8")).to(device)


def noisy_on_device(a: torch.Tensor, rng: np.random.RandomState) -> torch.Tensor:
    """The unit's noisy_batchnorm, drawn where the activations are: other numbers, the same distributions."""
    torch_rng = torch.Generator(a.device).manual_seed(int(rng.randint(2**31)))
    uniform = lambda shape: torch.rand(shape, generator=torch_rng, device=a.device)  # noqa: E731
    mu, sigma = uniform(a.shape[1:]) - 0.5, 1 + 0.25 * uniform(a.shape[1:])
    m = mu + 0.2 * uniform(a.shape) - 0.1
    s = sigma + 0.1 * torch.randn(a.shape, generator=torch_rng, device=a.device)
    return s * a + m


def run(unit: dict, data: tuple, seeds: range, steps: int, look_every: int, probe_every: int, **net) -> dict:
    """Both experiments for each net and seed: "noise" (look) for three nets, "probes" by initialisation for two."""
    results: dict = {"noise": {}, "probes": {init: {"plain": [], "BN": []} for init in INITS}}
    for seed in seeds:
        for kind in ("plain", "BN", "noisy BN"):
            seen = unit["experiment_noise"](kind, seed, data, steps, look_every, **net)
            results["noise_steps"] = seen.pop("step")
            results["noise"].setdefault(kind, []).append({name: significant(row) for name, row in seen.items()})
            print(f"{kind}, seed {seed}: accuracy {seen['accuracy'][-1]:.3f} ({process_time():.0f} s)", flush=True)
        for init, function in INITS.items():
            for kind in ("plain", "BN"):
                at, rows, losses = unit["experiment_vgg"](kind, seed, data, steps, probe_every, init=function, **net)
                results["probe_steps"] = at.tolist()
                results["probes"][init][kind].append(significant(rows))
                print(f"{kind}, {init}, seed {seed}: {losses[-50:].mean():.3f} ({process_time():.0f} s)", flush=True)
    return {"columns": unit["COLUMNS"], **results}


def stored() -> str:
    """What the unit carries of 09_vgg.json, as JSON in lines of at most 118 characters."""
    text = (HERE / "09_vgg.json").read_text().replace("null", "NaN")  # for NumPy; JSON itself has no NaN
    results = json.loads(text)["results"]
    kept = {key: results[key] for key in ("noise_steps", "noise", "probe_steps", "probes")}
    kept["noise"] = {
        kind: [{k: v for k, v in one.items() if k != "band" or seed == 0} for seed, one in enumerate(runs)]
        for kind, runs in kept["noise"].items()
    }
    return as_lines(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", nargs="?", choices=["vgg", "paper"], help="which to run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="fewer steps, for a trial")
    parser.add_argument("--out", type=Path, help="where to write, instead of the file beside this one")
    parser.add_argument("--hardware", default="2-core CPU", help="what to call the machine; a GPU is named by torch")
    add_options(parser)
    parser.add_argument("--notes", action="store_true", help="write the notes into the JSON files, and nothing else")
    args = parser.parse_args()
    if embed_or_check(args, UNIT, stored):
        return
    if args.notes:
        for file in (f for f in (HERE / f"09_{name}.json" for name in NOTES) if f.is_file()):
            record = {**json.loads(file.read_text()), "note": NOTES[file.stem[3:]]}
            file.write_text(json.dumps(record) + "\n")
        return
    if not args.experiment:
        parser.error("say which to run: vgg or paper")
    if args.steps and not args.out:
        parser.error("--steps is for a trial: say where to write with --out")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if args.experiment == "paper" and device.type == "cpu" and not args.steps:
        raise SystemExit("The paper's scale needs a GPU; on a CPU it would take days. Not run.")
    torch.set_num_threads(1)
    start, unit = process_time(), definitions(UNIT)
    if args.experiment == "vgg":
        sizes = (args.steps or 1500), 25, 50
        results = run(unit, mnist(device), range(args.seeds), *sizes)
    else:
        unit["noisy_batchnorm"] = noisy_on_device
        sizes = (args.steps or 15_000), 250, 500
        net = dict(widths=WIDTHS, channels=3, size=32, batch_size=128)
        results = run(unit, cifar10(device), range(args.seeds), *sizes, **net)
    record = {
        "experiment": f"unit 09, {args.experiment}",
        **provenance(
            f"python data/results/09_why_it_works.py {args.experiment} --seeds {args.seeds}",
            torch.cuda.get_device_name() if device.type == "cuda" else args.hardware,
            list(range(args.seeds)),
        ),
        "cpu_seconds": round(process_time() - start),
        "results": results,
        "note": NOTES[args.experiment],
    }
    out = args.out or HERE / f"09_{args.experiment}.json"
    out.write_text(json.dumps(record) + "\n")
    print(f"{out.name} written, {record['cpu_seconds']} s of CPU")


if __name__ == "__main__":
    main()
