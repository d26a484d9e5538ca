"""A plugin of pytest that tells which lines the tests ran: ``-p tests.support.covered_lines``.

SlipCover puts a probe before each line of ours and takes it out once it was met; coverage.py's tracer is called at
every call of every library. What was met is reported by coverage.py, with its settings in pyproject.toml.
"""

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coverage
import pytest
from slipcover import FileMatcher, ImportManager, Slipcover

LINES = "covered_lines"
"""What a process of pytest-xdist sends under this name."""


class _Probes(Slipcover):
    def deinstrument_seen(self) -> None:
        """Take out what was met, or leave it for the next time where another thread imports a module meanwhile."""
        with contextlib.suppress(RuntimeError):  # "dictionary changed size during iteration"
            super().deinstrument_seen()


class CoveredLines:
    """The lines of the packages that coverage.py's ``source`` names, met in this process or in those of pytest-xdist.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.report = coverage.Coverage(data_file=None)
        self.folders = [Path(name).resolve() for name in self.report.config.source or ()]
        self.files = FileMatcher(sources=self.folders)
        self.probes = _Probes(exclude_lines=[])
        ImportManager(self.probes, self.files).__enter__()

    def pytest_collection_finish(self) -> None:
        """Streamlit compiles the app's pages itself, and does not import them."""
        if "streamlit.runtime.scriptrunner.script_cache" in sys.modules:
            from streamlit.runtime.scriptrunner.script_cache import ScriptCache

            ScriptCache.get_bytecode = self._instrumented(ScriptCache.get_bytecode)

    def _instrumented(self, compiled: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        instrument = functools.cache(self.probes.instrument)

        def get_bytecode(cache: Any, script_path: str) -> Any:
            code = compiled(cache, script_path)
            return instrument(code) if self.files.matches(script_path) else code

        return get_bytecode

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Of pytest-xdist: a process has ended."""
        self._add(getattr(node, "workeroutput", {}).get(LINES, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what was met here to the process that reports, or report."""
        met = {file: found["executed_lines"] for file, found in self.probes.get_coverage()["files"].items()}
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[LINES] = met
            return
        self._add(met)
        self.report.get_data().touch_files([str(path) for folder in self.folders for path in folder.rglob("*.py")])
        self.total = self.report.report(file=sys.stdout)
        floor = self.report.get_option("report:fail_under")
        print(f"Lines covered: {self.total:.2f} % of at least {floor} %")
        if self.total < floor and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _add(self, met: dict[str, list[int]]) -> None:
        self.report.get_data().add_lines({str(Path(file).resolve()): lines for file, lines in met.items()})


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any ``conftest.py`` imports what is measured."""
    early_config.pluginmanager.register(CoveredLines(early_config), LINES)
