"""Submissions that want points without an answer. None gets one that its answers do not earn.

In most of them the tiny unit's question (1 point) is answered rightly and `normalize` (2 points) is not, or the same
with `centre` (2 of 6 points) in the other unit.
"""

from nbformat.v4 import new_output

from corpus.case import ALL, CHECKS, REAL, RIGHT, TINY, case

WRONG = {
    "normalize": "def normalize(x, mean, var, eps=1e-5):\n    return x * 0.0",
    "centre": "def centre(x):\n    return x * 0.0",
    "spread": 'def spread(x):\n    """The standard deviation of each column."""\n    return x[0] * 0.0',
    "whiten": "def whiten(x, eps=0.1):\n    return x * 0.0",
    "twice": "def twice(layer, x):\n    return layer(x)",
}
KERNEL = "from ipykernel.kernelapp import IPKernelApp\nkernel = IPKernelApp.instance().kernel\n"
KIT = 'import sys\nkit = sys.modules["bncourse_kit"]\n'
CELLS = f"{KERNEL}cells = kernel.cells\n"  # which run checks, and hold what the setup cell made
BEFORE_A_CHECK = f"""\
{CELLS}
kept = cells.kit

def run_check(parts, word, names, kernel, real=kept["run_check"]):
    real({{parts}}, word, names, kernel)

kept["run_check"] = run_check"""  # other parts of a check cell are run than were to be
TWO = "the answer fits the published numbers only"


def wrong(nb, *exercises):
    """Answer these wrongly, the others rightly."""
    nb.answer_rightly()
    nb.answer(**{exercise: WRONG[exercise] for exercise in exercises})


def published(nb, check):
    """Code that gives what the visible check expects, as the student's own copy of the notebook tells."""
    tree = nb.published()[check]
    return f"np.frombuffer(base64.b64decode({tree['v']!r})).reshape({tree['shape']}).copy()"


def cheat(points=0.0, unit=TINY, **wanted):
    return case("cheating", points, unit, **wanted)


LYING = f"""\
{KIT}import base64
real = kit.check

def check(name, target, *args, **kwargs):
    return real(name, {{value}} if name == "centred" else target, *args, **kwargs)
"""  # a check that reports this value in place of what it is given


# Metadata and outputs


@cheat()
def skip_execution_tag(nb, host):
    """nbclient leaves out cells with this tag, and stock nbgrader then gives them all points."""
    for cell in nb.cells:
        cell.metadata["tags"] = ["skip-execution"]


@cheat()
def raises_exception_tag(nb, host):
    """With this tag an error is allowed."""
    for cell in nb.cells:
        cell.metadata["tags"] = ["raises-exception"]


@cheat()
def points_in_the_metadata(nb, host):
    """The cells' metadata promise a thousand points, and those of a person."""
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.nbgrader.update(points=1000, solution=True)


@cheat(repair="")
def graded_cell_of_ones_own(nb, host):
    """A cell more, said to be graded, which cannot fail."""
    cell = nb.add("5.0", after="q_epsilon-answer")
    grade = {"grade_id": "bonus", "grade": True, "points": 50, "solution": False, "locked": True, "schema_version": 3}
    cell.metadata["nbgrader"] = {**grade, "task": False}


@cheat()
def forged_outputs_in_the_file(nb, host):
    """Outputs as if all had passed, with points as a result."""
    sent = {"name": "x_hat", "ok": True, "outcome": {"value": nb.published()["x_hat"]}}
    for cell in nb.cells:
        if cell.cell_type == "code":
            data = {"text/plain": "1000", "application/vnd.bncourse.check+json": sent}
            cell.execution_count = 1
            cell.outputs = [new_output("execute_result", data, execution_count=1), new_output("display_data", data)]


@cheat(repair="was changed: put back")
def edited_test_cells(nb, host):
    """The checks are replaced by what always passes."""
    for grade_id in ("normalize-values", "q_epsilon-answer"):
        nb.cell(grade_id).source = "print('✓ x_hat')\n100.0"


@cheat(repair="cell setup was changed")
def redefined_kit(nb, host):
    """The setup cell's check is made to pass."""
    nb.cell("setup").source += "\ndef check(name, target, *args, **kwargs):\n    return None\n"


@cheat(repair="was changed: put back")
def answer_in_the_check_cell(nb, host):
    """The check's inputs are made so that a wrong answer is right."""
    nb.answer(normalize=WRONG["normalize"])
    cell = nb.cell("normalize-values")
    cell.source = cell.source.replace("check(", "x = x * 0; check(", 1)


# Python and IPython, patched


@cheat(5.0, CHECKS)
def ast_transformer(nb, host):
    """All asserts are removed from all cells: the docstring, wanted by one, is not there."""
    nb.answer_rightly()
    nb.answer(spread="def spread(x):\n    return x.std(axis=0)")
    nb.add("""\
import ast

class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(NoAsserts())""")


@cheat(5.0, CHECKS)
def input_transformer(nb, host):
    """Each line that asserts is removed before a cell is run."""
    nb.answer_rightly()
    nb.answer(spread="def spread(x):\n    return x.std(axis=0)")
    nb.add("get_ipython().input_transformers_cleanup.append(lambda lines: [x for x in lines if 'assert' not in x])")


@cheat()
def input_transformer_that_empties_cells(nb, host):
    """No cell is run from here on, the answers neither."""
    nb.add("get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])")


@cheat()
def patched_run_cell(nb, host):
    """The shell runs no cell any more, the answers neither, and says that all went well."""
    nb.add("""\
shell = get_ipython()
done = shell.run_cell("pass")

async def run(*args, **kwargs):
    return done

shell.run_cell = lambda *args, **kwargs: done
shell.run_cell_async = run""")


@cheat(flag="did not report")
def patched_check(nb, host):
    """check is replaced by a function that does nothing, in the kit and in the notebook."""
    nb.answer(normalize=WRONG["normalize"], q_epsilon='q_epsilon = "a"')
    nb.add(f"{KIT}\ndef check(*args, **kwargs):\n    return np.zeros(3)\n\n\nkit.check = check")


@cheat(1.0)
def check_of_ones_own(nb, host):
    """check does nothing in the notebook's own names, where check cells do not look."""
    wrong(nb, "normalize")
    nb.add("def check(*args, **kwargs):\n    return np.zeros(3)\n\n\nload_table = scoreboard = check")


@cheat(4.0, CHECKS, flag=TWO)
def check_that_reports_the_published(nb, host):
    """check is replaced by one that reports what the student's copy of the notebook says is expected."""
    wrong(nb, "centre")
    nb.add(f"""\
{LYING.format(value=published(nb, "centred"))}
kit.check = check""")


@cheat(flag="a check did not report")
def patched_run_check(nb, host):
    """What runs the check cells, in the kernel and in the kit, does nothing."""
    nb.answer_rightly()
    nb.add(f"""\
{KIT}{CELLS}
kit._run_check = lambda *args: None
cells.run = cells._run = lambda *args: None""")


@cheat(flag="a check did not report")
def patched_run_check_that_the_kernel_kept(nb, host):
    """The same where the kernel keeps it, out of reach of %reset."""
    nb.answer_rightly()
    nb.add(f"""\
{CELLS}
cells.kit["run_check"] = lambda *args: None""")


@cheat(2.0, flag="a check reported that was not run")
def check_run_in_the_place_of_another(nb, host):
    """The kernel runs, whatever the check, that of normalize, which is answered rightly."""
    nb.answer(normalize=RIGHT["normalize"])
    nb.add(f"""\
{CELLS}
codes, real = [], cells._run

def run(cell):
    codes.extend([cell["check"]] * ("check" in cell))
    real({{**cell, "check": codes[0]}} if "check" in cell else cell)

cells._run = run""")


@cheat(2.0, flag="an assert that must fail did not")
def asserts_replaced(nb, host):
    """In the compiled code of the question's check the asserts are exchanged for nothing, and one too many."""
    nb.answer_rightly()
    nb.add(
        BEFORE_A_CHECK.format(
            parts='[("canary", compile("pass", "x", "exec")), parts[1]] if len(parts) == 2 else parts'
        )
    )


@cheat(flag="a check did not report")
def checks_without_their_cells(nb, host):
    """All parts of all checks are exchanged for nothing."""
    nb.answer_rightly()
    nb.add(BEFORE_A_CHECK.format(parts="[]"))


@cheat(1.0, flag=None)
def forged_marks(nb, host):
    """The answer finds the word of the running cell, and reports parts that have not been run."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KIT}{KERNEL}
def normalize(x, mean, var, eps=1e-5):
    code = kernel.get_parent()["content"]["code"]
    word = code.split("'")[3]
    value = {nb.published()["x_hat"]!r}
    noted = [{{"name": "x_hat", "outcome": {{"value": value}}, "rtol": 1, "atol": 1, "who": "", "said": ""}}]
    for part in ("canary", "visible", "hidden", "end", "second"):
        error = ["AssertionError", ""] if part == "canary" else None
        report = {{"word": word, "part": part, "noted": noted if part == "visible" else [], "error": error}}
        kit.show("", False, report)
    return x * 0.0"""
    )


@cheat(4.0, CHECKS, flag=None)
def forged_reports(nb, host):
    """All that a check cell reports is forged, from what the student's notebook says is expected."""
    nb.answer_rightly("centre")
    nb.add(f"""\
{KIT}{CELLS}
kept = cells.kit
real = kept["run_check"]
value = {nb.published()["centred"]!r}

def run_check(parts, word, names, kernel):
    if any("centred" in str(code.co_consts) for _, code in parts):
        noted = [{{"name": "centred", "outcome": {{"value": value}}, "rtol": 1, "atol": 1, "who": "f", "said": ""}}]
        kit.show("", False, {{"word": word, "part": "canary", "noted": [], "error": ["AssertionError", ""]}})
        for label, _ in parts[1:]:
            kernel.report([{{"word": word, "part": label, "noted": noted, "error": None}}], label == parts[-1][0])
    else:
        real(parts, word, names, kernel)

kit._run_check = kept["run_check"] = run_check""")


@cheat(0.0)
def patched_kit_functions(nb, host):
    """What the kit observes, compares and explains is replaced."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KIT}
seen = {nb.published()["x_hat"]!r}
kit.wrong_parts = kit.causes_of = lambda *args, **kwargs: []
kit.problem_of = kit.why_stopped = lambda *args: ""
kit.observe = lambda value, salt: seen""")


@cheat(4.0, CHECKS, flag=TWO)
def patched_observe(nb, host):
    """The kit sees the published value in whatever is checked."""
    wrong(nb, "centre")
    nb.answer(
        centre=f"""\
{KIT}
seen, real = {nb.published()["centred"]!r}, kit.observe
kit.observe = lambda value, salt: seen if salt == "centred" else real(value, salt)

def centre(x):
    return x""",
    )


@cheat(4.0, CHECKS, flag=TWO)
def patched_call(nb, host):
    """What calls the answer does not, and says that it gave the published value."""
    wrong(nb, "centre")
    nb.add(f"""\
{KIT}
seen, real = {nb.published()["centred"]!r}, kit.call
kit.call = lambda target, args, kwargs, name: (
    (np.zeros((6, 2)), {{"value": seen}}, None) if name == "centred" else real(target, args, kwargs, name))""")


@cheat(4.0, CHECKS, flag=TWO)
def patched_namespace(nb, host):
    """The names that check cells get hold another check, which reports the published value."""
    wrong(nb, "centre")
    nb.add(f"""\
{LYING.format(value=published(nb, "centred"))}
theirs = kit.namespace
kit.namespace = lambda names: {{**theirs(names), "check": check}}""")


@cheat(flag="a check did not report")
def patched_namespace_of_nothing(nb, host):
    """Whatever a check cell names is something that does nothing, and that every assert likes."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KIT}
class Nothing:
    __getattr__ = __call__ = __getitem__ = __mul__ = lambda self, *args, **kwargs: self
    __iter__ = lambda self: iter([self])

class Names(dict):
    __missing__ = lambda self, name: Nothing()

kit.namespace = lambda names: Names(check=Nothing(), np=Nothing())""")


@cheat(4.0, CHECKS)
def patched_helpers(nb, host):
    """Among what check cells share, which comes last, is a check that reports the published value. It is put back."""
    wrong(nb, "centre")
    nb.add(f"{LYING.format(value=published(nb, 'centred'))}\nkit.HELPERS['check'] = check")


@cheat(4.0, CHECKS)
def patched_helpers_of_numpy(nb, host):
    """The same with another NumPy: its numbers are centred, as a wrong answer wants them, and all are close."""
    wrong(nb, "centre")
    nb.answer(centre="def centre(x):\n    return x")
    nb.add(f"""\
{KIT}import base64, types
seen = {published(nb, "centred")}

class Numbers(np.random.RandomState):
    def normal(self, *args, **kwargs):
        numbers = super().normal(*args, **kwargs)
        return seen if numbers.shape == (6, 2) else numbers

other = types.ModuleType("numpy")
other.__dict__.update(np.__dict__, random=types.SimpleNamespace(RandomState=Numbers), allclose=lambda *args: True)
kit.HELPERS["np"] = other""")


@cheat(1.0, flag="a check did not report")
def patched_files_of_checks(nb, host):
    """What notes the files of check cells takes the hidden tests out of the cell that is about to be run."""
    published_values_copied(nb, host)
    nb.add(f"""\
{KIT}
class Files(set):
    def add(self, file):
        parts = sys._getframe(1).f_locals["parts"]
        parts[:] = [part for part in parts if part[0] != "hidden"]

kit.CHECK_FILES = Files()""")


@cheat(1.0)
def patched_check_failed(nb, host):
    """Every error passes for a check's own, which says what was wrong: nothing."""
    nb.answer_rightly()
    nb.add(f"{KIT}\nkit.CheckFailed = BaseException\nkit.why_stopped = lambda *args: ''")
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n    raise ValueError(' ')")


@cheat(1.0)
def check_failed_that_says_nothing(nb, host):
    """The answer knows the published value only, and ends the hidden tests with a failed check without a message."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KIT}import base64

def normalize(x, mean, var, eps=1e-5):
    if x.dtype == "f4":
        raise kit.CheckFailed("")
    return {published(nb, "x_hat")}"""
    )


@cheat(2.0)
def exception_that_says_nothing(nb, host):
    """The same without the kit, and where nothing at all is known: an exception that passes for a failed check."""
    nb.answer_rightly()
    nb.answer(
        q_epsilon="""\
class CheckFailed(BaseException):
    pass

def q_epsilon():
    raise CheckFailed"""
    )


@cheat(2.0)
def exception_without_a_name(nb, host):
    """The same with an exception that has neither a name nor a message."""
    nb.answer_rightly()
    nb.answer(q_epsilon='def q_epsilon():\n    raise type("", (BaseException,), {})')


@cheat(1.0)
def exception_of_a_lying_class(nb, host):
    """An exception whose class gives its name in no form that can be written."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
class Meta(type(BaseException)):
    @property
    def __name__(cls):
        return {1: set()}

class Lie(BaseException, metaclass=Meta):
    def __str__(self):
        raise self

def normalize(x, mean, var, eps=1e-5):
    raise Lie"""
    )


@cheat(1.0)
def kit_replaced(nb, host):
    """Another module stands in the kit's place, in which everything says yes."""
    wrong(nb, "normalize")
    nb.add("""\
import sys, types

class Yes(types.ModuleType):
    __getattr__ = lambda self, name: lambda *args, **kwargs: None

sys.modules["bncourse_kit"] = Yes("bncourse_kit")""")


@cheat(3.0)
def kit_replaced_before_it_is_made(nb, host):
    """Above the setup cell, modules become a class of their own, of which nothing runs checks. But the kit is there."""
    nb.answer_rightly()
    nb.add(
        """\
import types

class Module(types.ModuleType):
    def __getattribute__(self, name):
        return (lambda *args: None) if name == "_run_check" else super().__getattribute__(name)

types.ModuleType = Module""",
        at=0,
    )


@cheat(4.0, CHECKS)
def setup_replaced(nb, host):
    """Above the setup cell, its code in the kernel is followed by code of the student's own. But it has been run."""
    wrong(nb, "centre")
    nb.add(
        f"""\
{CELLS}
setup = cells.setup
cell = dict(zip(setup.__code__.co_freevars, setup.__closure__))["setup"]
first = cell.cell_contents
cell.cell_contents = compile('''
exec(get_ipython().user_ns["first"])
{KIT}
seen, real = {nb.published()["centred"]!r}, kit.observe
kit.observe = lambda value, salt: seen if salt == "centred" else real(value, salt)
''', "<setup>", "exec")""",
        at=0,
    )


@cheat(3.0)
def setup_that_is_not_run(nb, host):
    """Above the setup cell, running it is made to do nothing. But it has been run."""
    nb.answer_rightly()
    nb.add(f"{CELLS}cells.setup = lambda: None", at=0)


@cheat(1.0)
def setup_run_again(nb, host):
    """The kit is made anew by the answer, in the middle of a check."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{CELLS}
def normalize(x, mean, var, eps=1e-5):
    cells.setup()
    return x * 0.0"""
    )


@cheat(1.0)
def transformers_emptied(nb, host):
    """Whatever could know check cells from others is taken out of the shell."""
    wrong(nb, "normalize")
    nb.add("""\
shell = get_ipython()
shell.ast_transformers.clear()
shell.events.callbacks["pre_run_cell"].clear()""")


@cheat(1.0)
def transformer_that_knows_no_checks(nb, host):
    """A transformer takes the code that runs checks out of every cell. But it is in none."""
    wrong(nb, "normalize")
    nb.add("""\
import ast

class NoChecks(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.copy_location(ast.Pass(), node) if "run_check" in ast.dump(node) else node

get_ipython().ast_transformers.append(NoChecks())""")


@cheat(4.0, CHECKS)
def transformer_of_the_course_abused(nb, host):
    """The notebook's transformer, put back, would take what runs a check for a check cell. It is none."""
    wrong(nb, "centre")
    nb.add(f"""\
{KIT}
seen, words = {nb.published()["centred"]!r}, []
noted = [{{"name": "centred", "outcome": {{"value": seen}}, "rtol": 1, "atol": 1, "who": "f", "said": ""}}]

def is_check_cell(tree):
    calls = [n for n in kit.ast.walk(tree) if isinstance(n, kit.ast.Call) and len(n.args) == 3]
    found = [[a.value for a in c.args] for c in calls if getattr(c.func, "attr", "") == "run_check"]
    words.extend(word for key, word, _ in found if key == "centre-values")
    return bool(words)

def run_check_cell(code, names):
    word = words.pop()
    kit.show("", False, {{"word": word, "part": "canary", "noted": [], "error": ["AssertionError", ""]}})
    for part in ("visible", "second"):
        kit.show("", False, {{"word": word, "part": part, "noted": noted, "error": None}})

kit._is_check_cell, kit.run_check_cell = is_check_cell, run_check_cell
cells, shell = kit.CheckCells(), get_ipython()
shell.ast_transformers.append(cells)
shell.events.register("pre_run_cell", lambda *_: shell.user_ns.update(__bncourse__=cells))""")


@cheat(1.0)
def course_rebound(nb, host):
    """__bncourse__ is something else in each cell, and the kit's table says that all cells are check cells."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KIT}
class Yes:
    run = __call__ = lambda self, *args: self

def rebind(*args):
    get_ipython().user_ns["__bncourse__"] = Yes()

kit.TABLE.checks.update(x_hat={{}}, q_epsilon={{}})
get_ipython().events.register("pre_run_cell", rebind)
rebind()""")


@cheat(4.0, CHECKS, flag=TWO)
def kit_forged_while_a_check_runs(nb, host):
    """What runs the check has it run under a forged kit; after it, all is as it was."""
    wrong(nb, "centre")
    nb.add(f"""\
{KIT}{CELLS}
seen, real = {nb.published()["centred"]!r}, kit.observe

def forged(value, salt):
    return seen if salt == "centred" else real(value, salt)

def run(cell, run=cells._run):
    kit.observe = forged if "check" in cell else real
    run(cell)

cells._run = run""")


@cheat(4.0, CHECKS, flag=TWO)
def patched_packing(nb, host):
    """base64 gives the published numbers for all arrays of that length."""
    wrong(nb, "centre")
    nb.add(f"""\
import base64
real, seen = base64.b64encode, {nb.published()["centred"]["v"]!r}.encode()
base64.b64encode = lambda data, *a: seen if len(data) == 96 else real(data, *a)""")


@cheat(3.0, CHECKS)
def patched_numpy_testing(nb, host):
    """numpy's comparisons all say yes."""
    wrong(nb, "spread")
    nb.add("""\
yes = lambda *args, **kwargs: True
np.allclose = np.isclose = np.array_equal = np.array_equiv = yes
for name in dir(np.testing):
    if name.startswith("assert"):
        setattr(np.testing, name, yes)""")


@cheat(4.0, CHECKS, flag=TWO)
def patched_random_state(nb, host):
    """Whatever its seed, RandomState gives the numbers for which the answer is published. It is put back."""
    wrong(nb, "centre")
    nb.add("""\
real = np.random.RandomState
np.random.RandomState = lambda seed=None: real(1 if seed > 100 else seed)""")
    nb.answer(centre=f"import base64\n\n\ndef centre(x):\n    return {published(nb, 'centred')}")


@cheat(2.0, CHECKS)
def patched_random_stream(nb, host):
    """The kit's stream gives zeros: all large arrays would be alike. But they are compared with others' projections."""
    wrong(nb, "centre")
    nb.add(f"""\
{KIT}

class Nothing:
    seed, standard_normal = staticmethod(abs), staticmethod(np.zeros)


kit.rng = Nothing()""")


@cheat(4.0, CHECKS)
def patched_random_numbers(nb, host):
    """RandomState's numbers are those for which a wrong answer is right: centred ones. It is put back."""
    wrong(nb, "centre")
    nb.answer(centre="def centre(x):\n    return x")
    nb.add(f"""\
import base64
seen = {published(nb, "centred")}

class Numbers(np.random.RandomState):
    def normal(self, *args, **kwargs):
        numbers = super().normal(*args, **kwargs)
        return seen if numbers.shape == (6, 2) else numbers

np.random.RandomState = Numbers""")


@cheat(1.0)
def always_equal_object(nb, host):
    """What is returned says that it equals everything."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
class Yes:
    shape, dtype, ndim, size = (7, 3), np.dtype("f8"), 2, 21

    def __eq__(self, other):
        return True

    __ne__ = lambda self, other: False
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = lambda self, *other: True
    __sub__ = __rsub__ = __mul__ = __abs__ = lambda self, *other: self
    __float__ = lambda self: 0.0
    __hash__ = lambda self: 0

    def __array__(self, *args, **kwargs):
        return np.zeros((7, 3))


def normalize(x, mean, var, eps=1e-5):
    return Yes()"""
    )


@cheat(1.0)
def lying_array(nb, host):
    """An array of a class of its own, which gives other numbers to whoever asks."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
class Lie(np.ndarray):
    def astype(self, *args, **kwargs):
        return np.zeros((7, 3))

    def __array_ufunc__(self, *args, **kwargs):
        return np.True_

    def __array_function__(self, *args, **kwargs):
        return np.True_

    __eq__ = lambda self, other: np.ones((7, 3), bool)


def normalize(x, mean, var, eps=1e-5):
    return x.view(Lie)"""
    )


@cheat(2.0)
def lying_text(nb, host):
    """A text that is every answer at once."""
    nb.answer_rightly()
    nb.answer(
        q_epsilon="""\
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
    strip = lower = lambda self, *args: self
    __format__ = lambda self, spec: "a b c d"
    __len__ = lambda self: 1


q_epsilon = Text("abcd")"""
    )


@cheat(5.0, CHECKS)
def lying_number(nb, host):
    """A number that is any number, in place of a text."""
    nb.answer_rightly()
    nb.answer(
        q_axis="""\
class Number(float):
    __eq__ = lambda self, other: True
    __repr__ = lambda self: "a"
    __float__ = lambda self: self


q_axis = Number(1)"""
    )


@cheat(1.0, flag=None)
def lying_class(nb, host):
    """A dict that calls itself something else, and an int without end."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
class Endless(int):
    __module__ = "torch"
    detach = cpu = numpy = float = lambda self: self
    dtype = "torch.bfloat16"


def normalize(x, mean, var, eps=1e-5):
    return {"a": Endless(10) ** 400, 1: [Endless(1)]}"""
    )


# Messages of the kernel, forged and withheld


@cheat(1.0, flag="a check reported that was not run")
def forged_check_output(nb, host):
    """The answer sends, before the check can, what a passed check would."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
import sys

def normalize(x, mean, var, eps=1e-5):
    value = {nb.published()["x_hat"]!r}
    forged = {{"name": "x_hat", "outcome": {{"value": value}}, "rtol": 1, "atol": 1, "who": "", "said": ""}}
    sys.modules["bncourse_kit"]._noted.append(forged)
    return x * 0.0"""
    )


@cheat(1.0, flag=None)
def forged_tolerances(nb, host):
    """The check reports with tolerances that let everything pass."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KIT}
real = kit.check

def check(name, target, *args, **kwargs):
    return real(name, target, *args, **{{**kwargs, "rtol": 1e300, "atol": 1e300}})

kit.check = check""")


@cheat(1.0)
def forged_execute_result(nb, host):
    """The answer's cell and the check show results that stock nbgrader would read as points."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KERNEL}
def normalize(x, mean, var, eps=1e-5):
    for kind in ("execute_result", "display_data"):
        content = {{"data": {{"text/plain": "2.0"}}, "metadata": {{}}, "execution_count": 1}}
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
    return x * 0.0

1000.0"""
    )


@cheat(1.0, flag=None)
def forged_reply(nb, host):
    """The answer tells the grader that the check has ended well, and only then fails."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KERNEL}import time

def normalize(x, mean, var, eps=1e-5):
    parent = kernel.get_parent()
    ident = [parent["header"]["session"].encode()]
    content = {{"status": "ok", "execution_count": 1, "user_expressions": {{}}, "payload": []}}
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent=parent, ident=ident)
    kernel.session.send(kernel.iopub_socket, "status", {{"execution_state": "idle"}}, parent=parent)
    time.sleep(0.2)
    return x * 0.0"""
    )


@cheat(1.0)
def forged_parents(nb, host):
    """Messages for cells that have not been run yet: their ids can be foretold."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KERNEL}
parent = kernel.get_parent()
stem, _, number = parent["header"]["msg_id"].rpartition("_")
value = {nb.published()["x_hat"]!r}
for n in range(1, 12):
    later = {{**parent, "header": {{**parent["header"], "msg_id": f"{{stem}}_{{int(number) + n}}"}}}}
    sent = {{"name": "x_hat", "outcome": {{"value": value}}, "rtol": 1, "atol": 1, "who": "", "said": ""}}
    data = {{"data": {{"application/vnd.bncourse.check+json": sent}}, "metadata": {{}}}}
    kernel.session.send(kernel.iopub_socket, "display_data", data, parent=later)""")


@cheat(4.0, CHECKS, flag=TWO)
def patched_session_send(nb, host):
    """What checks send is exchanged on its way; errors are not sent at all."""
    wrong(nb, "centre")
    nb.add(f"""\
{KERNEL}
real, seen = kernel.session.send, {nb.published()["centred"]!r}

def send(stream, message, content=None, *args, **kwargs):
    if message == "error":
        return None
    if message == "display_data":
        for held in content["data"].values():
            for noted in (noted for one in held for part in one.get("reports", ()) for noted in part["noted"]):
                if noted["name"] == "centred":
                    noted["outcome"] = {{"value": seen}}
    return real(stream, message, content, *args, **kwargs)

kernel.session.send = kernel.shell.display_pub.session.send = send""")


SOMETIMES = '''\
def spread(x):
    """The standard deviation of each column."""
    return x.std(axis=0) * (1 if x.shape[1] < 300 or x.mean() < 8 else 3)'''  # wrong for twice the hidden data only


@cheat(4.0, CHECKS)
def only_a_hidden_assert_fails(nb, host):
    """No cheating: an answer that only a hidden property shows to be wrong."""
    nb.answer_rightly()
    nb.answer(spread=SOMETIMES)


@cheat(4.0, CHECKS)
def errors_not_sent(nb, host):
    """The message of the only thing that fails, a hidden assert, is withheld."""
    only_a_hidden_assert_fails(nb, host)
    nb.add(f"""\
{KERNEL}
real = kernel.session.send
kernel.session.send = lambda stream, kind, *args, **kwargs: (
    None if kind == "error" else real(stream, kind, *args, **kwargs))""")


@cheat(4.0, CHECKS)
def patched_showtraceback(nb, host):
    """The shell does not show errors."""
    only_a_hidden_assert_fails(nb, host)
    nb.add("shell = get_ipython()\nshell.showtraceback = shell._showtraceback = lambda *args, **kwargs: None")


@cheat(4.0, CHECKS)
def custom_exception_handler(nb, host):
    """IPython's own way to have failed asserts handled: by doing nothing."""
    only_a_hidden_assert_fails(nb, host)
    nb.add("get_ipython().set_custom_exc((AssertionError,), lambda *args, **kwargs: None)")


@cheat(
    4.0, CHECKS, weak="whether an assert holds is found out in the jail: what counts has to be in a check()", flag=None
)
def error_withheld(nb, host):
    """What a failing assert reports is exchanged on its way."""
    only_a_hidden_assert_fails(nb, host)
    nb.add(f"""\
{CELLS}
real = cells.report

def report(parts, last):
    for part in parts:
        if part["part"] in ("visible", "hidden"):
            part["error"] = None
    real(parts, last)

cells.report = report""")


@cheat(4.0, CHECKS, flag=None)
def jumping_over_asserts(nb, host):
    """A trace function that jumps over the lines that assert."""
    only_a_hidden_assert_fails(nb, host)
    nb.add("""\
import linecache, sys, threading

def trace(frame, event, arg):
    if linecache.getline(frame.f_code.co_filename, frame.f_lineno).startswith("assert"):
        try:
            frame.f_lineno += 1
        except ValueError:  # IPython runs each statement by itself: there is no next line
            frame.f_trace_opcodes = True
    return trace

get_ipython().events.register("pre_run_cell", lambda *args: sys.settrace(trace))
get_ipython().events.register("post_run_cell", lambda *args: sys.settrace(None))""")


@cheat(0.0)
def patched_sender(nb, host):
    """What checks report is exchanged by what sends it."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KERNEL}
iopub, seen = kernel.iopub_thread, {nb.published()["x_hat"]!r}
real = iopub.send_held

def send_held(held):
    for noted in (noted for one in held for part in one.get("reports", ()) for noted in part["noted"]):
        noted["outcome"] = {{"value": seen}}
    real(held)

iopub.send_held = send_held""")


@cheat(1.0, flag="a check did not report")
def report_that_withholds(nb, host):
    """Only checks that have passed are reported."""
    wrong(nb, "normalize")
    nb.add(f"""\
{CELLS}
real = cells.report

def report(parts, last):
    for part in parts:
        part["noted"] = [noted for noted in part["noted"] if noted["name"] == "q_epsilon"]
    real(parts, last)

cells.report = report""")


@cheat(1.0, flag=None)
def sender_in_a_thread(nb, host):
    """A thread goes on after its cell and sends passed checks all the time, for whatever cell is running."""
    wrong(nb, "normalize")
    nb.add(f"""\
{KERNEL}import threading, time

def send():
    value = {nb.published()["x_hat"]!r}
    sent = {{"name": "x_hat", "outcome": {{"value": value}}, "rtol": 1, "atol": 1, "who": "", "said": ""}}
    data = {{"data": {{"application/vnd.bncourse.check+json": sent}}, "metadata": {{}}}}
    for _ in range(100):
        running = kernel.get_parent()
        if "normalize-values" in running.get("content", {{}}).get("code", ""):
            kernel.session.send(kernel.iopub_socket, "display_data", data, parent=running)
        time.sleep(0.002)

threading.Thread(target=send, daemon=True).start()""")


# Looking for the answer


@cheat(1.0)
def published_values_copied(nb, host):
    """What the visible check expects stands in the notebook: the answer returns just that."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
import base64


def normalize(x, mean, var, eps=1e-5):
    return {published(nb, "x_hat")}.astype(x.dtype)"""
    )


@cheat(4.0, CHECKS, flag=TWO)
def published_values_copied_without_hidden_tests(nb, host):
    """The same, where there is none but the visible check."""
    wrong(nb, "centre")
    nb.answer(centre=f"import base64\n\n\ndef centre(x):\n    return {published(nb, 'centred')}")


@cheat(1.0)
def table_of_the_kit(nb, host):
    """The expected value is looked up in the kit's table."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KIT}
def normalize(x, mean, var, eps=1e-5):
    return kit.TABLE.checks["x_hat"]["expected"]["v"].reshape(7, 3).astype(x.dtype)"""
    )


@cheat(1.0)
def table_loaded_by_ones_own_loader(nb, host):
    """The tables that cells load are caught."""
    nb.answer_rightly()
    nb.add(f"""\
{KIT}
loaded, real = [], kit.load_table

def load_table(packed):
    loaded.append(packed)
    real(packed)

kit.load_table = kit.TABLE.load = load_table""")
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n    raise ValueError(f'{len(loaded)} {loaded}')")


@cheat(1.0)
def frames(nb, host):
    """Every frame, its variables and constants are searched for an expected value."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
{KIT}
def normalize(x, mean, var, eps=1e-5):
    frame, found = sys._getframe(), []
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for value in list(space.values()):
                if isinstance(value, dict) and "expected" in value:
                    found.append(value["expected"])
        frame = frame.f_back
    return kit.numbers(found[0]["v"]).reshape(x.shape).astype(x.dtype)"""
    )


@cheat(1.0)
def heap(nb, host):
    """All objects and all memory are searched for tables and expected values."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
import gc, re

def normalize(x, mean, var, eps=1e-5):
    found = [o for o in gc.get_objects() if isinstance(o, dict) and isinstance(o.get("expected"), dict)]
    packed = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if "rw" in line and end - start < 1 << 28:
                try:
                    memory.seek(start)
                    packed += re.findall(rb'load_table\\(\\s*"[^"]{20,}', memory.read(end - start))
                except (OSError, ValueError, OverflowError):
                    pass
    print(packed)
    raise ValueError(f"{len(found)} {len(packed)}")"""
    )


@cheat(1.0)
def history(nb, host):
    """In, Out, the history and IPython's cache of sources are searched."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
import linecache

def normalize(x, mean, var, eps=1e-5):
    told = [*In, *map(str, Out.values()), *("".join(entry[2]) for entry in linecache.cache.values() if len(entry) > 2)]
    told += [str(row) for row in get_ipython().history_manager.get_range(raw=True)]
    found = [text for text in told if "load_table(" in text and '"c' in text]
    raise ValueError(f"{found}")"""
    )


@cheat(1.0)
def files_of_the_course(nb, host):
    """The answers are looked for on the disk, and under the names that Python might know them by."""
    nb.answer_rightly()
    nb.answer(
        normalize=f"""\
import importlib, os

def normalize(x, mean, var, eps=1e-5):
    found = []
    for folder in ("{host.directory}", "/work", "/connections", "/tmp"):
        for place, _, names in os.walk(folder):
            names = [name for name in names if name.endswith((".ipynb", "_tiny.py")) and "site-packages" not in place]
            found += [f"{{place}}/{{name}}" for name in names]
    for name in ("grader", "grader.kit", "grader.grading.release", "solutions"):
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            pass
    raise ValueError(f"found {{len(found)}} {{found}}")"""
    )


@cheat(1.0)
def answer_of_the_one_before(nb, host):
    """A submission leaves something for the next one, in every place that could be shared."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
import os

def normalize(x, mean, var, eps=1e-5):
    found = []
    for folder in ("/tmp", "/dev/shm", "/connections", "/var/tmp", os.getcwd(), "/mnist", "/tmp/.connection"):
        try:
            found += [f"{folder}/{name}" for name in os.listdir(folder) if "left-for-the-next" in name]
            open(f"{folder}/left-for-the-next", "w").close()
        except OSError:
            pass
    if found:
        return (x - mean) / np.sqrt(var + eps)
    raise ValueError(f"found {found}")"""
    )


# Builtins


@cheat(1.0, repair="ended the kernel", limits={"cell_seconds": 2})
def overwritten_builtins(nb, host):
    """print, __import__, isinstance and others are replaced for all code there is, the kernel's, too."""
    wrong(nb, "normalize")
    nb.add("""\
import builtins
builtins.print = lambda *args, **kwargs: None
builtins.callable = lambda value: False
builtins.AssertionError = builtins.Exception = StopIteration
builtins.__import__ = lambda *args, **kwargs: __builtins__
builtins.isinstance = lambda *args: True""")


@cheat(1.0)
def overwritten_comparisons(nb, host):
    """The builtins that a comparison could need say yes."""
    wrong(nb, "normalize")
    nb.add("""\
import builtins
builtins.print = builtins.input = lambda *args, **kwargs: None
builtins.all = builtins.any = lambda values: True
builtins.abs = lambda value: 0
builtins.repr = lambda value: "0.0" """)


@cheat(3.0)
def overwritten_names_by_an_honest_student(nb, host):
    """No cheating: variables named like functions, of the student's own or of Python's."""
    nb.answer_rightly()
    nb.add("sum = 0\nmax, min, id, input = 1, 2, 3, 4\nprint = None\nr = x = 5")


@cheat(3.0, CHECKS, flag=TWO)
def second_run_prevented(nb, host):
    """What runs the check once more, with other numbers, is exchanged for what ran it first."""
    published_values_copied_without_hidden_tests(nb, host)
    nb.add(
        BEFORE_A_CHECK.format(
            parts="""[
        (label, dict(parts)["visible"] if label == "second" else code) for label, code in parts]"""
        )
    )


@cheat(3.0, CHECKS, flag="it did not run to its end")
def second_run_taken_away(nb, host):
    """The same is taken out of all checks, of spread's too, which is right."""
    published_values_copied_without_hidden_tests(nb, host)
    nb.add(BEFORE_A_CHECK.format(parts='[part for part in parts if part[0] != "second"]'))


@cheat(4.0, CHECKS, flag=TWO)
def second_run_made_nothing(nb, host):
    """Whatever is compiled while the notebook runs, is compiled to nothing where it speaks of checks."""
    published_values_copied_without_hidden_tests(nb, host)
    nb.add("""\
import builtins
real = builtins.compile
builtins.compile = lambda source, name, *args, **kwargs: real(
    "pass" if "check" in str(name) else source, name, *args, **kwargs)""")


# torch, in a unit whose answers are to be written in NumPy

FUNCTION = """\
def normalize(x, mean, var, eps=1e-5):
    {imports}
    t = torch.as_tensor
    return torch.nn.functional.batch_norm(t(x), t(mean), t(var), eps=eps).numpy()
"""


@cheat(1.0, repair=None)
def batch_norm_of_torch(nb, host):
    """torch's own function is called."""
    nb.answer_rightly()
    nb.answer(normalize="import torch\n" + FUNCTION.format(imports="pass"))


@cheat(1.0, repair=None)
def batch_norm_of_torch_in_a_thread(nb, host):
    """The same in another thread, out of reach of what forbids it in this one."""
    nb.answer_rightly()
    nb.answer(
        normalize=FUNCTION.format(imports="import torch").replace("normalize", "other")
        + """
def normalize(x, mean, var, eps=1e-5):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor() as pool:
        return pool.submit(other, x, mean, var, eps).result()"""
    )


@cheat(1.0, repair=None)
def batch_norm_of_torch_in_a_process(nb, host):
    """The same in a Python of its own."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
import json, subprocess, sys

def normalize(x, mean, var, eps=1e-5):
    code = '''
import json, sys, torch
x, mean, var, eps = json.loads(sys.argv[1])
t = lambda a: torch.tensor(a, dtype=torch.float64)
print(json.dumps(torch.nn.functional.batch_norm(t(x), t(mean), t(var), eps=eps).tolist()))'''
    data = json.dumps([x.tolist(), mean.tolist(), var.tolist(), eps])
    return np.array(json.loads(subprocess.check_output([sys.executable, "-c", code, data]))).astype(x.dtype)"""
    )


@cheat(1.0, repair=None)
def batch_norm_of_torch_from_its_files(nb, host):
    """torch's package is looked for in all of the file system, and what hides it is removed."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
import os, sys
sys.modules.pop("torch", None)
sys.meta_path[:] = [f for f in sys.meta_path if "Torch" not in type(f).__name__ and type(f).__name__ != "Finder"]
for place in list(sys.path):
    if os.path.isdir(place + "/torch"):
        os.system(f"umount {place}/torch 2>/dev/null")
"""
        + FUNCTION.format(imports="import torch")
    )


@cheat(3.0, repair=None)
def torch_imported_by_an_honest_student(nb, host):
    """No cheating: torch is imported, and the answers are written in NumPy."""
    nb.answer_rightly()
    nb.answer(normalize="import torch\nfrom torch import nn\n" + RIGHT["normalize"])
    nb.add("import torch\nprint(torch.ones(3))", after="q_epsilon")


# A unit of the course

QUESTIONS_OF_REAL = 3.0


@cheat(0.0, REAL)
def all_published_values_of_a_real_unit(nb, host):
    """Every visible check of unit 04 is answered with what its own table expects."""
    nb.add(f"""\
{KIT}import base64
table, real = {nb.published()!r}, kit.check

def value(tree):
    if tree["t"] == "array":
        if "v" not in tree:
            return np.zeros(tree["shape"])
        return np.frombuffer(base64.b64decode(tree["v"])).reshape(tree["shape"]).copy()
    if tree["t"] in ("list", "tuple"):
        return type(tree["t"])([]) if not tree["v"] else tuple(value(item) for item in tree["v"])
    if tree["t"] == "dict":
        return {{key: value(item) for key, item in tree["v"].items()}}
    return float(tree["v"]) if tree["t"] == "number" else None

def check(name, target, *args, **kwargs):
    known = table.get(name, {{"t": "None"}})
    return real(name, value(known), **{{k: v for k, v in kwargs.items() if k in ("rtol", "atol", "dtype")}})

kit.check = check""")


@cheat(QUESTIONS_OF_REAL, REAL)
def all_published_observations_of_a_real_unit(nb, host):
    """The same by what the kit observes, questions included: their answers can be tried out in any case."""
    nb.add(f"""\
{KIT}
table, real = {nb.published()!r}, kit.call

def call(target, args, kwargs, name):
    return (None, {{"value": table[name]}}, None) if name in table else real(target, args, kwargs, name)

kit.call = call""")


@cheat(0.0, REAL)
def helpers_that_give_easy_cases(nb, host):
    """The helpers of unit 04's check cells give what zeros are the right answer to."""
    nb.answer(batchnorm_backward="def batchnorm_backward(dy, cache):\n    return dy, dy[0], dy[0]")
    nb.add(f"""\
{KIT}
for name in ("in_float32", "not_contiguous", "constant"):
    kit.HELPERS[name] = lambda dy, cache: (0 * dy, cache)
real = kit.HELPERS["random_case"]
kit.HELPERS["random_case"] = lambda *args, **kwargs: (0 * real(*args, **kwargs)[0], real(*args, **kwargs)[1])""")


@cheat(0.0, REAL)
def a_real_unit_untouched_but_for_the_kit(nb, host):
    """Unit 04 with nothing done, and everything in sight made to say yes."""
    nb.add(f"""\
{KIT}
kit.wrong_parts = kit.causes_of = lambda *args, **kwargs: []
kit.call = lambda target, args, kwargs, name: (np.zeros(1), {{"value": {{"t": "None"}}}}, None)
kit.CheckFailed = type("CheckFailed", (SystemExit,), {{}})
np.allclose = lambda *args, **kwargs: True""")


# The backward pass node by node once more, where the closed form is asked for: 2 of its 4 points are for how it works.
NO_CLOSED_FORM = {
    "partial": "import functools\n\nbatchnorm_backward_closed_form = functools.partial(batchnorm_backward)",
    "object": """\
class ClosedForm:
    def __call__(self, dy, cache):
        return batchnorm_backward(dy, cache)


batchnorm_backward_closed_form = ClosedForm()""",
    "partner": "def batchnorm_backward_closed_form(dy, cache):\n    return both(dy, cache)",
    "paste": "",
}
for kind, code in NO_CLOSED_FORM.items():

    def no_closed_form(nb, host, code=code):
        nb.answer_rightly()
        own, name = nb.cell("batchnorm_backward").source, "def batchnorm_backward"
        nb.answer(batchnorm_backward_closed_form=code or own.replace(name, f"{name}_closed_form"))
        both = own.replace(name, "def both")
        nb.answer(batchnorm_backward=f"{both}\n\n\n{name}(dy, cache):\n    return both(dy, cache)")

    no_closed_form.__name__ = f"no_closed_form_{kind}"
    no_closed_form.__doc__ = f"A {kind} instead of a closed form."
    cheat(ALL[REAL] - 2, REAL)(no_closed_form)
