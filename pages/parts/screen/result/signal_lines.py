"""The signal that was read off a page, as lines in pixels of its upright photo."""

from dataclasses import dataclass

import numpy as np

from ecgcore.types import FloatArray, Prediction
from ecgcore.waveform.screened_signal import signal_of

_STEP_PX = 1.5
"""Points of the line, in pixels of the panel (4 a millimetre): closer ones are not told apart on a screen."""


@dataclass(frozen=True)
class LeadLines:
    """Lines in pixels of the upright photo: None lifts the pen; ``names``: where each lead begins."""

    xs: list[float | None]
    ys: list[float | None]
    names: dict[str, tuple[float, float]]


def lines_of(prediction: Prediction) -> LeadLines:
    """The lines of a prediction; empty where no lead is known."""
    signal, frame = signal_of(prediction), prediction.frame
    lines = LeadLines([], [], {})
    if signal is None or frame is None:
        return lines
    for lead, pieces in signal.traces_panel_xy.items():
        for piece in pieces:
            points = frame.points_to_photo(_thinned(piece))
            lines.xs.extend([*np.round(points[:, 0], 1).tolist(), None])
            lines.ys.extend([*np.round(points[:, 1], 1).tolist(), None])
            lines.names.setdefault(lead, (float(points[0, 0]), float(points[0, 1])))
    return lines


def _thinned(points_xy: FloatArray) -> FloatArray:
    """Without points that lie closer together than ``_STEP_PX`` along both axes, but for the ends and extremes."""
    moved = np.abs(np.diff(points_xy, axis=0)).max(axis=1).cumsum() // _STEP_PX
    kept = np.flatnonzero(np.concatenate([[True], np.diff(moved, prepend=0) > 0]))
    return np.asarray(points_xy[np.union1d(kept, [len(points_xy) - 1])])
