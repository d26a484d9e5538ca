"""Rules that are held by reading every module: what loads no network, lengths of files, alternative texts.

Who may import whom is held by import-linter, whose contracts stand in pyproject.toml.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ecgcore", "annotations", "trainer", "pages")
NETWORKS = {"torch", "torchvision", "safetensors"}

WITHOUT_NETWORKS = (
    "ecgcore.types",
    "ecgcore.geometry",
    "ecgcore.errors",
    "ecgcore.page",
    "ecgcore.papersim",
    "ecgcore.assist",
)
WITHOUT_NETWORKS += ("ecgcore.output.printable", "ecgcore.output.csv_cells", "ecgcore.output.files")
WITHOUT_NETWORKS += ("ecgcore.bundle.manifest", "ecgcore.bundle.schema", "ecgcore.bundle.weights")
WITHOUT_NETWORKS += ("annotations", "trainer.jobs", "trainer.registry", "trainer.progress", "trainer.runs.results")


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
def test_files_stay_short(module: str) -> None:
    limit = 100 if MODULES[module].parent == ROOT / "pages" else 300
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) < limit
