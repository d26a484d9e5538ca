"""Pictures beyond any scan: read in a smaller size, in bounded time and memory, and measured in their own pixels."""

import resource
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest

from ecgcore.errors import NotScreenableError
from ecgcore.page import photo as page_photo
from ecgcore.page.panel import _level_runs
from ecgcore.page.prepare import prepare_page, prepare_with_corners
from ecgcore.types import ByteArray

WITHIN_S, WITHIN_KB = 30.0, 1_500_000
"""The time is of computing, three times what a machine of two cores takes."""


def test_a_white_picture_of_100_megapixels_is_refused_in_bounded_time_and_memory() -> None:
    code = """
        import numpy as np
        from pathlib import Path
        from ecgcore.errors import NotScreenableError
        from ecgcore.page.prepare import prepare_page
        try:
            prepare_page(np.full((10_000, 10_000, 3), 255, np.uint8))
        except NotScreenableError as error:
            # ru_maxrss would count what the process that started this one used
            print(error, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], sep="|")
    """
    before_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True)
    spent_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before_s
    words, memory_kb = done.stdout.strip().split("|")
    assert words.startswith("No ECG traces were found")
    assert int(memory_kb) < WITHIN_KB
    assert spent_s < WITHIN_S


def test_a_large_page_is_measured_in_its_own_pixels(ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = prepare_page(ecg_page_rgb)
    large_rgb = np.asarray(cv2.resize(ecg_page_rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    monkeypatch.setattr(page_photo, "MAX_PREPARED_PIXELS", ecg_page_rgb[..., 0].size)
    large = prepare_page(large_rgb)
    assert large.photo_rgb is large_rgb
    assert usual.px_per_mm is not None
    assert large.px_per_mm == pytest.approx(2 * usual.px_per_mm, rel=0.01)
    assert large.frame.corners_photo_xy == pytest.approx(2 * usual.frame.corners_photo_xy, abs=6.0)
    assert abs(large.ink.shape[1] - usual.ink.shape[1]) <= 4


def test_a_large_panel_that_a_person_showed_is_read_in_a_smaller_size(
    ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = ecg_page_rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    usual = prepare_with_corners(ecg_page_rgb, corners)
    monkeypatch.setattr(page_photo, "MAX_PREPARED_PIXELS", ecg_page_rgb[..., 0].size // 2)
    small = prepare_with_corners(ecg_page_rgb, corners)
    assert usual.px_per_mm is not None
    assert small.px_per_mm == pytest.approx(usual.px_per_mm, rel=0.02)
    assert small.frame.corners_photo_xy == pytest.approx(usual.frame.corners_photo_xy, abs=8.0)


def test_letters_all_over_a_large_sheet_on_a_desk_are_refused_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All strategies are tried on it, those for a sheet too; at 22 megapixels such pictures took 20 s and more."""
    sheet = np.full((1700, 2400, 3), 235, np.uint8)
    for y in range(40, 1690, 22):
        cv2.putText(sheet, "the patient was seen on the ward " * 4, (10, y), 0, 0.6, (40, 40, 40), 1)
    desk = np.full((2300, 3000, 3), (60, 45, 30), np.uint8)
    desk[300:2000, 300:2700] = sheet
    large = np.asarray(cv2.resize(desk, (6000, 4600), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    looked_at_px = []
    in_size = page_photo.Photo.in_size

    def counted(photo: page_photo.Photo, most_pixels: int) -> page_photo.Photo:
        fitting = in_size(photo, most_pixels)
        looked_at_px.append(fitting.rgb[..., 0].size)
        return fitting

    monkeypatch.setattr(page_photo.Photo, "in_size", counted)
    with pytest.raises(NotScreenableError):
        prepare_page(large)
    assert max(looked_at_px) <= page_photo.MAX_PREPARED_PIXELS
    assert sum(looked_at_px) <= 2 * page_photo.MAX_PREPARED_PIXELS + 10 * page_photo.MAX_SECOND_PIXELS


def test_level_runs_are_those_of_an_opening() -> None:
    draw = np.random.default_rng(0)
    for number in range(200):
        height, width = draw.integers(1, 6), int(draw.integers(1, 60))
        mask = (draw.random((height, width)) < draw.choice([0.5, 0.9, 0.98, 1.0])).astype(np.uint8)
        length = max(1, round(0.6 * width)) if number % 2 else int(draw.integers(1, width + 3))
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
        assert (_level_runs(mask, length) == opened).all()
