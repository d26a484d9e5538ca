"""What is installed by pip is what was tested: dependencies, data files and commands of pyproject.toml."""

import tomllib
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
PACKAGES = ("ecgcore", "annotations", "trainer")


def _pinned(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


@pytest.mark.parametrize(
    ("file", "bounds"),
    [
        ("requirements.txt", PROJECT["dependencies"] + EXTRAS["app"]),
        ("requirements-heic.txt", EXTRAS["heic"]),
        ("requirements-cluster.txt", EXTRAS["cluster"]),
        ("requirements-dev.txt", EXTRAS["dev"]),
        ("requirements-docs.txt", EXTRAS["docs"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_pinned_packages_are_those_of_pyproject(file: str, bounds: list[str]) -> None:
    wanted = {bound.name: bound.specifier for bound in map(Requirement, bounds)}
    pinned = _pinned(file)
    assert pinned.keys() == wanted.keys()
    assert [name for name, version in pinned.items() if version not in wanted[name]] == []


def test_every_data_file_of_a_package_is_installed() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]
    for package in PACKAGES:
        top = ROOT / package
        folders = [top, *(path.parent for path in top.rglob("*/__init__.py"))]
        matched = chain(
            *(folder.glob(pattern) for folder in folders for pattern in patterns["*"]),
            *(top.glob(pattern) for pattern in patterns.get(package, ())),
        )
        data = {path for path in top.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        assert data <= set(matched)
        assert top / "py.typed" in data


def test_every_command_can_be_called() -> None:
    for place in PROJECT["scripts"].values():
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(module), name))
