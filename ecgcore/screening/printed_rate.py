"""The rate that the machine printed beside the one that was measured."""

from dataclasses import replace

from ecgcore.rhythm.measures import whole_bpm
from ecgcore.types import Prediction

USUAL_RATES_BPM = (50.0, 110.0)
"""Another rate is compared with the printed one even where the header must be read for it."""
FAR_SHARE, FAR_BPM = 0.1, 5.0
"""Rates further apart than both do not agree: machines count other beats, and mean them otherwise."""
OTHER_RATE = "The page prints a rate of {printed} bpm, {measured} bpm were measured."
HALF_RATE = (
    "The page prints a rate of {printed} bpm, twice the measured {measured}: its paper may have run at 50 mm/s. "
    "Set the paper speed if so."
)
TWICE = (1.85, 2.15)


def is_unusual(heart_rate_bpm: float | None) -> bool:
    """Whether a rate is to be compared with the printed one."""
    return heart_rate_bpm is None or not USUAL_RATES_BPM[0] <= heart_rate_bpm <= USUAL_RATES_BPM[1]


def with_printed_rate(prediction: Prediction) -> Prediction:
    """The prediction with a note where the printed rate is another; a fault where it is twice the measured one."""
    printed = None if prediction.printed is None else prediction.printed.rate_bpm
    measured = prediction.heart_rate_bpm
    if printed is None or measured is None:
        return prediction
    if abs(printed - measured) <= max(FAR_BPM, FAR_SHARE * printed):
        return prediction
    words = {"printed": printed, "measured": whole_bpm(measured)}
    if TWICE[0] <= printed / measured <= TWICE[1]:
        return replace(prediction, faults=(*prediction.faults, HALF_RATE.format(**words)))
    return replace(prediction, notes=(*prediction.notes, OTHER_RATE.format(**words)))
