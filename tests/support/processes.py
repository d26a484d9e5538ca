"""How pytest's processes share the tests, and what is made only once for all of them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
LONGEST_FIRST = (BROWSER, "tests/trainer/", "tests/pages/", "tests/ecgcore/", "")
"""Folders of tests; what takes minutes comes first, so that no process is left alone with it in the end."""
MOST_CORES = 4
"""More processes than this do not pay: each loads PyTorch and collects all tests first."""


class BrowserApart(LoadFileScheduling):
    """A file goes to whoever is free; the browser's files are one, since two browsers would be in each other's way."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def processes() -> int:
    """One for each core, and one for the browser's tests, which mostly wait."""
    return min(len(os.sched_getaffinity(0)), MOST_CORES) + 1


def place_in_order(nodeid: str) -> int:
    """Where a test stands in ``LONGEST_FIRST``."""
    return next(place for place, folder in enumerate(LONGEST_FIRST) if nodeid.startswith(folder))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process that needs it makes, and the others find whole; read only."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    folder, unfinished = common / name, common / f"{name}.unfinished"
    with FileLock(common / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder
