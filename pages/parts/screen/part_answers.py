"""What each part of the model says of a page, and which measurements weighed most."""

import streamlit as st

from ecgcore.measure.measurements import Measurements
from ecgcore.types import Prediction
from pages.parts.screen.measurement_table import LEAD_WORDS, WORDS, value_text

HEAVIEST, FAINTEST = 3, 0.05
"""Measurements told for each answer, and the log-odds from which one is worth telling."""
SHARE = (
    "Left: what each part answers by itself, as probability of abnormal. Right: the decision with the signal or the "
    "measurements minus the decision without them, in log-odds; + speaks for abnormal, − for normal."
)


def part_answers(prediction: Prediction) -> None:
    """The answers of the parts, and the measurements that weighed most; nothing for a model of pictures alone."""
    if prediction.p_waveform is None and prediction.measurements_share is None:
        return
    st.markdown("**What each part says**", help=SHARE)
    st.markdown("\n".join(["| | Alone | Share |", "|:--|:--|:--|", *part_rows(prediction)]))
    for answer, numbers in heaviest_measurements(prediction).items():
        st.caption(f"Measurements supporting {answer}: {', '.join(numbers)}.")


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
    found, shares = prediction.measurements, prediction.measurement_shares
    if found is None:
        return {}
    order = sorted(shares, key=lambda name: -abs(shares[name]))
    told = {
        answer: [name for name in order if sign * shares[name] >= FAINTEST][:HEAVIEST]
        for answer, sign in (("abnormal", 1), ("normal", -1))
    }
    return {
        answer: [f"{_words(name)} {_value(found, name)} ({_signed(shares[name])})" for name in names]
        for answer, names in told.items()
        if names
    }


def _words(name: str) -> str:
    """A measurement's name as the pages write it: "PR", "ST in V2"."""
    value, _, lead = name.partition(".")
    words = {**WORDS, **LEAD_WORDS, "sdnn_ms": "SDNN", "rmssd_ms": "RMSSD"}[value]
    return f"{words} in {lead}" if lead else words


def _value(found: Measurements, name: str) -> str:
    number = float(found.vector([name])[0])
    return value_text(name.partition(".")[0], number)


def _signed(share: float) -> str:
    return f"{share:+.2f}".replace("-", "−")
