"""What a millimetre of paper means."""

from dataclasses import dataclass
from math import inf


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
