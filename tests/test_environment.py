"""pyproject.toml, environment.yml, constraints.txt and the Makefile must name the same packages and versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"pytorch": "torch"}  # conda-forge's name → PyPI's, where they differ
PLATFORMS = [
    {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "sys_platform": sys_platform, "os_name": os}
    for minor in (11, 12, 13)
    for sys_platform, os in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
]

project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))


def ranges(lines):
    """{name: SpecifierSet} of requirement lines; a package named twice is an error."""
    requirements = [Requirement(line) for line in lines]
    names = [canonicalize_name(requirement.name) for requirement in requirements]
    assert len(names) == len(set(names)), f"named twice: {sorted({n for n in names if names.count(n) > 1})}"
    return {name: requirement.specifier for name, requirement in zip(names, requirements, strict=True)}


def constraints():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


WANTED = ranges(project["dependencies"] + project["optional-dependencies"]["dev"])
PINNED = WANTED | ranges(project["optional-dependencies"]["site"])  # not for conda, but `make site` installs it


def test_conda_has_the_same_packages_and_ranges():
    *packages, pip = conda["dependencies"]
    assert pip == {"pip": ["-e ."]}, "environment.yml must end by installing this repository"
    found = {CONDA_NAMES.get(name, name): spec for name, spec in ranges(packages).items()}
    assert found.pop("pip") == SpecifierSet()
    assert found.pop("python") == SpecifierSet(project["requires-python"])
    assert found == WANTED
    assert conda["name"] == project["name"]
    assert conda["channels"] == ["conda-forge"]


def test_constraints_are_exact_public_versions():
    for line in constraints():
        # A local version such as +cpu can be installed from one index only.
        assert re.fullmatch(r"==[\w.]+", str(line.specifier)), f"not an exact public version: {line}"


@pytest.mark.parametrize("name", PINNED)
def test_every_dependency_is_pinned_inside_its_range(name):
    pins = [line for line in constraints() if canonicalize_name(line.name) == name]
    for platform in PLATFORMS:
        here = [p for p in pins if p.marker is None or p.marker.evaluate({**default_environment(), **platform})]
        assert len(here) == 1, f"{name} has {len(here)} pins in constraints.txt on {platform}"
        (pin,) = here[0].specifier
        assert pin.version in PINNED[name], f"constraints.txt has {pin.version}, pyproject.toml wants {PINNED[name]}"


def test_make_accepts_the_pythons_that_the_project_does():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    low, high = map(int, re.search(r"\(3, (\d+)\) <= sys\.version_info.* <= \(3, (\d+)\)", makefile).groups())
    assert SpecifierSet(project["requires-python"]) == SpecifierSet(f">=3.{low},<3.{high + 1}")
