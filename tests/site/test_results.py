"""The table of results is computed from the records, and has the rows whose record is there."""

import json

import pytest

from grader.paths import DATA
from grader.site import results
from grader.site.results import ROWS, records, table

UNITS = {f"{i:02}": f"{i:02}.md" for i in range(12)}
ABOUT = {
    "experiment": "C, small",
    "command": "python x.py",
    "date": "2026-11-28",
    "hardware": "2 cores",
    "seeds": [0, 1],
}


@pytest.fixture
def here(tmp_path):
    """The column "here" of the table that one record gives, by what is measured."""

    def here(record: str, results: dict) -> dict[str, str]:
        (tmp_path / record).write_text(json.dumps({"results": results}), encoding="utf-8")
        rows = [line.split(" | ") for line in table(tmp_path, UNITS).splitlines()[2:]]
        return {row[0].removeprefix("| "): row[2] for row in rows}

    return here


def test_every_row_has_its_record():
    made = table(DATA / "results", UNITS)
    assert made.count("\n") == 1 + len(ROWS), "a record is missing"
    assert "nan" not in made
    assert all(line.count(" | ") == 4 and line[0] == line[-1] == "|" for line in made.splitlines()[2:])


def test_how_many_times_fewer_steps(here):
    """Against the first step at which the baseline of the same seed is best; a run that never gets there is told."""
    base = [[0.1, 0.5, 0.7, 0.7], [0.1, 0.5, 0.6, 0.7]]
    runs = {
        "baseline": base,
        "BN ×1": [[0.1, 0.7, 0.7, 0.7], [0.1, 0.7, 0.8, 0.9]],
        "BN ×5": [[0.1, 0.2, 0.2, 0.8], [0.1, 0.2, 0.2, 0.2]],
        "BN ×30": [[0.7] * 4, [0.1, 0.9, 0.9, 0.9]],
        "BN ×5 sigmoid": [[0.1] * 4] * 2,
    }
    said = here("07_c.json", {"steps": [50, 100, 200, 400], "runs": runs})
    assert said["BN alone: steps to the baseline's best"] == "2.0 to 4.0 times fewer"
    assert said["BN and 5 times the rate: the same"] == "0.5 to 0.5 times fewer; never in 1 of 2 seeds"
    assert said["BN ×5 with sigmoids: the same"] == "never"
    assert said["Best accuracy, baseline → BN alone"] == "70.0% → 80.0%"
    assert len(said) == sum(row.record == "07_c.json" for row in ROWS), "no row of another record"


def test_the_end_of_training_is_a_mean_over_seeds(here):
    results = {"vgg11/BN/0": [[0, 0.7], [1, 0.8]], "vgg11/BN/1": [[0, 0.9]], "vgg11/plain/0": [[0, 0.1]]}
    assert here("11_small.json", results)["VGG on CIFAR-10, test accuracy"] == "BN 85%, plain 10%"


def test_the_rate_is_chosen_on_spare_images(here):
    """Of two rates the one that does better there, whatever it does on the test images."""
    chosen, other = [[0.9, 0, 0.75]], [[0.2, 0, 0.99]]
    rates = {"0.1": {"32": chosen, "2": other}, "1": {"32": other, "2": [[0.8, 0, 0.5]]}}
    said = here("10_sizes.json", {"runs": {"dense": {"BN": rates, "GN": rates}}})
    assert list(said.values()) == ["BN 25.0% → 50.0%, GN 25.0% → 50.0%"]


def test_what_the_probes_of_a_net_say(here):
    """Steps to 90%; the median cosine; β after step 50, in per cent."""
    noise = {"plain": [{"accuracy": [0.5, 0.9, 0.95]}, {"accuracy": [0.1, 0.2, 0.9]}], "BN": [{"accuracy": [0.91] * 3}]}
    glorot = {
        "BN": [[[0.2, 9], [0.4, 1], [0.9, 1]]],
        "plain": [[[0.5, 9], [0.6, 4], [0.7, 2]], [[0.8, 9], [0.8, 4], [0.8, 4]]],
    }
    glorot["BN"] *= 2
    said = here("09_vgg.json", {
        "noise_steps": [0, 500, 1000], "noise": {"glorot": noise, "he": {"BN": noise["BN"]}},
        "columns": ["cos a", "beta"], "probe_steps": [50, 51, 100], "probes": {"glorot": glorot},
    })  # fmt: skip
    assert list(said.values()) == [
        "steps to 90%: Glorot's start: plain 500 to 1,000, BN 0; He's: BN 0",
        "Glorot's start: BN 0.40, plain 0.60 to 0.80",
        "after step 50, BN's mean β is lower by this much: Glorot's start: 67 to 75%",
    ]


def test_the_rates_of_the_linear_net_are_told_apart(here):
    runs = {"plain": [[[[0.5], [0.9], [0.7]]], [[[1.0]]]], "BN": [[[[0.2]], [[0.4]]], [[[0.0]]]]}
    said = here("09_linear.json", {"columns": ["cos b"], "rates": [1e-6, 1e-7], "rows": runs})
    assert list(said.values()) == ["plain 0.70, BN 0.20 to 0.40", "plain 1.00, BN 0.00"]


def test_when_a_run_is_nearly_right(here):
    runs = {"plain": [{"accuracy": [0.1, 0.95, 0.96]}, {"accuracy": [0.1, 0.2, 0.98]}]}
    said = here("07_b.json", {"steps": [0, 1000, 2000], "runs": runs})
    assert list(said.values()) == ["plain 1,000 to 2,000 steps to 95%, 97.0% at the end"]


def test_without_records_the_table_is_empty(tmp_path):
    assert len(table(tmp_path, UNITS).splitlines()) == 2 and records(tmp_path) == ""


def test_each_record_says_what_was_run(tmp_path):
    for name in ("b.json", "a.json"):
        record = {**ABOUT, "seeds": [0, 1], "versions": {"torch": "2.6", "numpy": "2.0"}, "note": "Chosen by hand."}
        (tmp_path / name).write_text(json.dumps(record), encoding="utf-8")
    made = records(tmp_path)
    assert made.index("**a.json**: C, small") < made.index("**b.json**")
    assert "`python x.py`" in made and "Seeds 0, 1; 2026-11-28; 2 cores; torch 2.6, numpy 2.0." in made
    assert "Chosen by hand." in made


def test_the_course_s_own_records_are_all_told():
    said = records(DATA / "results")
    assert all(f"**{path.name}**" in said for path in (DATA / "results").glob("*.json"))


def test_a_run_that_never_gets_there_is_not_the_quickest(tmp_path):
    """np.argmax of nothing that is true is 0: the first step."""
    record = {"noise_steps": [0, 100, 200], "noise": {"he": {"plain": [{"accuracy": [0.1, 0.5, 0.6]}]}}}
    row = next(row for row in ROWS if row.here is results._to_90)
    assert "plain 0" not in row.here(record)
    record = {"steps": [0, 100], "runs": {"plain": [{"accuracy": [0.1, 0.5]}]}}
    row = next(row for row in ROWS if row.here is results._early)
    assert "plain 0 steps" not in row.here(record) and json.dumps(record)
