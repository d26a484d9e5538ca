"""A poor page gets the answer of a good one, or "refer" where that answer is near a threshold."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ecgcore.operating_point import OperatingPoint
from ecgcore.page.quality.gate import POOR_MARGIN_LOGIT
from ecgcore.screening.decision import decide

OPERATING_POINT = OperatingPoint(min_score=0.5, temperature=1.0, p_normal_below=0.3, p_abnormal_from=0.7)
LIMIT = math.log(0.7 / 0.3)


@given(st.floats(-30, 30))
def test_poor_pages_are_referred_more_readily(logit: float) -> None:
    good, poor = (decide(logit, OPERATING_POINT, is_poor=is_poor) for is_poor in (False, True))
    assert poor in {good, "refer"}
    if abs(abs(logit) - LIMIT) > POOR_MARGIN_LOGIT + 1e-3:
        assert poor == good


def test_the_margin_is_kept_on_both_sides() -> None:
    near, far = LIMIT + 0.9 * POOR_MARGIN_LOGIT, LIMIT + 1.1 * POOR_MARGIN_LOGIT
    assert [decide(sign * near, OPERATING_POINT, is_poor=True) for sign in (-1, 1)] == ["refer", "refer"]
    assert [decide(sign * far, OPERATING_POINT, is_poor=True) for sign in (-1, 1)] == ["normal", "abnormal"]
    assert [decide(sign * near, OPERATING_POINT, is_poor=False) for sign in (-1, 1)] == ["normal", "abnormal"]
