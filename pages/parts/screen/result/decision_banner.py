"""Prediction -> the banner above a page: the word, the probability on its scale, and what it means."""

import streamlit as st

from ecgcore.screening.decision import FEWEST_LEADS
from ecgcore.types import Prediction
from pages.parts.common.style import BLUE, DECISION_COLOUR, DECISION_SHAPE, ORANGE, VERMILION, banner
from pages.parts.common.words import plain

WIDER = "Because of the picture quality, results near a threshold are referred."
MEANINGS = {
    "normal": "Nothing abnormal was recognised. That does not rule out disease.",
    "refer": "A clinician should read this page.",
    "abnormal": "This page looks like those that cardiologists called abnormal. It names no diagnosis.",
}


def decision_banner(prediction: Prediction, threshold_normal: float, threshold_abnormal: float) -> None:
    """Show the verdict of a screened page: the word, why it was referred if it was, the probability on its scale.

    Args:
        prediction: with status "ok".
        threshold_normal: below it p_abnormal is normal; the model's own bound, for an older prediction without the one
            that was used for it.
        threshold_abnormal: from it on p_abnormal is abnormal, and refer between the two; as above.
    """
    decision = prediction.decision or "refer"
    low = _or(prediction.p_normal_below, threshold_normal)
    high = _or(prediction.p_abnormal_from, threshold_abnormal)
    banner(
        DECISION_COLOUR[decision],
        DECISION_SHAPE[decision],
        decision.capitalize(),
        decision_text(prediction),
        f"Model {prediction.bundle or 'unknown'}",
        beside="" if prediction.p_abnormal is None else probability_scale(prediction.p_abnormal, low, high),
    )


def picture_faults(prediction: Prediction) -> None:
    """Say what makes the picture hard to read, and what to do about it; nothing where it is a good one."""
    if prediction.faults:
        st.warning(plain(" ".join((*prediction.faults, WIDER))), icon=":material/photo_camera:")


def decision_text(prediction: Prediction) -> str:
    """Why the page was referred, if it was; what the verdict means; how often a page with such a score is abnormal."""
    # What is wrong with the picture is said below, by ``picture_faults``.
    reason = (prediction.reason or "").replace(f": {' '.join(prediction.faults)}", ".")
    meaning = MEANINGS[prediction.decision or "refer"]
    sentences = [reason, "" if "clinician should read" in reason else meaning]
    is_whole = prediction.leads_found is None or prediction.leads_found >= FEWEST_LEADS  # as all that calibrated it
    if prediction.p_abnormal is not None and is_whole:
        of_100 = f"about {100 * prediction.p_abnormal:.0f}"
        if not 0.005 <= prediction.p_abnormal < 0.995:
            of_100 = "fewer than 1" if prediction.p_abnormal < 0.5 else "more than 99"
        sentences.append(f"Of 100 calibration pages with this score, {of_100} were abnormal.")
    return " ".join(filter(None, sentences))


def _or(used: float | None, usual: float) -> float:
    return usual if used is None else used


def probability_scale(p_abnormal: float, low: float, high: float) -> str:
    """A bar from 0 to 1 in three zones, with both thresholds and the page's own mark on it.

    Args:
        p_abnormal: 0 to 1.
        low: below it is normal.
        high: from it on is abnormal.
    """
    low_pct, high_pct, mark_pct = 100 * low, 100 * high, 100 * p_abnormal
    zones = "".join(
        f'<div style="position:absolute;top:24px;height:12px;left:{start:.2f}%;width:{max(end - start, 0):.2f}%;'
        f'background:{colour};opacity:.75"></div>'
        for start, end, colour in ((0, low_pct, BLUE), (low_pct, high_pct, ORANGE), (high_pct, 100, VERMILION))
    )
    ticks = "".join(
        f'<div style="position:absolute;top:20px;height:20px;left:{at:.2f}%;border-left:2px solid currentColor"></div>'
        for at in (low_pct, high_pct)
    )
    # The limits are written at the ends and not at their lines, where two close ones would print over each other.
    words = (
        '<div style="position:absolute;top:42px;width:100%;display:flex;justify-content:space-between;'
        f'font-size:.8rem"><span>● normal below {low:.2f}</span><span>◆ refer</span>'
        f"<span>▲ abnormal from {high:.2f}</span></div>"
    )
    mark = (
        f'<div style="position:absolute;top:-2px;left:{mark_pct:.2f}%;transform:translateX(-50%);font-weight:700;'
        f'white-space:nowrap;line-height:1">{p_abnormal:.2f}'
        '<div style="text-align:center;font-size:.7rem">▼</div></div>'
    )
    return (
        f'<div style="flex:1 1 300px;max-width:640px;padding:4px 14px 0"><div role="img" '
        f'aria-label="probability of abnormal {p_abnormal:.2f}; '
        f'normal below {low:.2f}, abnormal from {high:.2f}" style="position:relative;height:64px">'
        f"{zones}{ticks}{words}{mark}</div></div>"
    )
