"""The runs of unit 10 that are too long for a lesson, on MNIST, and the numbers that it sets beside unit 01's.

    MNIST_DIR=../shared/mnist python data/results/10_when_it_fails.py sizes shift workers [--seeds 3]

Writes 10_sizes.json, 10_shift.json and 10_workers.json beside this file. Networks, loops and functions are the units'
own source (given cells and reference answers), so what is stored is what a learner's notebook would compute.
`--embed` runs nothing: it copies the numbers that the unit shows from the JSON files into its source, between the
markers; `--check` fails where they differ.
"""

import argparse
import copy
import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UNIT = ROOT / "solutions" / "10_when_it_fails.py"
UNIT_01 = ROOT / "solutions" / "01_covariate_shift.py"
sys.path[:0] = [str(ROOT), str(HERE)]

from embed import add_options, as_lines, embed_or_check  # noqa: E402
from provenance import provenance  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402
from grader.kit.mnist import load_mnist  # noqa: E402

SIZES = [1, 2, 4, 8, 32]
BASES = [0.05, 0.2, 0.8]  # learning rates for batches of 32; a batch of m gets m/32 of it
NOTES = {
    "sizes": "5,000 training images, two epochs, SGD at base*m/32 for batches of m. For each net, normalization and "
    "batch size the base was chosen among 0.05, 0.2 and 0.8 by the mean accuracy over the seeds on 2,000 spare "
    "training images; the test images played no part. Three bases are no search. The epochs are few and the same "
    "for all: with small batches the steps are more. A dense net with BN and a batch of one is not run: an error.",
    "shift": "Unit 01: softmax regression, its own code, pixels standardized with stored or with the shifted test "
    "images' own statistics. Unit 10: the dense net, running statistics as stored or recalibrated on 2,000 other "
    "images (training images nobody trained on, shifted in the same way, no labels), batches of 100. Same shifts, "
    "severities and 2,000 test images.",
    "workers": "Two processes on one machine, gloo. Largest absolute differences from one process that has the whole "
    "batch of 32 rows; the statistics were merged by the unit's reference answer.",
}


def run_sizes(unit: dict, seeds: range) -> dict:
    """By net, normalization, base and size: a row a seed (validation; test in training and in evaluation mode)."""
    raw = load_mnist()
    X, y, X_test, y_test, spare = unit["clinic_data"](*raw)
    X_spare, y_spare = unit["flat"](spare), torch.from_numpy(raw[1][-len(spare) :])
    runs: dict = {}
    for kind, make, norms, view in (
        ("dense", unit["dense_net"], unit["DENSE_NORMS"], lambda X: X),
        ("conv", unit["conv_net"], unit["CONV_NORMS"], lambda X: X.reshape(-1, 1, 28, 28)),
    ):
        for name, norm in norms.items():
            for base in BASES:
                for size in SIZES:
                    cells = runs.setdefault(kind, {}).setdefault(name, {}).setdefault(str(base), {})
                    if kind == "dense" and name == "BN" and size == 1:
                        cells[str(size)] = None
                        continue
                    rows = []
                    for seed in seeds:
                        net = make(norm, seed)
                        unit["fit"](net, view(X), y, epochs=2, size=size, rate=base * size / 32, seed=seed)
                        train, test = unit["reading"](net, view(X_test), y_test, size)
                        net.eval()
                        with torch.no_grad():
                            valid = (net(view(X_spare)).argmax(dim=1) == y_spare).double().mean().item()
                        rows.append([round(v, 4) for v in (valid, train, test)])
                    cells[str(size)] = rows
                    print(f"{kind} {name} base {base} size {size}: {rows} ({process_time():.0f} s)", flush=True)
    return {"columns": ["validation", "test, training mode", "test, evaluation mode"], "sizes": SIZES, "runs": runs}


def run_shift(unit: dict, seeds: range) -> dict:
    """By shift: accuracy (seed, severity, stored or own) of unit 01's classifier and of unit 10's network."""
    first = definitions(UNIT_01)
    raw = load_mnist()
    X, y, _, y_test, spare = unit["clinic_data"](*raw)
    images, flat = raw[2][:2000], unit["flat"]
    models = [first["train_softmax"](raw[0], raw[1], seed) for seed in seeds]
    nets = [unit["dense_net"](seed=seed) for seed in seeds]
    for seed, net in zip(seeds, nets):
        unit["fit"](net, X, y, seed=seed)
    results: dict = {}
    for name, (shift, severities) in unit["shifts"].items():
        assert severities == first["shifts"][name][1]
        table: dict = {"unit 01": [], "unit 10": []}
        for model, net in zip(models, nets):
            rows: dict = {"unit 01": [], "unit 10": []}
            for s in severities:
                moved = shift(images, s)
                assert np.array_equal(moved, first["shifts"][name][0](images, s))
                right = [np.mean(first["predict"](model, moved, own) == y_test.numpy()) for own in (False, True)]
                rows["unit 01"].append([round(float(v), 4) for v in right])
                cured = unit["recalibrate"](copy.deepcopy(net), flat(shift(spare, s)), 100)
                both = [unit["reading"](n, flat(moved), y_test)[1] for n in (net, cured)]
                rows["unit 10"].append([round(v, 4) for v in both])
            for key in table:
                table[key].append(rows[key])
        results[name] = {"severities": severities, **table}
        print(name, {key: np.mean(table[key], axis=0).round(3).tolist() for key in table}, flush=True)
    return results


def run_workers(unit: dict, seeds: range) -> dict:
    """What two processes found, against one large batch."""
    rows = []
    for seed in seeds:
        parts = unit["two_parts"](seed)
        found, why = unit["two_workers"](parts)
        if found is None:
            raise SystemExit(f"two processes could not be used: {why}")
        rows.append(unit["against_one_batch"](parts, found))
        print(rows[-1], flush=True)
    return {"rows per worker": [20, 12], "features": 6, "differences": rows}


def stored() -> str:
    """What the unit carries of the JSON files, as JSON in lines of at most 118 characters."""
    sizes, shift, workers = (
        json.loads((HERE / f"10_{name}.json").read_text())["results"] for name in ("sizes", "shift", "workers")
    )
    chosen: dict = {}
    for kind, norms in sizes["runs"].items():
        for name, bases in norms.items():
            for size in map(str, sizes["sizes"]):
                if all(cells[size] is None for cells in bases.values()):
                    best, cell = None, None
                else:
                    best = max(bases, key=lambda b: np.mean([row[0] for row in bases[b][size]]))
                    cell = [row[1:] for row in bases[best][size]]
                chosen.setdefault(kind, {}).setdefault(name, {})[size] = {"base": best and float(best), "runs": cell}
    strongest = {}
    for name, table in shift.items():
        means = {key.replace(" ", "_"): np.mean(table[key], axis=0).round(3) for key in ("unit 01", "unit 10")}
        strongest[name] = {key: {"clean": A[0, 0], "strongest": A[-1].tolist()} for key, A in means.items()}
    kept = {"sizes": chosen, "shift": strongest, "workers": workers["differences"][0]}
    return as_lines(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", choices=["sizes", "shift", "workers", []], help="which to run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hardware", default="2-core CPU")
    add_options(parser)
    args = parser.parse_args()
    if embed_or_check(args, UNIT, stored):
        return
    torch.set_num_threads(1)
    unit = definitions(UNIT)
    if len(load_mnist()[0]) != 60_000:
        raise SystemExit("These runs need the full MNIST: set MNIST_DIR")
    for name in args.experiments:
        start = process_time()
        results = {"sizes": run_sizes, "shift": run_shift, "workers": run_workers}[name](unit, range(args.seeds))
        record = {
            "experiment": f"unit 10, {name}",
            **provenance(
                f"python data/results/10_when_it_fails.py {name} --seeds {args.seeds}",
                args.hardware,
                list(range(args.seeds)),
            ),
            "cpu_seconds": round(process_time() - start),
            "results": results,
            "note": NOTES[name],
        }
        (HERE / f"10_{name}.json").write_text(json.dumps(record) + "\n")
        print(f"10_{name}.json written, {record['cpu_seconds']} s of CPU")


if __name__ == "__main__":
    main()
