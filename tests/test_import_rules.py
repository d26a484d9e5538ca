"""Holds the rules of who may import whom, by reading the imports of every module."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ecgcore", "annotations", "trainer", "pages")
NETWORKS = {"torch", "torchvision", "safetensors"}

# Of the project's own modules, what each package may import besides itself; a name stands for all below it.
WRITING = ("ecgcore.printable", "ecgcore.csv_cells", "ecgcore.private_files", "ecgcore.atomic_files")
ALLOWED = {
    "ecgcore": (),
    "annotations": (
        "ecgcore.types",
        "ecgcore.errors",
        "ecgcore.page",
        "ecgcore.papersim",
        "ecgcore.assist",
        "ecgcore.bundle.manifest",
        *WRITING,
    ),
    "trainer": ("ecgcore", "annotations"),
    "pages": ("ecgcore", "annotations", "trainer.jobs", "trainer.registry"),
}
FORBIDDEN = {
    "ecgcore": {"streamlit"},
    "annotations": {"streamlit"} | NETWORKS,
    "trainer": {"streamlit"},
    "pages": set(),
}
WITHOUT_NETWORKS = ("ecgcore.types", "ecgcore.errors", "ecgcore.page", "ecgcore.papersim", "ecgcore.assist", *WRITING)
WITHOUT_NETWORKS += ("ecgcore.bundle.manifest", "ecgcore.bundle.schema", "ecgcore.bundle.weights")
WITHOUT_NETWORKS += ("trainer.jobs", "trainer.registry")


def _modules() -> dict[str, Path]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = _modules()


def _imports(module: str) -> set[str]:
    """Full names of what a module imports, ``from a import b`` as ``a.b`` where that is a module, else ``a``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively (line {node.lineno}): name the package"
            assert node.module is not None
            joined = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names |= {full if full in MODULES else node.module for full in joined.values()}
    return names


def _within(name: str, allowed: str) -> bool:
    """A folder also covers what lies in it."""
    return name == allowed or name.startswith(f"{allowed}.")


def _reached(module: str) -> set[str]:
    """Everything that is loaded when a module is, as far as the project's own modules go."""
    seen = {module, *_folders(module)}
    waiting = [name for name in seen if name in MODULES]
    while waiting:
        for imported in _imports(waiting.pop()):
            for name in {imported, *_folders(imported)} - seen:
                seen.add(name)
                if name in MODULES:
                    waiting.append(name)
    return seen


def _folders(name: str) -> list[str]:
    """The packages that a module lies in, which are loaded before it."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


@pytest.mark.parametrize("module", MODULES)
def test_packages_import_in_one_direction(module: str) -> None:
    package = module.split(".", maxsplit=1)[0]
    for name in _imports(module):
        top = name.split(".")[0]
        assert top not in FORBIDDEN[package], f"{module} may not import {name}"
        if top in PACKAGES and top != package:
            assert any(_within(name, allowed) for allowed in ALLOWED[package]), f"{module} may not import {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if any(_within(name, free) for free in WITHOUT_NETWORKS)])
def test_what_annotations_and_pages_may_use_loads_no_network_library(module: str) -> None:
    assert not {name.split(".")[0] for name in _reached(module)} & NETWORKS


def test_app_only_sets_the_page_up_and_navigates() -> None:
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"streamlit"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.FunctionDef | ast.ClassDef)]


@pytest.mark.parametrize("module", [name for name in MODULES if _within(name, "pages")])
def test_every_picture_is_said_in_words_too(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "image":
            named = {argument.arg for argument in call.keywords}
            assert "alt" in named, f"{module}, line {call.lineno}: a picture without an alternative text"


@pytest.mark.parametrize("module", MODULES)
def test_no_banned_import(module: str) -> None:
    imported = {name.split(".")[0] for name in _imports(module)}
    assert not imported & {"pickle", "joblib", "shelve", "marshal"}, f"{module}: only safetensors holds weights"
    assert "__future__" not in imported, f"{module}: `annotations` is a package here"


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_short(module: str) -> None:
    limit = 100 if MODULES[module].parent == ROOT / "pages" else 300
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) < limit
