"""Buttons lead to addresses that are set, and there is none where nothing is set."""

import pytest

from grader.site import addresses as module
from grader.site.addresses import Addresses, addresses


@pytest.mark.parametrize("where", [Addresses(), Addresses(hub="https://hub.example.edu")])
def test_without_a_repository_there_is_no_button(where):
    assert where.launch("03_x") == {}


def test_buttons_lead_to_the_student_s_notebook():
    made = Addresses("someone/course", "https://hub.example.edu/").launch("03_x")
    assert made == {
        "Open in Colab": "https://colab.research.google.com/github/someone/course/blob/main/notebooks/03_x.ipynb",
        "Open in Binder": "https://mybinder.org/v2/gh/someone/course/main?labpath=notebooks/03_x.ipynb",
        "Open in JupyterHub": (
            "https://hub.example.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fsomeone%2Fcourse"
            "&branch=main&urlpath=lab%2Ftree%2Fcourse%2Fnotebooks%2F03_x.ipynb"
        ),
    }


def test_a_hub_is_no_condition():
    assert list(Addresses("someone/course").launch("03_x")) == ["Open in Colab", "Open in Binder"]


@pytest.mark.parametrize("hub", ["https://hub.example.edu", "https://hub.example.edu//"])
def test_a_hub_s_address_may_end_in_a_slash(hub):
    assert Addresses("a/b", hub).pull("x.ipynb").startswith("https://hub.example.edu/hub/user-redirect/git-pull?repo=")


@pytest.mark.parametrize(
    ("urls", "found"),
    [
        ("", Addresses()),
        ('[project.urls]\nJupyterHub = "https://hub.example.edu"', Addresses("", "https://hub.example.edu")),
        ('[project.urls]\nJupyterHub = ""', Addresses()),
    ],
)
def test_addresses_are_those_of_the_project(urls, found, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n{urls}\n', encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "repository", lambda: found.repository)
    assert addresses() == found
