"""What ``make test`` measures: the lines that ran in any of its processes, and a floor below which it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = """
[tool.coverage.run]
source = ["ours"]
[tool.coverage.report]
exclude_also = ["if TYPE_CHECKING:"]
precision = 1
fail_under = {floor}
"""
OURS = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import decimal

def sign(number):
    if number < 0:
        return "minus"
    return (
        "zero or "
        "plus"
    )

class Shape:
    @property
    def corners(self):
        return 3

def never():
    return 0
"""
TESTS = """
from ours.lines import Shape, sign

def test_one():
    assert [sign(1) for _ in range(1000)][0] == "zero or plus"

def test_other():
    assert sign(-1) == "minus" and Shape().corners == 3
"""


@pytest.mark.parametrize(("processes", "floor"), [(0, 92), (2, 90)])
def test_lines_of_all_processes_count_once_and_too_few_fail(tmp_path: Path, processes: int, floor: int) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "lines.py").write_text(OURS)
    (tmp_path / "ours" / "not_imported.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(SETTINGS.format(floor=floor))
    (tmp_path / "test_ours.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.covered_lines", "-p", "xdist", f"-n{processes}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == (floor == 92), done.stdout
    lines = next(line for line in done.stdout.splitlines() if line.startswith("ours/lines.py"))
    assert lines.split() == ["ours/lines.py", "11", "1", "90.9%"]
