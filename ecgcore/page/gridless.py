"""Pages without a printed grid: a panel told by its traces alone, whichever way the page lies."""

from dataclasses import replace
from typing import Literal

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.boxes import XYXY
from ecgcore.geometry.frame import PanelFrame
from ecgcore.page.ink import pen_ink, strongest_channel
from ecgcore.page.panel import MARGIN_MM, trace_boxes
from ecgcore.page.pulses import joined_pulse_px, pulse_height_px
from ecgcore.page.standard_panel import TURNED, FoundPanel, StandardPanel, standard_panel

ASSUMED_PANEL_MM = 260.0
PULSE_MM = 10.0
GAP_SHARE = 0.006
"""Of the width: a pen so thin that it breaks leaves gaps of this size (D-094, on the same 40 pages as
``STROKE_SHARE``)."""


def panel_without_grid(ink: ByteArray, *, is_broken: bool = False) -> tuple[XYXY, float, Literal["pulse"] | None]:
    """Find the panel of a page without a printed grid: its traces and the pulses beside them, and 5 mm around.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        is_broken: look over small gaps in the traces, and for pulses that are joined to them.

    Returns:
        Box, working px_per_mm and its source; None where neither grid nor pulse tells and a width is assumed.

    Raises:
        NotScreenableError: there is no trace.
    """
    height, width = ink.shape
    traces, every = trace_boxes(ink, round(GAP_SHARE * width) if is_broken else 0)
    if len(traces) == 0:
        raise NotScreenableError(
            "No ECG traces were found in the picture.",
            "Use a picture that shows the whole ECG page, upright and in focus.",
        )
    x1, y1 = traces[:, :2].min(axis=0)
    x2, y2 = traces[:, 2:].max(axis=0)
    pulse_px = pulse_height_px(ink, every)
    if pulse_px is None and is_broken:
        pulse_px = joined_pulse_px(ink, traces)
    px_per_mm = (x2 - x1) / ASSUMED_PANEL_MM if pulse_px is None else pulse_px / PULSE_MM
    # the calibration pulses stand beside the traces and belong to the panel
    tall = every[
        (every[:, 3] - every[:, 1] > 6 * px_per_mm)
        & (every[:, 1] > y1 - 10 * px_per_mm)
        & (every[:, 3] < y2 + 5 * px_per_mm)
    ]
    near = tall[(tall[:, 2] > x1 - 15 * px_per_mm) & (tall[:, 0] < x2 + 15 * px_per_mm)]
    if len(near):
        x1, y1 = np.minimum((x1, y1), near[:, :2].min(axis=0))
        x2, y2 = np.maximum((x2, y2), near[:, 2:].max(axis=0))
    margin = MARGIN_MM * px_per_mm
    box = (
        max(0, round(x1 - margin)),
        max(0, round(y1 - margin)),
        min(width, round(x2 + margin)),
        min(height, round(y2 + margin)),
    )
    return box, float(px_per_mm), None if pulse_px is None else "pulse"


def panel_by_traces(darkness: ByteArray, *, is_broken: bool = False, is_upright: bool = False) -> StandardPanel:
    """Read a panel that only its traces tell.

    Args:
        darkness: of a whole picture, ``uint8 [H, W, 3]``, 0 = paper.
        is_broken: as in :func:`panel_without_grid`.
        is_upright: the page is known to lie upright.

    Raises:
        NotScreenableError: there is no trace.
    """
    ink = pen_ink(np.ascontiguousarray(darkness), False, 1.0)
    box, scale, source = panel_without_grid(ink, is_broken=is_broken)
    notes = ["No printed grid was found; the panel is the traces with 5 mm around them."]
    if source is None:
        notes.append(
            f"Neither grid nor calibration pulse was found; a panel {ASSUMED_PANEL_MM:.0f} mm wide is assumed."
        )
    x1, y1, x2, y2 = box
    seen = strongest_channel(darkness[y1:y2, x1:x2])
    found = FoundPanel(ink[y1:y2, x1:x2], seen, box, (scale, scale), source, notes=tuple(notes))
    return standard_panel(found, is_upright=is_upright)


def panel_by_form(darkness: ByteArray, quarter_turns_cw: int) -> StandardPanel:
    """Read the traces of a page turned by so many quarters; once more where it proves to lie otherwise.

    Pulses and the traces' width give the scale, and both are seen only where the page lies as it is read. A pulse that
    is seen stands upright, whatever the strokes say.

    Args:
        darkness: of a page without a grid that fills its picture, ``uint8 [H, W, 3]``, 0 = paper.
        quarter_turns_cw: quarter turns clockwise after which it is read first.

    Raises:
        NotScreenableError: there is no trace.
    """
    panel = panel_by_traces(np.rot90(darkness, -quarter_turns_cw), is_broken=True)
    more = _quarter_turns(panel.frame)
    if more and panel.scale_source == "pulse":
        panel = panel_by_traces(np.rot90(darkness, -quarter_turns_cw), is_broken=True, is_upright=True)
    elif more:
        quarter_turns_cw += more
        panel = panel_by_traces(np.rot90(darkness, -quarter_turns_cw), is_broken=True)
    turned = (quarter_turns_cw + _quarter_turns(panel.frame)) % 4
    lying = PanelFrame(np.eye(3), (darkness.shape[1], darkness.shape[0])).turned(quarter_turns_cw)
    frame = replace(panel.frame, photo_from_panel=lying.photo_from_panel @ panel.frame.photo_from_panel)
    every_turn = {TURNED.format(90 * turns) for turns in range(1, 4)}
    notes = [note for note in panel.notes if note not in every_turn]
    return replace(panel, frame=frame, notes=(*notes, TURNED.format(90 * turned)) if turned else tuple(notes))


def _quarter_turns(frame: PanelFrame) -> int:
    """By how many quarters, clockwise, a panel was turned out of its picture."""
    (across, down), _ = frame.photo_from_panel[:2, :2].T
    return round(float(np.arctan2(-down, across)) / (np.pi / 2)) % 4
