"""Pages are read by the strategy that suits them, and the clearest of what was read is taken."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.errors import NotScreenableError
from ecgcore.page import photo as photo_module
from ecgcore.page.candidate import SCALE_BONUS, Candidate, best
from ecgcore.page.photo import Photo
from ecgcore.page.prepare import STRATEGIES, prepare_page, prepare_with_corners
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph
from ecgcore.types import ByteArray, PageImage

ON_DESK = PhotoDamage(tilt_deg=(5, -4), desk="wood", shadows=3, shade=0.45, fill=0.8, long_px=1600)


@pytest.fixture(scope="module")
def page(ecg_page_rgb: ByteArray) -> PageImage:
    return prepare_page(ecg_page_rgb)


def _told(page: PageImage, logit: float, *, px_per_mm: float | None = 4.0, is_last_resort: bool = False) -> Candidate:
    return Candidate(replace(page, ecg_logit=logit, px_per_mm=px_per_mm), is_last_resort=is_last_resort)


def _refused(cause: str) -> Candidate:
    return Candidate(None, NotScreenableError(cause, "Take another."))


def test_the_page_most_like_an_ecg_is_taken_and_the_first_of_equals(page: PageImage) -> None:
    weak, strong, equal = (_told(page, logit) for logit in (-1.0, 3.0, 3.0))
    assert best([weak, strong, equal]) is strong


def test_known_millimetres_count_for_a_page(page: PageImage) -> None:
    scaled, bare = _told(page, 1.0), _told(page, 1.0 + SCALE_BONUS - 0.1, px_per_mm=None)
    assert best([bare, scaled]) is scaled
    assert best([_told(page, 1.0 + SCALE_BONUS + 0.1, px_per_mm=None), scaled]) is not scaled


def test_a_last_resort_counts_only_alone(page: PageImage) -> None:
    last, poor = _told(page, 9.0, is_last_resort=True), _told(page, -2.0)
    assert best([last, poor]) is poor
    assert best([last, _refused("Nothing.")]) is last


def test_of_refusals_the_first_is_told() -> None:
    first, second = _refused("First."), _refused("Second.")
    assert best([first, second]) is first


def test_pages_say_how_they_were_read(ecg_page_rgb: ByteArray, page: PageImage) -> None:
    assert page.strategy == "grid"
    height, width = ecg_page_rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    assert prepare_with_corners(ecg_page_rgb, corners).strategy == "corners/grid"


def test_a_page_without_a_grid_is_read_by_its_sheet_or_its_traces() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 0)
    style = PageStyle(grid="none", column_s=2.4, px_per_mm=6.0, pen_mm=0.4, header=False)
    drawn = draw_page(signals_mv, fs_hz, style, 0, beats_s=beats_s)
    assert prepare_page(drawn.image_rgb).strategy == "traces"
    assert prepare_page(photograph(drawn, ON_DESK, 3).image_rgb).strategy == "sheet/form"


def test_strategies_are_named_once() -> None:
    names = [strategy.name for strategy in STRATEGIES]
    assert len(set(names)) == len(names)


def test_a_photo_is_looked_through_once(ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("straighten", "darkness_rgb", "find_sheet"):
        original = getattr(photo_module, name)
        monkeypatch.setattr(photo_module, name, lambda *a, n=name, f=original, **k: (calls.append(n), f(*a, **k))[1])
    photo = Photo(ecg_page_rgb)
    for _ in range(2):
        assert photo.grid is not None
        assert photo.darkness.shape == ecg_page_rgb.shape
        assert photo.sheet_xy is None
    assert sorted(calls) == ["darkness_rgb", "find_sheet", "straighten"]
