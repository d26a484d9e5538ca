"""What a run notes of the program that it worked with."""

import subprocess
from pathlib import Path

import pytest

from trainer.worker.environment import commit_of


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *settings, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_commit_of_a_checkout_is_noted(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    git(first, "init", "-q")
    assert commit_of(first) is None, "nothing was committed yet"
    git(first, "commit", "-q", "--allow-empty", "-m", "Begin")
    head = git(first, "rev-parse", "HEAD")
    assert commit_of(first) == head
    git(first, "pack-refs", "--all")
    assert commit_of(first) == head
    git(first, "worktree", "add", "-q", "--detach", str(second))
    assert commit_of(second) == head, "a second working tree of the same repository"


def test_a_folder_inside_another_checkout_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Begin")
    (tmp_path / "below").mkdir()
    assert commit_of(tmp_path / "below") is None


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(Path(__file__).parents[3]) is None
