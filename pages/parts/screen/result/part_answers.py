"""What each part of the model says of a page, and which measurements weighed most."""

import numpy as np
import streamlit as st

from ecgcore.types import Prediction
from pages.parts.screen.result.measurement_table import LEAD_WORDS, WORDS, value_text

HEAVIEST, FAINTEST = 3, 0.05
"""Measurements told for each answer, and the log-odds from which one is worth telling."""
SHARE = (
    "Alone: the probability of abnormal by each part itself. Share: the decision with the signal or the "
    "measurements minus the decision without them, as log-odds before calibration; + supports abnormal, − "
    "normal. Numbers in brackets: the same of one measurement. Each is taken out alone, so shares do not add up."
)
OTHER_PAPER = " As read at the speed and gain that the picture tells, which the model sees."


def part_answers(prediction: Prediction) -> None:
    """The answers of the parts, and the measurements that weighed most; nothing for a model of pictures alone."""
    if prediction.p_waveform is None and prediction.measurements_share is None:
        return
    st.markdown("**Result of each part**", help=SHARE)
    st.markdown("\n".join(["| | Alone | Share |", "|:--|:--|:--|", *part_rows(prediction)]))
    other_paper = OTHER_PAPER if is_other_paper(prediction) else ""
    for answer, numbers in heaviest_measurements(prediction).items():
        st.caption(f"Measurements supporting {answer}: {', '.join(numbers)}.{other_paper}")


def part_rows(prediction: Prediction) -> list[str]:
    """Rows of the table: the page's picture, its beats, its signal, its measurements."""
    rows = (
        ("Page", prediction.p_global, None),
        ("Beats, mean", prediction.p_local, None),
        ("Signal", prediction.p_waveform, prediction.waveform_share),
        ("Measurements", None, prediction.measurements_share),
    )
    known = [(words, p, share) for words, p, share in rows if p is not None or share is not None]
    return [
        f"| {words} | {'' if p is None else f'{p:.2f}'} | {'' if share is None else _signed(share)} |"
        for words, p, share in known
    ]


def heaviest_measurements(prediction: Prediction) -> dict[str, list[str]]:
    """Name, value and share of the measurements that weighed most for each answer that any of them supports."""
    shares = prediction.measurement_shares
    order = sorted(shares, key=lambda name: -abs(shares[name][1]))
    chosen = {
        answer: [name for name in order if sign * shares[name][1] >= FAINTEST][:HEAVIEST]
        for answer, sign in (("abnormal", 1), ("normal", -1))
    }
    return {answer: [_words(name, *shares[name]) for name in names] for answer, names in chosen.items() if names}


def is_other_paper(prediction: Prediction) -> bool:
    """Whether the model was told other values than stand in the table, since a reader has set another paper since."""
    found = prediction.measurements
    if found is None or not prediction.measurement_shares:
        return False
    values = np.array([value for value, _ in prediction.measurement_shares.values()])
    return not np.allclose(found.vector(list(prediction.measurement_shares)), values, rtol=1e-4, atol=1e-4)


def _words(name: str, value: float, share: float) -> str:
    """A measurement as the page writes it: "ST in V2 0.21 mV (+0.31)"."""
    number, _, lead = name.partition(".")
    words = {**WORDS, **LEAD_WORDS, "sdnn_ms": "SDNN", "rmssd_ms": "RMSSD"}[number]
    return f"{words}{f' in {lead}' if lead else ''} {value_text(number, value)} ({_signed(share)})"


def _signed(share: float) -> str:
    return f"{round(share, 2) + 0.0:+.2f}".replace("-", "−").replace("+0.00", "0.00")
