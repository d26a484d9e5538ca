"""Pages of one file that show one ECG together get one answer; a half alone is never called normal."""

import dataclasses
from collections.abc import Iterator

import pytest

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.lead_layout import Layout
from ecgcore.papersim import PageStyle, Segment, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.screening.half_pages import join_halves
from ecgcore.types import Prediction
from pages.parts.screen.result.part_answers import is_other_paper

LIMB, CHEST = tuple(range(6)), tuple(range(6, 12))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(starter_folder(), "cpu")


@pytest.fixture(scope="module")
def halves(bundle: Bundle) -> list[Prediction]:
    return [page(bundle, leads, number) for number, leads in enumerate((LIMB, CHEST), start=1)]


def page(bundle: Bundle, leads: tuple[int, ...], number: int) -> Prediction:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 4)
    style = PageStyle(layout="3x4", px_per_mm=5.0, row_pitch_mm=24.0)
    plan = [[Segment(lead, 0.0, 10.0)] for lead in leads]
    photo = draw_page(signals_mv, fs_hz, style, 5, beats_s=beats_s, plan=plan).image_rgb
    return screen(photo, bundle, file="two pages.pdf", page=number)


def joined(pages: list[Prediction], bundle: Bundle) -> list[Prediction]:
    return list(join_halves(pages, bundle, lambda one: one, lambda _, other: other))


def test_half_an_ecg_is_referred(halves: list[Prediction]) -> None:
    assert [(half.decision, half.leads_found) for half in halves] == [("refer", 6)] * 2


def test_two_halves_get_one_answer(halves: list[Prediction], bundle: Bundle) -> None:
    first, second = joined(halves, bundle)
    assert first.p_abnormal == second.p_abnormal
    assert first.decision == second.decision
    assert (first.leads_found, second.leads_found) == (12, 12)
    assert "Pages 1 and 2" in first.notes[-1]
    assert [len(one.beats) for one in (first, second)] == [len(half.beats) for half in halves]
    assert all(beat.share is not None for beat in (*first.beats, *second.beats))
    # what stands beside the one answer is of the one ECG too, and no half's own
    for part in ("p_global", "p_local", "p_waveform", "waveform_share", "measurements_share", "measurement_shares"):
        assert getattr(first, part) == getattr(second, part) != getattr(halves[0], part)
    assert first.measurements == second.measurements
    assert not is_other_paper(first)


def test_a_half_with_another_halfs_rhythm_strip_is_that_half() -> None:
    limb_and_strip = Layout(6, 1, 1, LIMB, (CHEST[0],))
    assert limb_and_strip.leads == set(LIMB)


def test_two_pages_of_the_same_half_stay_apart(halves: list[Prediction], bundle: Bundle) -> None:
    limb = halves[0]
    assert joined([limb, limb], bundle) == [limb, limb]


def test_other_pages_pass_in_their_order_and_one_by_one(halves: list[Prediction], bundle: Bundle) -> None:
    whole = dataclasses.replace(halves[0], layout=None, leads_found=12)
    refused = Prediction(file="x", page=2, status="rejected", reason="no ECG")
    asked = []

    def pages() -> Iterator[Prediction]:
        for one in (whole, refused, whole):
            asked.append(one)
            yield one

    for number, one in enumerate(join_halves(pages(), bundle, lambda p: p, lambda _, p: p), start=1):
        assert one is (whole, refused, whole)[number - 1]
        assert len(asked) == number  # nothing is held back that has no other half
    assert joined([refused, halves[0], refused], bundle) == [refused, halves[0], refused]
