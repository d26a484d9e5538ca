"""Every referral says why, with the bounds that held."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.operating_point import OperatingPoint
from ecgcore.screening.decision import POOR_MARGIN_LOGIT, decide_logit, decide_page, used_bounds

OPERATING_POINT = OperatingPoint(0.5, 1.0, 0.11, 0.77)
CUT_OFF = "The page is cut off at the picture's edge: show the whole page."


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_a_referral_names_its_bounds() -> None:
    told = decide_page(_logit(0.34), OPERATING_POINT, faults=(), leads_found=12)
    assert (told.decision, told.reason) == ("refer", "0.34 lies between 0.11 and 0.77.")
    assert (told.p_normal_below, told.p_abnormal_from) == (0.11, 0.77)


def test_a_poor_page_s_zone_is_wider_and_says_why() -> None:
    told = decide_page(_logit(0.8), OPERATING_POINT, faults=(CUT_OFF,), leads_found=12)
    assert told.decision == "refer"
    assert (
        told.reason == f"0.80 lies between 0.07 and 0.85, widened from 0.11 and 0.77 because of the picture: {CUT_OFF}"
    )
    assert told.p_normal_below < 0.11 and told.p_abnormal_from > 0.8


def test_too_few_leads_refer_whatever_the_probability() -> None:
    for p in (0.01, 0.34, 0.99):
        told = decide_page(_logit(p), OPERATING_POINT, faults=(), leads_found=6)
        assert told.decision == "refer"
        assert told.reason is not None and told.reason.startswith("Only 6 of 12 leads were found on the page")
    for leads in (12, None):
        assert decide_page(_logit(0.01), OPERATING_POINT, faults=(), leads_found=leads).decision == "normal"


@pytest.mark.parametrize("leads", [10, 11])
def test_what_is_normal_but_for_a_lead_or_two_is_referred_and_what_is_abnormal_is_not(leads: int) -> None:
    told = decide_page(_logit(0.01), OPERATING_POINT, faults=(), leads_found=leads)
    assert (told.decision, told.reason) == (
        "refer",
        f"Only {leads} of 12 leads were found on the page, too few to call it normal.",
    )
    assert decide_page(_logit(0.99), OPERATING_POINT, faults=(), leads_found=leads).decision == "abnormal"


def test_numbers_that_round_alike_are_told_apart() -> None:
    told = decide_page(_logit(0.1104), OPERATING_POINT, faults=(), leads_found=12)
    assert told.reason == "0.1104 lies between 0.1100 and 0.7700."


@given(st.floats(0.001, 0.999), st.booleans())
def test_the_bounds_are_those_of_the_decision(p: float, is_poor: bool) -> None:
    faults = (CUT_OFF,) if is_poor else ()
    low, high = used_bounds(OPERATING_POINT, is_poor=is_poor)
    told = decide_page(_logit(p), OPERATING_POINT, faults=faults, leads_found=12)
    if min(abs(p - low), abs(p - high)) > 1e-5:
        assert told.decision == ("normal" if p < low else "abnormal" if p >= high else "refer")
    assert (told.reason is None) == (told.decision != "refer")


@pytest.mark.parametrize("operating_point", [OperatingPoint(0.5, 1.0, 0.0, 1.0), OperatingPoint(0.5, 1.0, 0.0, 0.0)])
def test_bounds_at_the_ends_stay_there(operating_point: OperatingPoint) -> None:
    bounds = operating_point.p_normal_below, operating_point.p_abnormal_from
    assert used_bounds(operating_point, is_poor=True) == used_bounds(operating_point, is_poor=False) == bounds


ROUND_BOUNDS = OperatingPoint(min_score=0.5, temperature=1.0, p_normal_below=0.3, p_abnormal_from=0.7)
LIMIT = math.log(0.7 / 0.3)


@given(st.floats(-30, 30))
def test_poor_pages_are_referred_more_readily(logit: float) -> None:
    good, poor = (decide_logit(logit, ROUND_BOUNDS, is_poor=is_poor) for is_poor in (False, True))
    assert poor in {good, "refer"}
    if abs(abs(logit) - LIMIT) > POOR_MARGIN_LOGIT + 1e-3:
        assert poor == good


def test_the_margin_is_kept_on_both_sides() -> None:
    near, far = LIMIT + 0.9 * POOR_MARGIN_LOGIT, LIMIT + 1.1 * POOR_MARGIN_LOGIT
    assert [decide_logit(sign * near, ROUND_BOUNDS, is_poor=True) for sign in (-1, 1)] == ["refer", "refer"]
    assert [decide_logit(sign * far, ROUND_BOUNDS, is_poor=True) for sign in (-1, 1)] == ["normal", "abnormal"]
    assert [decide_logit(sign * near, ROUND_BOUNDS, is_poor=False) for sign in (-1, 1)] == ["normal", "abnormal"]
