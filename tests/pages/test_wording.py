"""Times and numbers as the pages write them."""

import ast
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotations.store import now
from pages.parts.common.local_time import is_today, local_clock, local_day, local_time
from pages.parts.common.words import counted


@pytest.fixture
def in_auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine stands where it is 13 hours later than UTC."""
    monkeypatch.setenv("TZ", "NZDT-13")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_auckland")
@pytest.mark.parametrize(
    "at", ["2026-11-25T17:53:02.123+00:00", "2026-11-25T17:53:02Z", "2026-11-25T17:53:02", "2026-11-25T18:53:02+01:00"]
)
def test_a_stored_time_is_shown_by_the_clock_of_this_machine(at: str) -> None:
    assert local_time(at) == "26 Nov 2026, 06:53"
    assert local_day(at) == "26 Nov 2026"
    assert local_clock(at) == "06:53:02"


def test_a_time_that_was_not_recorded_is_a_dash() -> None:
    assert [show(at) for show in (local_time, local_day, local_clock) for at in (None, "{")] == ["–"] * 6
    assert not is_today(None)


@pytest.mark.usefixtures("in_auckland")
def test_today_begins_at_midnight_here() -> None:
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    assert is_today(now())
    assert is_today(midnight.isoformat())
    assert not is_today((midnight - timedelta(milliseconds=1)).isoformat(timespec="milliseconds"))
    assert not is_today((midnight + timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    ("count", "nouns", "words"),
    [
        (1, ("page",), "1 page"),
        (0, ("page",), "0 pages"),
        (1204, ("page",), "1,204 pages"),
        (1, ("box", "boxes"), "1 box"),
        (2, ("box", "boxes"), "2 boxes"),
    ],
)
def test_a_number_and_its_noun_agree(count: int, nouns: tuple[str, ...], words: str) -> None:
    assert counted(count, *nouns) == words


OLD_WORDS = re.compile(
    r"\bfreez|what holds now|shall hold|\banswers from now|line of descent|for ever|\bcopies\b|paint|look again|"
    r"damage$|broke off|goes on with|can go on|vermilion|this program knows|\bflatters?\b|bundle in use|"
    r"made active|making a bundle|holds 0|what .* saw\b.*on its own|beside the bundle|"
    r"(?-i:^Not known$)|"
    r"share of the decision|part (says|answers)|for each answer|it goes on then|no picture is like|waits in this queue|"
    r"take nothing|not held by|towards abnormal|^look at it$|too loud|putting both together|keep it so|"
    r"found with score",
    re.IGNORECASE,
)
"""What an earlier version said, which nobody in the trade does."""


def _told(path: Path) -> Iterator[tuple[int, str]]:
    """Sentences in a module's code that may reach a reader: no documentation, no SQL, no CSS."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(line.value)
        for body in (
            node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        )
        for line in body
        if isinstance(line, ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documented:
            continue
        if " " in node.value and not re.search(r"\bSELECT\b|\bCREATE\b|<style>", node.value):
            yield node.lineno, node.value


@pytest.mark.parametrize("package", ["pages", "annotations", "trainer", "ecgcore"])
def test_old_words_do_not_come_back(package: str) -> None:
    root = Path(__file__).parents[2]
    found = [
        f"{path.relative_to(root)}:{line}: {words}"
        for path in sorted((root / package).rglob("*.py"))
        for line, words in _told(path)
        if OLD_WORDS.search(words)
    ]
    assert not found, "\n".join(found)
