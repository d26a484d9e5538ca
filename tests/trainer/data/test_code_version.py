"""What was made by other code is not taken from a cache."""

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.prepared_pages import prepared_page
from trainer.data.code_version import code_version, fingerprint
from trainer.data.prepare import preparation_version, signal_version
from trainer.stages.inference_cache import inference_code_version
from trainer.starter.pages import cached_pages
from trainer.starter.synthetic_pages import drawing_version

CODE = {
    "ecgcore/__init__.py": "",
    "ecgcore/page.py": '"""Prepare."""\nfrom ecgcore import types\nfrom ecgcore.gate import LIMIT\n',
    "ecgcore/types.py": "PX_PER_MM = 4  # of the panel\n",
    "ecgcore/gate/__init__.py": "from ecgcore.gate.weights import LIMIT\n",
    "ecgcore/gate/weights.py": 'LIMIT = len("limits.json")\n',
    "ecgcore/gate/limits.json": "1",
    "ecgcore/gate/notes.txt": "1",
    "ecgcore/other.py": "A = 1\n",
    "trainer/drawing.py": "import ecgcore.page\nfrom trainer.helping import B\n",
    "trainer/helping.py": "B = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A program of a few modules."""
    for name, text in CODE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("ecgcore/types.py", "PX_PER_MM = 5\n"),
        ("ecgcore/gate/__init__.py", "from ecgcore.gate.weights import LIMIT\n\nLIMIT += 1\n"),
        ("ecgcore/gate/weights.py", 'LIMIT = 2 * len("limits.json")\n'),
        ("ecgcore/gate/limits.json", "2"),
        ("ecgcore/page.py", CODE["ecgcore/page.py"] + "B = 2\n"),
        ("trainer/drawing.py", CODE["trainer/drawing.py"] + "B = 2\n"),
    ],
)
def test_whatever_is_used_counts(root: Path, file: str, text: str) -> None:
    before = fingerprint({"trainer.drawing"}, root)
    (root / file).write_text(text)
    assert fingerprint({"trainer.drawing"}, root) != before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("ecgcore/other.py", "A = 2\n"),
        ("ecgcore/gate/notes.txt", "2"),
        ("ecgcore/types.py", "# pixels in a millimetre\nPX_PER_MM = (4)\n"),
        ("ecgcore/page.py", CODE["ecgcore/page.py"].replace("Prepare.", "Prepare a page.")),
        ("trainer/helping.py", "B = 2\n"),  # of other packages only what is named
    ],
)
def test_words_and_what_is_not_used_do_not_count(root: Path, file: str, text: str) -> None:
    before = fingerprint({"trainer.drawing"}, root)
    (root / file).write_text(text)
    assert fingerprint({"trainer.drawing"}, root) == before


def test_a_module_that_is_gone_is_told(root: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"trainer\.gone"):
        fingerprint({"trainer.gone"}, root)


def test_pages_that_other_code_drew_are_drawn_anew(tmp_path: Path) -> None:
    path, pages = tmp_path / "drawn.pages", [[prepared_page(str(number), 0)] for number in range(3)]
    got = [cached_pages(path, partial(iter, pages[n]), drawn_by)[0].key for n, drawn_by in enumerate(("a", "b", "a"))]
    assert got == ["0", "1", "0"]


def test_every_version_is_of_code_that_is_there() -> None:
    versions = [version() for version in (preparation_version, signal_version, drawing_version, inference_code_version)]
    assert len(set(versions)) == 4


def test_two_threads_never_parse_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, overlapped = threading.Semaphore(1), threading.Event()

    def watched(source: str) -> ast.Module:
        if not at_work.acquire(blocking=False):
            overlapped.set()
            return ast.parse(source)
        try:
            time.sleep(0.01)
            return ast.parse(source)
        finally:
            at_work.release()

    shim = SimpleNamespace(**{**vars(ast), "parse": watched})  # pytest itself parses too
    monkeypatch.setattr("trainer.data.code_version.ast", shim)
    monkeypatch.setattr("trainer.data.code_version.ROOT", root)
    maker = SimpleNamespace(__module__="trainer.drawing")
    with ThreadPoolExecutor(4) as pool:
        versions = set(pool.map(lambda _: code_version(maker), range(4)))
    assert len(versions) == 1 and not overlapped.is_set()
