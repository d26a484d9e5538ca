"""Two places on a photo -> the time and the voltage between them, along the paper's millimetres."""

from dataclasses import dataclass

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.paper import USUAL_PAPER
from ecgcore.types import Prediction

# 1 mV at the standard gain of 10 mm/mV.
USUAL_PULSE_MM = 10.0
"""What a calibration pulse is taken for where it alone tells the scale; another gain makes it another height."""


@dataclass(frozen=True, slots=True)
class Span:
    """What lies between two places of an ECG, measured from a photo.

    Args:
        ms: along the paper, never negative.
        mv: from the first place up to the second; negative where the second lies lower.
    """

    ms: float
    mv: float

    @property
    def bpm(self) -> float | None:
        """The rate of beats that far apart; None for places one below the other."""
        return 60_000 / self.ms if self.ms > 0 else None


def span(prediction: Prediction, start_photo_xy: tuple[float, float], end_photo_xy: tuple[float, float]) -> Span | None:
    """Measure from one place to another, on the straightened panel and the prediction's paper.

    Args:
        prediction: of the page.
        start_photo_xy: where it begins, in pixels of the upright photo.
        end_photo_xy: where it ends.

    Returns:
        The span, or None where neither grid nor pulse tells how long a millimetre is.
    """
    if prediction.frame is None or prediction.px_per_mm is None:
        return None
    (x1, y1), (x2, y2) = prediction.frame.points_to_panel([start_photo_xy, end_photo_xy])
    mm_per_px = 1 / STANDARD_PX_PER_MM
    if prediction.scale_source == "pulse":
        mm_per_px *= prediction.paper.gain_mm_mv / USUAL_PULSE_MM
    return Span(
        abs(float(x2 - x1)) * mm_per_px / USUAL_PAPER.speed_mm_s * 1000,  # the raster runs at 25 mm/s
        float(y1 - y2) * mm_per_px / prediction.paper.gain_mm_mv,
    )
