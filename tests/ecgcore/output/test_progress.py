"""How far a command is: a bar on a terminal, a line a minute in a log."""

import sys

import pytest

from ecgcore.output.progress import Progress, duration


def test_the_time_left_is_that_of_the_files_a_second_of_this_run(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = 0.0
    progress = Progress(200, 100, "files", lambda: seconds)
    progress.advance(1)
    seconds = 30.0
    progress.advance(3)
    assert progress.text() == "[############............] 104/200 files, 0.1 files/s, 16 min left"
    assert capsys.readouterr().err == "", "a log of less than a minute needs no line"
    seconds = 61.0
    progress.advance(1)
    progress.advance(1)
    assert capsys.readouterr().err.count("\n") == 1, "a log gets a line a minute"
    assert [duration(value) for value in (20, 90 * 60, 26 * 3600)] == ["under 1 min", "1 h 30 min", "1 d 2 h"]


def test_a_terminal_shows_one_bar_that_makes_room_for_results_and_ends_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    seconds = 0.0
    progress = Progress(unit="files", clock=lambda: seconds)
    for done in (0, 1, 2):
        progress.clear()
        progress.at(done, 2)
        seconds += 1
    progress.close()
    start = "\r\x1b[K"
    bars = ("[........................] 0/2 files", "[############............] 1/2 files",
            "[########################] 2/2 files, 1 files/s, under 1 min left")  # fmt: skip
    assert capsys.readouterr().err == (start + start).join(["", *bars]).removeprefix(start) + "\n"
    progress.at(1, 5)
    assert progress.text().endswith("1/5 files"), "the next piece of work has its own rate"
