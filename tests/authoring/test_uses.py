"""What code uses of the definitions of others, and of theirs."""

from grader.authoring.uses import used_definitions

SOURCES = [
    "import numpy as np\nfrom math import pi\nloud = print\nRATE, x = 1, load()\n@np.vectorize\ndef f(a):\n"
    "    return g(a) * pi",
    "def g(a):\n    return a\nSIZES = (1, 2)\nclass C(Base):\n    sizes = SIZES",
    "def g(a):\n    return -a\nx = 5\nfor i in range(3):\n    y = i",
]


def test_definitions_are_followed():
    code = used_definitions("f(3)", SOURCES)
    assert code == "\n".join([
        "import numpy as np", "from math import pi", "@np.vectorize\ndef f(a):\n    return g(a) * pi",
        "def g(a):\n    return -a",
    ])  # fmt: skip
    assert used_definitions("C()", SOURCES) == "SIZES = (1, 2)\nclass C(Base):\n    sizes = SIZES"
    assert used_definitions("x + y + i + RATE + loud", SOURCES) == "x = 5"  # what does something is no definition
    assert used_definitions("nothing", SOURCES) == used_definitions("not python", SOURCES) == ""


def test_names_of_others_are_left_to_them():
    assert used_definitions("f(3)", SOURCES, but={"g"}).endswith("return g(a) * pi")
    assert used_definitions("g(3)", SOURCES, but={"g"}) == ""
    assert used_definitions("f(3)", [*SOURCES, "not python ("]) == used_definitions("f(3)", SOURCES)


def test_definitions_are_whole_below_a_form_feed():
    """As in release.without_tables: str.splitlines counts other lines than Python does."""
    code = "x = 1\n\x0c\ndef f():\n    return 1\n\ndef g():\n    return 2\n"
    assert used_definitions("f()", [code]) == "def f():\n    return 1"
