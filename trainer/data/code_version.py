"""Fingerprints of code: what other code made is not taken from a cache.

Code counts with all that it imports of ``ecgcore`` and with the fitted numbers whose files it names; its comments,
docstrings and layout do not.
"""

import ast
import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLLOWED = "ecgcore."
_CODE = {".py", ".pyc"}
_PARSING = threading.Lock()
"""Python 3.11 counts the depth of trees for all threads together: parsing in two at once may end in a SystemError
(cpython issue 106905)."""


def code_version(*makers: Callable[..., object]) -> str:
    """A fingerprint of the modules in which functions or classes stand, and of what these use.

    Args:
        makers: what makes the thing that is kept; of modules outside ``ecgcore`` name every one that matters.
    """
    with _PARSING:
        return fingerprint({maker.__module__ for maker in makers}, ROOT)


def fingerprint(modules: set[str], root: Path) -> str:
    """As ``code_version``, of modules by their names below a folder.

    Args:
        modules: names, with dots.
        root: the folder that the names start from.
    """
    digest = hashlib.sha256()
    seen: set[str] = set()
    waiting = set(modules)
    paths: set[Path] = set()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        path = _path(module, root)
        if path is None:
            raise ModuleNotFoundError(module)
        paths.add(path)
        waiting |= set(_used(path, root)) - seen
    for path in sorted(paths):
        source = path.read_text(encoding="utf-8")
        digest.update(_parsed(source).meaning)
        for data in sorted(path.parent.iterdir()):
            if data.is_file() and data.suffix not in _CODE and data.name in source:
                digest.update(data.read_bytes())
    return digest.hexdigest()[:12]


def _used(path: Path, root: Path) -> Iterator[str]:
    """Modules of ``ecgcore`` that a module imports, with the packages that they lie in."""
    for name in _parsed(path.read_text(encoding="utf-8")).imports:
        parts = name.split(".")
        packages = (".".join(parts[:end]) for end in range(2, len(parts) + 1))
        yield from (part for part in packages if part.startswith(_FOLLOWED) and _path(part, root) is not None)


def _path(module: str, root: Path) -> Path | None:
    place = root.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@dataclass(frozen=True)
class _Parsed:
    """What a fingerprint needs of one file's code."""

    imports: tuple[str, ...]
    """Every name that may be a module's, with dots."""
    meaning: bytes
    """A digest of the code without comments and layout, and without texts that stand alone, as docstrings do."""


@functools.cache  # a training asks for several fingerprints, of much the same files
def _parsed(source: str) -> _Parsed:
    tree = ast.parse(source)
    imports: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            imports += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in ("body", "orelse", "finalbody"):
            lines = getattr(node, name, None)
            if isinstance(lines, list):
                setattr(node, name, [line for line in lines if not _is_text(line)])
    return _Parsed(tuple(imports), hashlib.sha256(ast.dump(tree).encode()).digest())


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
