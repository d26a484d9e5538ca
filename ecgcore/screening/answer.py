"""A page's answer: what the classifying networks said, and what is decided of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scipy.special import expit

from ecgcore.geometry.arrays import FloatArray
from ecgcore.operating_point import OperatingPoint
from ecgcore.screening.decision import MOST_DIGITS, decide_page
from ecgcore.types import Prediction

SHARE_DIGITS = 6
"""Shares of the logit are given to so many places."""


@dataclass(frozen=True)
class Classification:
    """What the classifying networks say of one page with ``n >= 1`` beats; logits are log-odds of abnormal.

    ``waveform_share`` and ``measurements_share`` are the fused logit minus the fused logit without the signal, and
    without the measurements; None where nothing was read, or the bundle does not use it, as ``logit_waveform`` is then.
    ``measurement_shares``: of each measurement that was taken, by its name, the value that the head was told and its
    share.
    """

    logit_fused: float
    logit_global: float
    logits_local: FloatArray
    shares: FloatArray
    logit_waveform: float | None = None
    waveform_share: float | None = None
    measurements_share: float | None = None
    measurement_shares: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def with_answer(
    page: Prediction,
    said: Classification,
    operating_point: OperatingPoint,
    *,
    faults: tuple[str, ...],
    leads_found: int | None,
    first_beat: int = 0,
) -> Prediction:
    """The prediction with the decision, its probability, and what each network and each beat added to it.

    Args:
        page: with its beats.
        said: of this page, or of several that show one ECG together.
        operating_point: the bundle's.
        faults: what makes what was judged hard to read.
        leads_found: in what was judged, of 12; None where they could not be counted.
        first_beat: number of the page's first beat in ``said``.
    """
    logit = said.logit_fused / operating_point.temperature
    decided = decide_page(logit, operating_point, faults=faults, leads_found=leads_found)
    beats = tuple(
        replace(
            beat,
            p_abnormal=round(float(expit(said.logits_local[n])), 4),
            share=round(float(said.shares[n]), SHARE_DIGITS),
        )
        for n, beat in enumerate(page.beats, start=first_beat)
    )
    return replace(
        page,
        p_abnormal=_probability(logit),
        **vars(decided),
        beats=beats,
        leads_found=leads_found,
        p_global=_probability(said.logit_global),
        p_local=_probability(float(said.logits_local.mean())),
        p_waveform=_probability(said.logit_waveform),
        waveform_share=rounded(said.waveform_share, SHARE_DIGITS),
        measurements_share=rounded(said.measurements_share, SHARE_DIGITS),
        measurement_shares=said.measurement_shares,
    )


def _probability(logit: float | None) -> float | None:
    return None if logit is None else round(float(expit(logit)), MOST_DIGITS)


def rounded(value: float | None, digits: int) -> float | None:
    """To so many digits behind the point; None stays None.

    Args:
        value: any.
        digits: how many.
    """
    return None if value is None else round(value, digits)
