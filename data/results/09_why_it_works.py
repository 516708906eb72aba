"""The long runs of unit 09: the deep linear net, the small VGG on MNIST, and the paper's VGG on CIFAR-10.

    python data/results/09_why_it_works.py linear [--seeds 3]
    MNIST_DIR=../shared/mnist python data/results/09_why_it_works.py vgg [--seeds 3]
    python data/results/09_why_it_works.py paper [--seeds 3]        # CIFAR10_DIR set, or bncourse data cifar10

`linear` writes 09_linear.json, `vgg` 09_vgg.json, `paper` 09_paper.json beside this file. The last two take a GPU where
there is one. The nets, the probes and the experiments are the unit's own source (given cells and reference answers);
for 10,000 steps of the linear net, linear_net.py runs all seeds and rates at once. `paper` needs a GPU: VGG-16's
thirteen convolutions, 15,000 steps of SGD at 0.1 in batches of 128, as Santurkar et al. 2018; CIFAR-10 in any form that
unit 11 reads. `--steps` shortens any for a trial, which writes to the file of --out.
`--embed` runs nothing: it copies the numbers that the unit plots from the JSON files into its source, between the
markers; `--check` fails where they differ. `--notes` writes the notes below into the JSON files, and nothing else.
"""

import argparse
import json
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
    "linear": "Settings of the paper's appendix A.1 and A.2.2. It does not give the variance of A's entries or the "
    "kind of Glorot's initialisation: 1 and normal were taken, unseen and unchanged since. In float64, in the exact "
    "compression of linear_net.py.",
    "vgg": "Rate 0.1 is the paper's. Before the long runs 0.03, 0.1 and 0.3 were tried for 300 steps, one seed, with "
    "Glorot's and PyTorch's default initialisation, and 0.1 and 0.03 with He's. With the default one the plain net "
    "did not leave chance in 300 steps at any of the three rates; Glorot's was taken because there it learns, He's as "
    "the control because there it learns at once. At 0.3 the plain net with Glorot's was ahead of itself at 0.1, so "
    "0.1 is not the plain net's best rate.",
    "paper": "Settings as in the paper, as far as it gives them; the widths are VGG-16's, the weights start from "
    "Glorot's initialisation, no augmentation.",
}
WIDTHS = (64, 64, "pool", 128, 128, "pool", *3 * (256,), "pool", *3 * (512,), "pool", *3 * (512,), "pool")
RATES = (1e-6, 1e-7)
LINEAR_KEPT = 5  # the unit carries every fifth row of the linear net's
INITS = {"glorot": nn.init.xavier_uniform_, "he": nn.init.kaiming_normal_}

from embed import add_options, as_lines, embed_or_check  # noqa: E402
from linear_net import LinearNets  # noqa: E402
from provenance import provenance  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402
from grader.kit.cifar10 import load_cifar10  # noqa: E402
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
    """CIFAR-10's training images, each channel standardized, and labels, in whichever form it is here."""
    try:
        images, labels, *_ = load_cifar10()
    except FileNotFoundError as problem:
        raise SystemExit(str(problem)) from None
    X = torch.from_numpy(images).to(device).float() / 255
    X = (X - X.mean((0, 2, 3), keepdim=True)) / X.std((0, 2, 3), keepdim=True)
    return X, torch.from_numpy(labels).to(device)


def noisy_on_device(a: torch.Tensor, rng: np.random.RandomState) -> torch.Tensor:
    """The unit's noisy_batchnorm, drawn by PyTorch where the activations are: other numbers, the same distributions."""
    torch_rng = torch.Generator(a.device).manual_seed(int(rng.randint(2**31)))
    uniform = lambda shape: torch.rand(shape, generator=torch_rng, device=a.device)  # noqa: E731
    one = a.shape[1], *[1] * (a.ndim - 2)
    mu, sigma = uniform(one) - 0.5, 1 + 0.25 * uniform(one)
    m = mu + 0.2 * uniform(a.shape) - 0.1
    s = sigma + 0.1 * torch.randn(a.shape, generator=torch_rng, device=a.device)
    return s * a + m


def run(unit: dict, data: tuple, seeds: range, steps: tuple, every: tuple, **net) -> dict:
    """Both experiments for each net, start and seed: "noise" (look) for four nets, "probes" for two."""
    results: dict = {name: {init: {} for init in INITS} for name in ("noise", "probes")}
    for seed in seeds:
        for init, function in INITS.items():
            for kind in ("plain", "BN", "noisy BN", "noisy plain"):
                seen = unit["experiment_noise"](kind, seed, data, steps[0], every[0], init=function, **net)
                results["noise_steps"] = seen.pop("step")
                runs = results["noise"][init].setdefault(kind, [])
                runs.append({name: significant(row) for name, row in seen.items()})
                ninety = np.argmax(np.array(seen["accuracy"]) >= 0.9) * every[0]
                jumps = np.median(seen["jump"][1 : 1 + 250 // every[0]]), np.median(seen["jump"][1:])
                ends = f"90% at {ninety}, end {np.mean(seen['accuracy'][-5:]):.3f}, jumps {jumps[0]:.2f} {jumps[1]:.2f}"
                print(f"{kind}, {init}, {seed}: {ends} ({process_time():.0f} s)", flush=True)
            for kind in ("plain", "BN"):
                out = unit["experiment_vgg"](kind, seed, data, steps[1], every[1], init=function, **net)
                results["probe_steps"] = out[0].tolist()
                results["probes"][init].setdefault(kind, []).append(significant(out[1]))
                rows = out[1]
                shifts = np.median(rows[:, 7] / rows[:, 9]), np.median(rows[:, 8]), np.median(rows[:, 6])
                print(f"{kind}, {init}, {seed}: shift, cosine, β {np.round(shifts, 2)} ({process_time():.0f} s)")
    return {"columns": unit["COLUMNS"], **results}


def run_linear(unit: dict, seeds: range, steps: int, every: int) -> dict:
    """The deep linear net at each rate, with and without BN: rows of COLUMNS every so many steps."""
    results: dict = {"columns": unit["COLUMNS"], "rates": RATES, "steps": list(range(0, steps + 1, every)), "rows": {}}
    for name, batchnorm in (("plain", False), ("BN", True)):
        nets = LinearNets(unit, batchnorm, [(seed, rate) for rate in RATES for seed in seeds])
        rows = []
        for step in range(steps + 1):
            if step % every == 0:
                rows.append(nets.probe(unit["LINEAR_WALK"], (8, 16)))
            nets.step()
        rows = np.moveaxis(np.array(rows), 0, 1)  # (runs, T, columns)
        results["rows"][name] = significant(rows.reshape(len(RATES), len(seeds), *rows.shape[1:]))
        print(f"{name}: losses {rows[:, -1, 0].round()} ({process_time():.0f} s)", flush=True)
    return results


def stored() -> str:
    """What the unit carries of the JSON files, as JSON in lines of at most 118 characters."""
    results = json.loads((HERE / "09_vgg.json").read_text())["results"]
    linear = json.loads((HERE / "09_linear.json").read_text())["results"]
    kept: dict = {"noise_steps": results["noise_steps"], "noise": {}, "ninety": {}, "band": {}}
    for init, by_kind in results["noise"].items():
        for kind, runs in by_kind.items():
            right = np.array([run["accuracy"] for run in runs])
            jumps = np.array([run["jump"] for run in runs], dtype=float)
            first = [results["noise_steps"][np.argmax(row >= 0.9)] if row.max() >= 0.9 else None for row in right]
            at = f"{init} {kind}"
            kept["ninety"][at] = first
            kept["noise"][at] = [(100 * right).round().astype(int).tolist(), significant(jumps[:, 1:], 2)]
            if init == "glorot" and kind != "noisy plain":
                kept["band"][kind] = significant(runs[0]["band"], 2)
    kept["probe_steps"] = results["probe_steps"]
    kept["probes"] = {
        f"{init} {kind}": [probe_columns(run) for run in runs]
        for init, by_kind in results["probes"].items()
        for kind, runs in by_kind.items()
    }
    kept["linear_steps"] = linear["steps"][::LINEAR_KEPT]
    kept["linear"] = {
        f"{rate:g} {name}": [linear_columns(run) for run in runs]
        for name, by_rate in linear["rows"].items()
        for rate, runs in zip(linear["rates"], by_rate)
    }
    return as_lines(whole(kept)).replace("null", "NaN")  # for NumPy; JSON itself has no NaN


def probe_columns(run: list) -> list:
    """Of a run of the small VGG: the unit's first seven COLUMNS, and of two layers ‖G−G′‖/‖G‖ and cosine."""
    columns = np.array(run, dtype=float).T
    shifts = [columns[7] / columns[9], columns[8], columns[10] / columns[12], columns[11]]
    return significant(np.transpose([*columns[:7], *shifts]), 2)


def linear_columns(run: list) -> list:
    """Of a run of the linear net: loss, least and largest on the walk, β, and of two layers ‖G−G′‖/‖G‖ and cosine."""
    loss, low, high, _, _, _, beta, *layers = np.array(run, dtype=float)[::LINEAR_KEPT].T
    relative = [layers[0] / layers[2], layers[1], layers[3] / layers[5], layers[4]]
    return significant(np.transpose([loss, low, high, beta, *relative]), 2)


def whole(value):
    """The same values, floats that are whole numbers below 1000 as such: 2 is shorter than 2.0."""
    if isinstance(value, dict):
        return {key: whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value == int(value) and abs(value) < 1000 else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", nargs="?", choices=["linear", "vgg", "paper"], help="which to run")
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
        parser.error("say which to run: linear, vgg or paper")
    if args.steps and not args.out:
        parser.error("--steps is for a trial: say where to write with --out")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if args.experiment == "paper" and device.type == "cpu" and not args.steps:
        raise SystemExit("The paper's scale needs a GPU; on a CPU it would take days. Not run.")
    torch.set_num_threads(1)
    start, unit = process_time(), definitions(UNIT)
    unit["noisy_batchnorm"] = noisy_on_device
    seeds = range(args.seeds)
    if args.experiment == "linear":
        results = run_linear(unit, seeds, args.steps or 10_000, 100)
    elif args.experiment == "vgg":
        steps = (args.steps,) * 2 if args.steps else (500, 750)
        results = run(unit, mnist(device), seeds, steps, (25, 50))
    else:
        net = dict(widths=WIDTHS, channels=3, size=32, batch_size=128)
        results = run(unit, cifar10(device), seeds, (args.steps or 15_000,) * 2, (250, 500), **net)
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
