"""Half of an ECG is referred with the reason; whole pages keep their answer."""

import numpy as np
import pytest

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import LAYOUT_ROWS, PageStyle, Segment, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.screening.decision import FEWEST_LEADS, too_few_leads
from ecgcore.types import ByteArray
from ecgcore.waveform.page_rows import PageRows
from tests.support.panel_pages import grid, half_page

HALVES = {
    "limb leads": (grid(range(6), 6, 1, 10.0), 6),
    "chest leads": (grid(range(6, 12), 6, 1, 10.0), 6),
    "limb leads in two columns": (grid(range(6), 3, 2, 10.0), 6),
    "left half": (grid(range(6), 3, 2, 5.0), 6),
    "three leads": (grid(range(3), 3, 1, 10.0), 3),
    "a strip": ([[Segment(0, 0.0, 10.0)]], 1),
}


@pytest.fixture(scope="module")
def starter() -> Bundle:
    return load_bundle(starter_folder())


def _count(ink: ByteArray) -> int:
    return PageRows(ink).lead_count


def _half(name: str, kind: str = "normal", seed: int = 4) -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg(kind, seed)
    return draw_page(signals_mv, fs_hz, PageStyle(pulse="none"), seed, plan=HALVES[name][0]).image_rgb


@pytest.mark.parametrize("kind", ["normal", "st_elevation", "atrial_fibrillation"])
@pytest.mark.parametrize("name", HALVES)
def test_the_leads_of_a_half_are_counted(name: str, kind: str) -> None:
    assert _count(prepare_page(_half(name, kind)).ink) == HALVES[name][1]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (30, "an irregular rhythm of six leads, whose baseline trembles"),
        (54, "lines of print above and below three rows"),
        (84, "two columns, too narrow for four"),
        (132, "premature beats in the same lead"),
        (149, "a strip in rows whose scale is taken for twice as large"),
        (1153, "wide QRS complexes, found at either flank"),
    ],
)
def test_what_hid_that_half_is_missing_hides_it_no_more(number: int, why: str) -> None:
    name, half = half_page(number)
    assert _count(prepare_page(half.image_rgb).ink) < FEWEST_LEADS, f"{name}: {why}"


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("layout", LAYOUT_ROWS)
def test_a_whole_page_has_its_leads_named_or_not(layout: str, labels: bool) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 5)
    style = PageStyle(layout=layout, labels=labels, row_pitch_mm=18.0 if layout.startswith(("6", "12")) else 28.0)
    page = prepare_page(draw_page(signals_mv, fs_hz, style, 5).image_rgb)
    assert _count(page.ink) >= FEWEST_LEADS


def test_half_of_an_ecg_is_referred_and_says_so(starter: Bundle) -> None:
    for name in ("limb leads", "chest leads", "a strip"):
        prediction = screen(_half(name), starter, file=name)
        if prediction.status == "ok" and prediction.p_abnormal is not None:
            assert prediction.decision == "refer"
            assert prediction.reason is not None
            assert prediction.reason.startswith(too_few_leads(HALVES[name][1]))
            assert prediction.leads_found == prediction.to_json()["leads_found"] == HALVES[name][1]
        else:
            assert prediction.decision in (None, "refer") and prediction.reason


def test_a_panel_without_traces_has_no_leads() -> None:
    assert _count(np.zeros((300, 900), np.uint8)) == 0
