"""From a probability to an answer: the bounds that hold for a page, and in plain words why one is referred."""

from dataclasses import dataclass
from typing import Protocol

from scipy.special import expit
from scipy.special import logit as log_odds_of

from ecgcore.operating_point import Decision

POOR_MARGIN_LOGIT = 0.5
"""A poor page's answer must stay the same if the log-odds of abnormal were off by so much either way. An operating
rule, as all limits of a poor page are (D-080): no data here tell how far wear moves an answer."""
MOST_DIGITS = 6
"""Probabilities are given to so many places."""

# Chosen; benchmarks/page/whole_pages.py counts the whole pages that they refer.
FEWEST_LEADS, FEWEST_OF_NORMAL = 10, 12
"""With fewer lead stretches a page is no 12-lead ECG: half of one may look normal where the other half is not. What is
abnormal in ten leads is abnormal in twelve; what is normal in eleven may not be in the last."""


class Bounds(Protocol):
    """What of a bundle's operating point makes a decision."""

    @property
    def p_normal_below(self) -> float: ...

    @property
    def p_abnormal_from(self) -> float: ...

    def decide_probability(self, p_abnormal: float) -> Decision: ...


@dataclass(frozen=True)
class PageDecision:
    """A decision, why it is "refer" (else None), and the bounds that held: normal below, abnormal from."""

    decision: Decision
    reason: str | None
    p_normal_below: float
    p_abnormal_from: float


def decide_page(
    logit: float, operating_point: Bounds, *, faults: tuple[str, ...], leads_found: int | None
) -> PageDecision:
    """Decide one page.

    Args:
        logit: calibrated log-odds of abnormal.
        operating_point: the bundle's operating point.
        faults: what makes the page hard to read; with any the bounds are wider.
        leads_found: lead stretches on the page, of 12; None where they could not be counted.
    """
    is_poor = bool(faults)
    decision, reasons = decide_logit(logit, operating_point, is_poor=is_poor), []
    if decision == "refer":
        reasons.append(why_between(_probability(logit), operating_point, faults))
    needed = FEWEST_OF_NORMAL if decision == "normal" else FEWEST_LEADS
    if leads_found is not None and leads_found < needed:
        decision = "refer"
        reasons.insert(0, too_few_leads(leads_found))
    return PageDecision(decision, " ".join(reasons) or None, *used_bounds(operating_point, is_poor=is_poor))


def too_few_leads(found: int) -> str:
    """The reason why a page with so few leads, under 12, is no answer."""
    answers = "normal or abnormal" if found < FEWEST_LEADS else "normal"
    return f"Only {found} of 12 leads were found on the page, too few to call it {answers}."


def decide_logit(logit: float, operating_point: Bounds, *, is_poor: bool) -> Decision:
    """The answer; a poor page's must be the same ``POOR_MARGIN_LOGIT`` to both sides, else it is "refer".

    Args:
        logit: calibrated log-odds of abnormal.
        operating_point: the bundle's operating point.
        is_poor: whether the page has faults.
    """
    margin = POOR_MARGIN_LOGIT if is_poor else 0.0
    low, high = (operating_point.decide_probability(_probability(logit + shift)) for shift in (-margin, margin))
    return low if low == high else "refer"


def used_bounds(operating_point: Bounds, *, is_poor: bool) -> tuple[float, float]:
    """The probabilities below which a page is normal and from which it is abnormal; a poor page's are further apart.

    Args:
        operating_point: the bundle's operating point.
        is_poor: whether the page has faults.
    """
    low, high = operating_point.p_normal_below, operating_point.p_abnormal_from
    if not is_poor:
        return low, high
    return (
        _probability(log_odds_of(low) - POOR_MARGIN_LOGIT),
        _probability(log_odds_of(high) + POOR_MARGIN_LOGIT),
    )


def why_between(p_abnormal: float, operating_point: Bounds, faults: tuple[str, ...]) -> str:
    """Why a probability is no answer: the bounds it lies between, and what widened them.

    Args:
        p_abnormal: calibrated.
        operating_point: the bundle's operating point.
        faults: what makes the page hard to read.
    """
    bounds = used_bounds(operating_point, is_poor=bool(faults))
    p, low, high = _distinct_digits(p_abnormal, *bounds)
    if not faults:
        return f"{p} lies between {low} and {high}."
    _, usual_low, usual_high = _distinct_digits(
        p_abnormal, operating_point.p_normal_below, operating_point.p_abnormal_from
    )
    return (
        f"{p} lies between {low} and {high}, widened from {usual_low} and {usual_high} because of the picture: "
        + " ".join(faults)
    )


def _distinct_digits(p_abnormal: float, low: float, high: float) -> tuple[str, str, str]:
    """The three numbers to two places, or to as many as tell the first from the others."""
    for digits in range(2, MOST_DIGITS + 1):
        p, *bounds = (f"{value:.{digits}f}" for value in (p_abnormal, low, high))
        if p not in bounds:
            break
    return p, bounds[0], bounds[1]


def _probability(log_odds: float) -> float:
    """To as many places as probabilities are given."""
    return round(float(expit(log_odds)), MOST_DIGITS)
