"""The measured results beside the papers': one table, and where each number comes from."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Row:
    what: str
    paper: str
    here: Callable[[dict], str]  # from a record's results
    record: str  # file in data/results/
    unit: str  # number
    source: str  # of the paper's number


INCEPTION = "Ioffe & Szegedy 2015, section 4.2.2"


def _fewer(row: str) -> Callable[[dict], str]:
    """How many times fewer steps a row of experiment C needs to the baseline's best accuracy, over the seeds."""

    def here(results: dict) -> str:
        at, ratios, never = np.array(results["steps"]), [], 0
        for base, run in zip(results["runs"]["baseline"], results["runs"][row]):
            reached = np.flatnonzero(np.array(run) >= max(base))
            if len(reached):
                ratios.append(at[int(np.argmax(base))] / at[reached[0]])
            else:
                never += 1
        if not ratios:
            return "never"
        said = f"{min(ratios):.1f} to {max(ratios):.1f} times fewer"
        return said + (f"; never in {never} of {never + len(ratios)} seeds" if never else "")

    return here


def _best(*rows: str) -> Callable[[dict], str]:
    def here(results: dict) -> str:
        means = [100 * np.mean([max(run) for run in results["runs"][row]]) for row in rows]
        return " → ".join(f"{mean:.1f}%" for mean in means)

    return here


def _first(at: Sequence[int], runs: list[dict], accuracy: float) -> str:
    """The steps at which runs first have this accuracy, and how many never have."""
    reached = [np.flatnonzero(np.array(run["accuracy"]) >= accuracy) for run in runs]
    said = _range([at[found[0]] for found in reached if len(found)]) if any(map(len, reached)) else ""
    never = sum(not len(found) for found in reached)
    return f"{said}, never in {never} of {len(runs)}".lstrip(", ") if never else said


STARTS = {"glorot": "Glorot's start", "he": "He's"}


def _starts(results: dict, part: str, say: Callable[[dict], str]) -> str:
    """What there is to say of the runs from each of the initial weights."""
    return "; ".join(f"{STARTS[start]}: {say(runs)}" for start, runs in results[part].items())


def _to_90(results: dict) -> str:
    at = results["noise_steps"]
    told = _starts(results, "noise", lambda nets: ", ".join(f"{n} {_first(at, runs, 0.9)}" for n, runs in nets.items()))
    return f"steps to 90%: {told}"


def _medians(nets: dict, column: int) -> str:
    """By net, the medians of a column over each run."""
    by_net = {n: [np.median(np.array(run, float)[:, column]) for run in runs] for n, runs in nets.items()}
    return ", ".join(f"{name} {_range(medians, 2)}" for name, medians in by_net.items())


def _cosines(results: dict) -> str:
    """At the first probed convolution."""
    return _starts(results, "probes", lambda nets: _medians(nets, results["columns"].index("cos a")))


def _linear_cosines(rate: float) -> Callable[[dict], str]:
    """At the second probed layer of the linear net."""

    def here(results: dict) -> str:
        nets = {name: runs[results["rates"].index(rate)] for name, runs in results["rows"].items()}
        return _medians(nets, results["columns"].index("cos b"))

    return here


def _beta(results: dict) -> str:
    column, late = results["columns"].index("beta"), np.array(results["probe_steps"]) > 50

    def lower(nets: dict) -> str:
        means = {n: [np.array(run, float)[late, column].mean() for run in runs] for n, runs in nets.items()}
        return f"{_range([100 * (1 - bn / plain) for bn, plain in zip(means['BN'], means['plain'])])}%"

    return f"after step 50, BN's mean β is lower by this much: {_starts(results, 'probes', lower)}"


def _early(results: dict) -> str:
    at, said = np.array(results["steps"]), []
    for name, runs in results["runs"].items():
        end = np.mean([run["accuracy"][-1] for run in runs])
        said.append(f"{name} {_first(at, runs, 0.95)} steps to 95%, {100 * end:.1f}% at the end")
    return "; ".join(said)


def _small_batches(results: dict) -> str:
    """Error at the smallest batch that BN can have against 32, the rate chosen on spare images, as in unit 10."""
    said = []
    for norm in ("BN", "GN"):
        by_rate = results["runs"]["dense"][norm]
        ends = []
        for size in ("32", "2"):
            runs = max((rates[size] for rates in by_rate.values()), key=lambda r: np.mean(np.array(r)[:, 0]))
            ends.append(100 * (1 - np.mean(np.array(runs)[:, 2])))
        said.append(f"{norm} {ends[0]:.1f}% → {ends[1]:.1f}%")
    return ", ".join(said)


def _vgg(results: dict) -> str:
    def ends(arm: str) -> list[float]:
        return [100 * run[-1][1] for name, run in results.items() if name.startswith(f"vgg11/{arm}/")]

    arms = ("BN", "plain", "He")
    return ", ".join(f"{arm} {np.mean(ends(arm)):.0f}%" for arm in arms if ends(arm))


def _range(values: list[float], digits: int = 0) -> str:
    low, high = (f"{value:,.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


C, VGG = "07_c.json", "09_vgg.json"
ROWS = [
    Row("BN alone: steps to the baseline's best", "2.3 times fewer", _fewer("BN ×1"), C, "07", INCEPTION),
    Row("BN and 5 times the rate: the same", "14.8 times fewer *", _fewer("BN ×5"), C, "07", INCEPTION),
    Row("BN and 30 times the rate: the same", "11.5 times fewer *", _fewer("BN ×30"), C, "07", INCEPTION),
    Row("BN ×5 with sigmoids: the same", "never *", _fewer("BN ×5 sigmoid"), C, "07", INCEPTION),
    Row("Best accuracy, baseline → BN alone", "72.2% → 72.7%", _best("baseline", "BN ×1"), C, "07", INCEPTION),
    Row("… → ×5 → ×30", "73.0% → 74.8% *", _best("BN ×5", "BN ×30"), C, "07", INCEPTION),
    Row("… → ×5 with sigmoids", "69.8% *", _best("BN ×5 sigmoid"), C, "07", INCEPTION),
    Row(
        "Three layers of 100 sigmoids on MNIST, 50,000 steps",
        "BN ahead all the way",
        _early,
        "07_b.json",
        "07",
        "Ioffe & Szegedy 2015, figure 1(a)",
    ),
    Row(
        "BN shaken by noise still trains faster than the plain net",
        "yes; nearly as well as BN",
        _to_90,
        VGG,
        "09",
        "Santurkar et al. 2018, figure 2",
    ),
    Row(
        "Internal covariate shift, cosine of the gradients (1: none)",
        "with BN similar or lower",
        _cosines,
        VGG,
        "09",
        "Santurkar et al. 2018, figure 3",
    ),
    Row(
        "… in a linear net of 25 layers, rate 10⁻⁶",
        "plain and BN alike",
        _linear_cosines(1e-6),
        "09_linear.json",
        "09",
        "Santurkar et al. 2018, figure 3(b), its upper row",
    ),
    Row(
        "… and at rate 10⁻⁷",
        "plain almost none, BN near 0",
        _linear_cosines(1e-7),
        "09_linear.json",
        "09",
        "Santurkar et al. 2018, figure 3(b), its lower row",
    ),
    Row(
        "Effective β-smoothness",
        "clearly lower with BN",
        _beta,
        VGG,
        "09",
        "Santurkar et al. 2018, figure 4(c)",
    ),
    Row(
        "Error as batches shrink from 32 to 2",
        "BN 23.6% → 34.7%, GN 24.1% → 24.1%",
        _small_batches,
        "10_sizes.json",
        "10",
        "Wu & He 2018, table 2; batches per GPU",
    ),
    Row(
        "VGG on CIFAR-10, test accuracy",
        "BN 83%, plain 80% after 15,000 steps",
        _vgg,
        "11_small.json",
        "11",
        "Santurkar et al. 2018, without augmentation; here a small VGG-11, a few hundred steps",
    ),
]


def table(folder: Path, units: dict[str, str]) -> str:
    """The table as Markdown, with the rows whose record is there. `units`: {"07": the unit's page}."""
    lines = ["| what | the paper | here | unit | which paper |", "|---|---|---|---|---|"]
    for row in ROWS:
        path = folder / row.record
        if path.exists():
            here = row.here(json.loads(path.read_text(encoding="utf-8"))["results"])
            lines.append(f"| {row.what} | {row.paper} | {here} | [{row.unit}]({units[row.unit]}) | {row.source} |")
    return "\n".join(lines)


def records(folder: Path) -> str:
    """Each record: what was run, when, on what, and the note on how its settings were chosen."""
    said = []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
        seeds = ", ".join(map(str, record["seeds"]))
        said.append(
            f"**{path.name}**: {record['experiment']}\n: `{record['command']}`  \n"
            f"  Seeds {seeds}; {record['date']}; {record['hardware']}; {versions}.  \n  {record['note']}\n"
        )
    return "\n".join(said)
