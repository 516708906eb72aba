"""The first cell: small, in a module of its own, complete."""

import pytest

from grader.authoring.setup import module_source, setup_source
from grader.authoring.unit import read_unit


def test_the_loader_is_there_where_it_is_named(tiny, edited):
    assert "def load_mnist" not in module_source(read_unit(tiny))
    path = edited("plt.plot([1, 2])", "X_train, y_train, X_test, y_test = load_mnist()\nplt.plot([1, 2])")
    source = module_source(read_unit(path))
    assert "def load_mnist" in source and "DIGITS" in source


def test_helper_cells_go_into_the_setup_cell(edited):
    path = edited("plt.show()", "plt.show()\n\n\n# %% helper=true\ndef inputs():\n    return 5")
    source = setup_source(read_unit(path))
    assert "_kit.load_helpers(r'''\ndef inputs():" in source
    compile(source, "<setup>", "exec")


@pytest.mark.slow
def test_by_hand_is_there_where_it_is_called(edited, tiny):
    assert "def by_hand" not in module_source(read_unit(tiny))
    path = edited('check("q_epsilon", q_epsilon)', 'with by_hand():\n    check("q_epsilon", q_epsilon)')
    assert "def by_hand" in module_source(read_unit(path))
