"""What a millimetre of paper means, and what the page prints of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

ScaleSource = Literal["grid", "pulse"]
"""What tells a page's pixels per millimetre: its printed grid, or a calibration pulse."""


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """How fast the paper ran and how far a millivolt moved the pen: what millimetres mean."""

    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0

    def __post_init__(self) -> None:
        if not (0 < self.speed_mm_s < inf and 0 < self.gain_mm_mv < inf):
            raise ValueError(f"paper speed and gain must be positive, got {self.speed_mm_s} and {self.gain_mm_mv}")


USUAL_PAPER = PaperSettings()
"""What nearly all paper is, and what is assumed until somebody says otherwise."""


@dataclass(frozen=True)
class PrintedSettings:
    """What lines of print say; None where they say nothing, or two things.

    Args:
        speed_mm_s: paper speed.
        gain_mm_mv: gain.
        low_pass_hz: upper limit of the filter.
        rate_bpm: ventricular rate as the machine counted it.
        intervals_ms: ``pr_ms``, ``qrs_ms``, ``qt_ms`` and ``qtc_ms`` as it measured them, so far as they are printed.
    """

    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None
    low_pass_hz: float | None = None
    rate_bpm: int | None = None
    intervals_ms: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Plain values under the same names."""
        return {
            "speed_mm_s": self.speed_mm_s,
            "gain_mm_mv": self.gain_mm_mv,
            "low_pass_hz": self.low_pass_hz,
            "rate_bpm": self.rate_bpm,
            "intervals_ms": dict(self.intervals_ms),
        }
