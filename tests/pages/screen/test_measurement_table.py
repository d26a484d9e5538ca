"""How measurements are put on the Screen page: value, usual range, source, and why there is none."""

import pytest

from ecgcore.lead_layout import LEADS
from ecgcore.measure.reference_ranges import reference_ranges
from ecgcore.measurements import Measurements
from pages.parts.screen.result.measurement_table import missing_lines, page_rows, range_text, value_text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("heart_rate_bpm", 72.5, "73 bpm"),
        ("qrs_ms", 94.6, "95 ms"),
        ("axis_deg", -31.4, "−31°"),
        ("cornell_mv", 1.234, "1.23 mV"),
        ("premature_share", 0.071, "7 %"),
        ("pauses", 2.0, "2"),
    ],
)
def test_values_bear_their_unit_and_the_digits_that_mean_something(name: str, value: float, words: str) -> None:
    assert value_text(name, value) == words


def test_ranges_name_whose_they_are() -> None:
    assert range_text("pr_ms", reference_ranges("pr_ms")[0]) == "120 to 200"
    assert [range_text("cornell_mv", usual) for usual in reference_ranges("cornell_mv")] == [
        "men up to 2.8",
        "women up to 2",
    ]
    assert range_text("axis_deg", reference_ranges("axis_deg")[0]) == "−30 to 90°"


def test_what_is_outside_is_said_in_words_and_only_what_was_measured_has_a_row() -> None:
    rows = page_rows(Measurements(pr_ms=212.0, qrs_ms=94.0, qtc_bazett_ms=455.0, axis_deg=-40.0, late_share=0.0))
    assert [(name, value) for name, value, *_ in rows] == [
        ("PR", "**▲ 212 ms**, above"),
        ("QRS", "94 ms"),
        ("QTc Bazett", "**▲ 455 ms**, above for men"),
        ("QRS axis", "**▼ −40°**, below"),
        ("Late beats", "0 %"),
    ]
    assert all(sources for name, _, usual, sources in rows if usual != "–")


def test_reasons_are_told_once_each() -> None:
    missing = {"pr_ms": "no P", "qt_ms": "flat", "t_mv": "flat"}
    missing |= {f"{value}.{lead}": "not read" for value in ("r_mv", "s_mv") for lead in LEADS[:2]}
    assert missing_lines(Measurements(not_measured=missing)) == [
        "PR not measured: no P.",
        "QT, T not measured: flat.",
        "Not all measured in I, II: not read.",
    ]
