"""Submissions that are no notebook, or not quite the one that was released. What can be graded is graded."""

import copy
import json
import os
import re
import zipfile

import nbformat
from kit.test_names import SPOILERS
from nbformat.v4 import new_output

from corpus.case import ALL, CHECKS, REAL, RIGHT, TINY, case


def broken(points=3.0, unit=TINY, **wanted):
    return case("broken", points, unit, **wanted)


def failed(reason, unit=TINY, **wanted):
    return case("broken", 0.0, unit, status="failed", reason=reason, **wanted)


def right(nb) -> dict:
    """The notebook with right answers, as JSON data."""
    nb.answer_rightly()
    return json.loads(nb.bytes())


# Not a notebook


@failed("is empty")
def empty(nb, host):
    """A file without a byte."""
    return b""


@failed("is empty")
def blank(nb, host):
    """A file with nothing but white space."""
    return b" \n\t\r\n"


@failed("is not JSON")
def not_json(nb, host):
    """Python in a file that is called a notebook."""
    return b"print('hello')\n"


@failed("the file may be cut short")
def cut_short(nb, host):
    """The first half of the file: the disk was full."""
    text = nb.bytes()
    return text[: len(text) // 2]


@failed("is a web page")
def web_page(nb, host):
    """The page on which the notebook was shown, saved."""
    return b"<!DOCTYPE html>\n<html><head><title>90_tiny</title></head></html>"


@failed("compressed archive")
def archive(nb, host):
    """A zip file, renamed."""
    with zipfile.ZipFile(host.folder / f"{TINY}.ipynb", "w") as file:
        file.writestr("x.ipynb", nb.bytes())
    return False


@failed("has no cells")
def json_of_something_else(nb, host):
    """JSON, but no notebook."""
    return b'{"name": "90_tiny", "points": 100}'


@failed("has no cells")
def json_list(nb, host):
    """A list."""
    return b"[1, 2, 3]"


@failed("cells are no list")
def cells_of_another_type(nb, host):
    """Cells that are a text."""
    return b'{"cells": "none", "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@failed("has no cells in it")
def no_cells(nb, host):
    """A new notebook."""
    return b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@failed("nested too deeply")
def nested_deeply(nb, host):
    """A hundred thousand lists in each other."""
    return b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@failed("parts")
def millions_of_parts(nb, host):
    """40 MB of empty dicts, which would take gigabytes."""
    return b'{"cells": [' + b"{}," * (13 << 20) + b"{}]}"


@failed("more than 2,000 are not graded")
def too_many_cells(nb, host):
    """A hundred thousand cells."""
    data = right(nb)
    data["cells"] += [{"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}] * 100_000
    return json.dumps(data).encode()


@failed("MB of text and code")
def too_much_code(nb, host):
    """A cell of 20 MB."""
    nb.add("x = '" + "x" * (20 << 20) + "'")


@failed("too large")
def too_large(nb, host):
    """A file of 101 MB, most of it a hole."""
    with open(host.folder / f"{TINY}.ipynb", "wb") as file:
        file.truncate(101 << 20)
    return False


@failed("is not text in UTF-8")
def other_alphabet(nb, host):
    """Hangul in the encoding that Windows uses in Korea."""
    nb.answer(q_epsilon="# 이것은 한글이다\nq_epsilon = 'b'")
    return nbformat.writes(nb.node).encode("cp949", errors="ignore")


@failed("is no notebook")
def noise(nb, host):
    """Bytes that mean nothing."""
    return bytes(range(256)) * 40


@failed("It holds 'my solution (1).ipynb'")
def wrong_name(nb, host):
    """The right file with another name."""
    (host.folder / "my solution (1).ipynb").write_bytes(nb.bytes())
    return False


@failed("is missing")
def nothing_there(nb, host):
    """An empty folder."""
    return False


@failed("is no folder")
def file_for_a_folder(nb, host):
    """The notebook in the place of the folder."""
    host.folder.rmdir()
    host.folder.write_bytes(nb.bytes())
    return False


@failed("is a folder")
def folder_for_a_file(nb, host):
    """A folder in the place of the notebook."""
    (host.folder / f"{TINY}.ipynb").mkdir()
    return False


@failed("is a pipe")
def pipe(nb, host):
    """A pipe, on which reading would wait forever."""
    os.mkfifo(host.folder / f"{TINY}.ipynb")
    return False


@failed("cannot be converted")
def old_format_with_nonsense(nb, host):
    """Format 3, and none."""
    return b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [5, null, {"cells": [{"a": 1}]}]}'


@failed("has no cells in it")
def cells_that_are_none(nb, host):
    """Cells that are numbers, lists and nothing."""
    return b'{"cells": [1, null, [], "x", {"source": 5}], "metadata": {}, "nbformat": 4}'


# Written otherwise


@broken(repair="old notebook format 3")
def format_3(nb, host):
    """nbformat 3, with worksheets and prompts."""
    nb.answer_rightly()
    return nbformat.writes(nbformat.convert(nb.node, 3)).encode()


@broken(repair="old notebook format 2")
def format_2(nb, host):
    """nbformat 2, which had no metadata for cells."""
    nb.answer_rightly()
    cells = [
        {"cell_type": "code", "input": c.source, "outputs": [], "language": "python", "collapsed": False}
        if c.cell_type == "code"
        else {"cell_type": "markdown", "source": c.source}
        for c in nb.cells
    ]
    return json.dumps({"nbformat": 2, "metadata": {"name": "x"}, "worksheets": [{"cells": cells}]}).encode()


@broken()
def format_of_tomorrow(nb, host):
    """A format that is not there yet."""
    return json.dumps(right(nb) | {"nbformat": 5, "nbformat_minor": 9}).encode()


@broken()
def format_4_0(nb, host):
    """Format 4.0, whose cells have no id."""
    data = right(nb) | {"nbformat_minor": 0}
    for cell in data["cells"]:
        cell.pop("id", None)
    return json.dumps(data).encode()


@broken(repair="UTF-8 with a byte order mark")
def byte_order_mark(nb, host):
    """UTF-8 with a byte order mark, as Windows editors write it."""
    return b"\xef\xbb\xbf" + json.dumps(right(nb)).encode()


@broken(repair="UTF-16 with a byte order mark")
def utf_16(nb, host):
    """UTF-16, as PowerShell writes it."""
    return json.dumps(right(nb), ensure_ascii=False).encode("utf-16")


@broken(repair="UTF-16")
def utf_16_without_mark(nb, host):
    """UTF-16 without a byte order mark."""
    return json.dumps(right(nb)).encode("utf-16-be")


@broken(repair="UTF-32")
def utf_32(nb, host):
    """UTF-32."""
    return json.dumps(right(nb)).encode("utf-32")


@broken()
def windows_line_ends(nb, host):
    """Line ends of Windows in the file and in every cell."""
    data = right(nb)
    for cell in data["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    return json.dumps(data, indent=1).replace("\n", "\r\n").encode()


@broken()
def line_ends_of_old(nb, host):
    """Line ends of the Macintosh."""
    data = right(nb)
    for cell in data["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r")
    return json.dumps(data).encode()


@broken()
def trailing_space(nb, host):
    """An editor has taken spaces at line ends away, and added some."""
    data = right(nb)
    for number, cell in enumerate(data["cells"]):
        lines = [line.rstrip() + "  " * (number % 2) for line in "".join(cell["source"]).splitlines()]
        cell["source"] = "\n".join(["", *lines, "", ""])
    return json.dumps(data).encode()


@broken(repair="kernel of R;")
def wrong_kernel(nb, host):
    """The notebook was saved with a kernel of another language."""
    nb.answer_rightly()
    nb.node.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    nb.node.metadata["language_info"] = {"name": "R"}


@broken()
def unknown_kernel(nb, host):
    """A kernel that only the student has."""
    nb.answer_rightly()
    nb.node.metadata["kernelspec"] = {"name": "my-env-3.14", "language": "python", "display_name": "mine"}


@broken()
def metadata_of_odd_types(nb, host):
    """Metadata that are lists, texts and numbers."""
    data = right(nb) | {"metadata": [1, 2]}
    for cell in data["cells"]:
        if "nbgrader" not in cell["metadata"]:
            cell["metadata"] = "none"
    return json.dumps(data).encode()


@broken()
def nbgrader_metadata_of_odd_types(nb, host):
    """nbgrader's metadata of cells of no role are lists and numbers."""
    data = right(nb)
    for number, cell in enumerate(data["cells"]):
        if "nbgrader" not in cell["metadata"]:
            cell["metadata"] = {"nbgrader": [[1], 5, {"grade_id": [1]}, {"grade_id": "\ud800"}][number % 4]}
            cell["id"] = [cell["id"], 5, None, ["x"]][number % 4]
    return json.dumps(data).encode()


@broken(repair="are no cells of a notebook")
def cells_that_are_no_cells(nb, host):
    """Between the cells there are numbers, and cells without a source."""
    data = right(nb)
    data["cells"] += [5, None, {"cell_type": "code", "source": {"a": 1}}]
    return json.dumps(data).encode()


@broken()
def outputs_of_50_mb(nb, host):
    """50 MB of outputs: pictures and printed lines."""
    nb.answer_rightly()
    picture = new_output("display_data", {"image/png": "iVBORw0KGgo" + "A" * (25 << 20)})
    lines = new_output("stream", name="stdout", text="[ 0.123  4.567] {'loss': \"0.1\"}\n" * 800_000)
    nb.cell("normalize").outputs = [picture, lines]


@broken()
def outputs_of_odd_types(nb, host):
    """Outputs that are no outputs."""
    data = right(nb)
    for cell in data["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[5, None, {"output_type": "x"}], execution_count="many")
    return json.dumps(data).encode()


# Cells moved, copied, lost


@broken(repair="metadata is missing")
def metadata_stripped(nb, host):
    """All metadata are gone, as after some editors, and ids are new."""
    data = right(nb)
    for number, cell in enumerate(data["cells"]):
        cell.update(metadata={}, id=f"new{number}")
    return json.dumps(data | {"metadata": {}}).encode()


@broken(6.0, CHECKS, repair="metadata is missing")
def metadata_stripped_and_ids_lost(nb, host):
    """The same in the other unit, without ids."""
    data = right(nb) | {"metadata": {}, "nbformat_minor": 4}
    for cell in data["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return json.dumps(data).encode()


@broken(0.0, REAL, repair="metadata is missing")
def metadata_stripped_from_a_real_unit(nb, host):
    """Unit 04, untouched, without metadata: nothing is earned, nothing is lost."""
    data = json.loads(nb.bytes())
    for cell in data["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return json.dumps(data).encode()


@broken(repair="cell normalize stands 2 times")
def copied_exercise(nb, host):
    """The exercise's cell was copied, with its metadata; the second one is answered."""
    nb.answer_rightly()
    cell = copy.deepcopy(nb.cell("normalize"))
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n    return x")
    nb.cells.insert(nb.number("normalize") + 1, cell)


@broken(repair="cell normalize stands 2 times")
def copied_exercise_kept_below(nb, host):
    """A copy of the answer, kept at the end of the notebook, is old and wrong: the one before the check counts."""
    nb.answer_rightly()
    cell = copy.deepcopy(nb.cell("normalize"))
    cell.source = "def normalize(x, mean, var, eps=1e-5):\n    return x"
    nb.cells.append(cell)


@broken(repair="cell normalize stands 2 times: the one with an answer counts")
def copied_exercise_answered_above_the_stub(nb, host):
    """The copy of the stub that was left stands below the answer, and would undo it."""
    stub = copy.deepcopy(nb.cell("normalize"))
    nb.answer_rightly()
    nb.cells.insert(nb.number("normalize") + 1, stub)


@broken(repair="cell normalize stands 2 times: the one with an answer counts")
def all_cells_twice(nb, host):
    """Two wrote at once: all cells are there a second time, and only these are answered."""
    untouched = copy.deepcopy(nb.cells)
    nb.answer_rightly()
    nb.cells[:0] = untouched


@broken(repair="cell normalize-values stands 2 times")
def copied_check(nb, host):
    """The check's cell was copied, to try it again."""
    nb.answer_rightly()
    nb.cells.insert(nb.number("normalize-values") + 1, copy.deepcopy(nb.cell("normalize-values")))


@broken(2.0, repair="cell q_epsilon-answer stands 2 times")
def copied_check_changed(nb, host):
    """The copy was made to pass."""
    nb.answer_rightly("q_epsilon")
    cell = copy.deepcopy(nb.cell("q_epsilon-answer"))
    cell.source = "1.0"
    nb.cells.append(cell)


@broken(repair="cell normalize-values is missing: put back")
def deleted_check(nb, host):
    """The check's cell is gone."""
    nb.answer_rightly()
    del nb.cells[nb.number("normalize-values")]


@broken(1.0, repair="cell normalize is missing: it earns nothing")
def deleted_exercise(nb, host):
    """The exercise's cell is gone."""
    nb.answer_rightly()
    del nb.cells[nb.number("normalize")]


@broken(repair="cell setup is missing: put back")
def deleted_setup(nb, host):
    """The setup cell is gone."""
    nb.answer_rightly()
    del nb.cells[nb.number("setup")]


@broken(repair="were put back")
def only_the_answers(nb, host):
    """Nothing is left but the answers, the second one first."""
    nb.answer_rightly()
    nb.node.cells = [nb.cell("q_epsilon"), nb.cell("normalize")]


@broken(repair="stand in another order")
def reordered(nb, host):
    """The cells stand in the opposite order."""
    nb.answer_rightly()
    nb.node.cells = nb.cells[::-1]


@broken(repair=None)
def ids_duplicated(nb, host):
    """All cells have the same id, and metadata are gone."""
    data = right(nb)
    for cell in data["cells"]:
        cell.update(metadata={}, id="normalize")
    return json.dumps(data).encode()


@broken(repair=None)
def grade_ids_duplicated(nb, host):
    """The student's own cells carry the exercise's name, as after copy and paste."""
    nb.answer_rightly()
    for place in ("setup", "q_epsilon"):
        nb.add("trying = 1", after=place).metadata = copy.deepcopy(nb.cell("normalize").metadata)


@broken(repair="made a text cell: run as code")
def code_made_text(nb, host):
    """The answer stands in a cell that was made a text cell."""
    data = right(nb)
    for cell in data["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "normalize":
            cell["cell_type"] = "markdown"
            cell.pop("outputs"), cell.pop("execution_count")
    return json.dumps(data).encode()


@broken(repair=None)
def answer_in_a_cell_of_ones_own(nb, host):
    """The answer stands in a new cell below the stub, which was left as it was."""
    nb.answer_rightly("normalize")
    nb.add(RIGHT["normalize"], after="normalize")


@broken(1.0)
def syntax_error(nb, host):
    """An answer that is no Python costs its own points only."""
    nb.answer_rightly()
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5)\n    return (x - mean")


@broken()
def tabs_and_nulls(nb, host):
    """Cells with tabs, form feeds, and a null byte."""
    nb.answer_rightly()
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n\treturn (x - mean) / np.sqrt(var + eps)\n\x0c")
    nb.add("x = '\0'", after="normalize-values")
    nb.add("if 1:\n\tx = 1\n        x = 2", after="normalize-values")


@broken()
def magics(nb, host):
    """Magics, a question for help and an option, between the cells."""
    nb.answer_rightly()
    nb.add(
        "%matplotlib inline\n%timeit -n1 -r1 1+1\nnp.sum?\n%load_ext nothing\n%autoreload 2", after="normalize-values"
    )
    nb.add("%%time\nx = 1")
    nb.add("%%nonsense\nx = 1")
    nb.add("input('x')")


@broken(1.0)
def names_reset(nb, host):
    """%reset throws away what the setup cell gave. Checks run all the same, but an answer that needs np stops."""
    nb.answer_rightly()
    nb.add("%reset -f", before="normalize")


@broken()
def names_reset_and_made_anew(nb, host):
    """The same, and NumPy is imported again: the answers are as right as they were."""
    nb.answer_rightly()
    nb.add("%reset -f\nimport numpy as np", before="normalize")


@broken()
def answer_reset_and_defined_again(nb, host):
    """%reset below an answer, which is then defined again in a cell of the student's own."""
    nb.answer_rightly()
    nb.add(f"%reset -f\nimport numpy as np\n{RIGHT['normalize']}", after="normalize")


@broken()
def raising_cells(nb, host):
    """Cells of the student's own that raise, before and between the others."""
    nb.answer_rightly()
    nb.add("import my_helpers", at=0)
    nb.add("1 / 0", after="normalize")


@broken()
def warning_on_stderr(nb, host):
    """An answer that warns: stock nbgrader takes points off for it."""
    nb.answer_rightly()
    code = RIGHT["normalize"].replace("return", "warnings.warn('x')\n    return")
    nb.answer(normalize=f"import warnings\nwarnings.warn('old')\n{code}")


@broken(6.0, CHECKS)
def demo_that_is_used(nb, host):
    """An answer uses what a demonstration made, which is left out where nobody does."""
    nb.answer_rightly()
    nb.answer(centre="def centre(x):\n    return x - x.mean(axis=shown - 3)")


@broken()
def odd_text_in_code(nb, host):
    """What Python warns of when it reads it."""
    nb.answer_rightly()
    nb.answer(q_epsilon="q_epsilon = 'b'\n'\\d'\n1 is 1")


# What students name their things

NAMES = {
    **SPOILERS,
    "numbers": "x = mean = var = 3",
    "from re import *": "from re import *",
    "print, globals, exec": "print = globals = exec = compile = 5",
    "display, In, Out": "display = In = Out = _ = __ = exit = 5",
    "all of NumPy": "from numpy import *\nfrom numpy.linalg import *\nfrom numpy.random import *",
    "%reset of some": "%reset_selective -f check\n%reset_selective -f plt",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')",
    "a deleted builtin": "print = list\ndel print",
}


def case_of(what: str) -> str:
    return f"named_{re.sub('[^a-z]+', '_', what.lower()).strip('_')}"


def named(what: str, *codes: str, points: float = 3.0, unit: str = TINY, at: int | None = None, **wanted) -> None:
    """Add a case: a student has given names, a cell for each of these, and has answered rightly."""

    def make(nb, host):
        nb.answer_rightly()
        for code in reversed(codes):
            nb.add(code, at=at)

    make.__name__ = case_of(what)
    make.__doc__ = f"{what}, named by a student: in no check's way."
    broken(points, unit, **wanted)(make)


for what, code in NAMES.items():
    named(what, code)
ONE_NAME = {case_of(what) for what in NAMES}
named("everything", *NAMES.values())
named("everything in the other unit", *NAMES.values(), points=6.0, unit=CHECKS)
named("things above the setup cell", *SPOILERS.values(), at=0)
named("print above the setup cell", "print = 5", at=0)
named("what the setup cell uses", "exec = compile = globals = 5", at=0)


@broken(ALL[REAL], REAL)
def named_helpers_of_a_real_unit(nb, host):
    """Unit 04 with its own answers, and names that its check cells have for their helpers."""
    nb.answer_rightly()
    nb.add("random_case = with_arrays = in_float32 = not_contiguous = constant = dy = cache = 5")
    for code in reversed(SPOILERS.values()):
        nb.add(code)


@broken()
def answer_that_calls_check(nb, host):
    """An answer's cell ends with a check of the student's own, and another cell holds a copy of the course's."""
    nb.answer_rightly()
    nb.answer(normalize=f"{RIGHT['normalize']}\n\n\ncheck('x_hat', normalize, np.ones((7, 3)), 1, 1)")
    nb.add(nb.cell("q_epsilon-answer").source, after="q_epsilon")


@broken(repair="cell setup stands 2 times")
def copied_setup(nb, host):
    """The setup cell was copied below the first answer, and is run there with all its tables."""
    nb.answer_rightly()
    nb.cells.insert(nb.number("normalize") + 1, copy.deepcopy(nb.cell("setup")))


@broken()
def setup_as_an_own_cell(nb, host):
    """The same without its metadata, and again at the end."""
    nb.answer_rightly()
    for place in ("normalize", "q_epsilon-answer"):
        nb.add(nb.cell("setup").source, after=place)
