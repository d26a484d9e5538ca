"""Draws digital 12-lead ECGs as paper pages with the exact box of every complete beat."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from ecgcore.errors import SignalError
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.papersim.page_plan import PULSE_MM, PageGeometry, Place, Segment, places_of, plan_page
from ecgcore.papersim.print_and_scan import compose_grid, print_text, turned, wear
from ecgcore.papersim.style import PageStyle

BOX_PAD_MM = 1.0
"""Paper above and below the trace that belongs to a beat's box."""

_SUPERSAMPLE = 2


@dataclass(frozen=True)
class DrawnTrace:
    """One lead's stretch as it was drawn, wander and noise with it: the truth for whoever reads the page's signal.

    Args:
        lead: its number in ``LEADS``.
        row: from the top.
        time_s: time along the page of each point, 0 where the page's traces begin, ``[n]``.
        value_mv: height above the row's baseline in millivolts, ``[n]``.
        points_xy: where each lies, in pixels (on pixel edges) of the page's picture, ``[n, 2]``.
    """

    lead: int
    row: int
    time_s: FloatArray
    value_mv: FloatArray
    points_xy: FloatArray


@dataclass(frozen=True)
class SimPage:
    """A drawn page and its truth, all in pixels (on pixel edges) of ``image_rgb``.

    Args:
        image_rgb: ``uint8 [H, W, 3]``.
        boxes_xyxy: ``float64 [n, 4]``, every complete beat: P onset to T end, trace extremes plus 1 mm.
        box_leads: ``[n]`` lead number of each box.
        box_rows: ``[n]`` row of each box, from the top.
        box_times_s: ``[n, 2]`` the beat's onset and end in the record.
        px_per_mm: scale of the paper.
        panel_xyxy: the grid area before any rotation.
        text_xyxy: ``float64 [m, 4]``, the words of header and footer.
        traces: every lead's stretch, row by row.
    """

    image_rgb: ByteArray
    boxes_xyxy: FloatArray
    box_leads: np.ndarray
    box_rows: np.ndarray
    box_times_s: FloatArray
    px_per_mm: float
    panel_xyxy: tuple[float, float, float, float]
    text_xyxy: FloatArray = field(default_factory=lambda: np.zeros((0, 4)))
    traces: tuple[DrawnTrace, ...] = ()


def draw_page(
    signals_mv: FloatArray,
    fs_hz: float,
    style: PageStyle,
    seed: int,
    *,
    beats_s: list[FloatArray] | None = None,
    plan: list[list[Segment]] | None = None,
) -> SimPage:
    """Draw one page; the same arguments give the same pixels.

    Args:
        signals_mv: ``[12, n]`` millivolts, leads in the order of ``LEADS``.
        fs_hz: sampling frequency.
        style: the page's looks.
        seed: seeds header text, noise and wear.
        beats_s: for each lead ``[k, 2]`` onset and end of its complete beats, in seconds of the record.
        plan: which stretch of which lead stands where; ``plan_page`` by default.

    Raises:
        SignalError: the signal is not ``[12, n]``, holds no finite sample, or a segment leaves the record.
    """
    signals_mv, rows = _checked(signals_mv, fs_hz, style, plan)
    rng = np.random.default_rng(seed)
    geometry = PageGeometry.of(style, rows)
    places = places_of(style, geometry, rows)
    polylines_mm: list[FloatArray] = []
    drawn: list[DrawnTrace] = []
    truths: list[tuple[float, ...]] = []
    for place in places:
        lead = place.segment.lead
        points_mm, times_s = _trace_mm(signals_mv[lead], fs_hz, place, style, rng)
        polylines_mm.append(points_mm)
        drawn.append(_drawn_trace(place, points_mm, times_s, style, geometry))
        truths += _beat_rows(place, points_mm, times_s, style, () if beats_s is None else beats_s[lead])
    polylines_mm += _pulses_mm(style, geometry, len(rows)) + _separators_mm(style, places)
    labels = [(LEADS[place.segment.lead], place.x_mm, place.baseline_mm) for place in places]
    ink = _draw_ink(polylines_mm, style, geometry.page_px)
    printed = np.array(print_text(ink, labels, style, geometry.panel_mm, rng)).reshape(-1, 4)
    grid_mm = geometry.grid_mm(style)
    image = compose_grid(geometry.page_px, grid_mm, style)
    image += (np.asarray(style.pen, np.float32) - image) * (ink[..., None].astype(np.float32) / 255)
    truth = np.asarray(truths, dtype=np.float64).reshape(-1, 8)
    boxes, image_rgb = wear(image, np.concatenate([truth[:, :4] * style.px_per_mm, printed]), style, rng)
    return SimPage(
        image_rgb=image_rgb,
        boxes_xyxy=boxes[: len(truth)],
        box_leads=truth[:, 4].astype(int),
        box_rows=truth[:, 5].astype(int),
        box_times_s=truth[:, 6:],
        px_per_mm=style.px_per_mm,
        panel_xyxy=tuple(float(v * style.px_per_mm) for v in grid_mm),  # type: ignore[arg-type]
        text_xyxy=boxes[len(truth) :],
        traces=tuple(drawn),
    )


def _checked(
    signals_mv: FloatArray, fs_hz: float, style: PageStyle, plan: list[list[Segment]] | None
) -> tuple[FloatArray, list[list[Segment]]]:
    """The signals as an array, and the page's rows; SignalError as ``draw_page`` says."""
    signals_mv = np.asarray(signals_mv, dtype=np.float64)
    if signals_mv.ndim != 2 or signals_mv.shape[0] != len(LEADS) or not np.isfinite(signals_mv).all():
        raise SignalError(
            f"Expected finite signals of shape [12, n], got {signals_mv.shape}.", "Pass all 12 leads in mV."
        )
    duration_s = signals_mv.shape[1] / fs_hz
    rows = plan if plan is not None else plan_page(style, duration_s)
    if any(s.start_s < -1e-6 or s.start_s + s.duration_s > duration_s + 1e-6 for row in rows for s in row):
        raise SignalError(f"A segment leaves the record of {duration_s:.2f} s.", "Plan segments inside the record.")
    return signals_mv, rows


def _trace_mm(
    signal_mv: FloatArray, fs_hz: float, place: Place, style: PageStyle, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """One stretch as a polyline ``[n, 2]`` in millimetres of the page, with the time of each point."""
    segment = place.segment
    first, count = round(segment.start_s * fs_hz), round(segment.duration_s * fs_hz)
    value_mv = signal_mv[first : first + count]
    times_s = (first + np.arange(len(value_mv))) / fs_hz
    value_mv = value_mv - np.median(value_mv)
    value_mv = value_mv + style.wander_mv * np.sin(2 * np.pi * (rng.uniform(0.1, 0.4) * times_s + rng.uniform()))
    value_mv = value_mv + style.mains_mv * np.sin(2 * np.pi * 50 * times_s)
    value_mv = value_mv + style.noise_mv * rng.standard_normal(len(value_mv))
    x = place.x_mm + (times_s - segment.start_s) * style.paper_speed_mm_s
    y = place.baseline_mm - value_mv * style.gain_mm_mv
    keep = x < place.x_mm + segment.duration_s * style.paper_speed_mm_s - style.gap_mm
    return np.column_stack([x, y])[keep], times_s[keep]


def _drawn_trace(
    place: Place, points_mm: FloatArray, times_s: FloatArray, style: PageStyle, geometry: PageGeometry
) -> DrawnTrace:
    page_s = times_s - place.segment.start_s + (place.x_mm - geometry.traces_left_mm) / style.paper_speed_mm_s
    value_mv = (place.baseline_mm - points_mm[:, 1]) / style.gain_mm_mv
    points_px = turned(points_mm * style.px_per_mm, geometry.page_px, style.rotation_deg)
    return DrawnTrace(place.segment.lead, place.row, page_s, value_mv, points_px)


def _beat_rows(
    place: Place, points_mm: FloatArray, times_s: FloatArray, style: PageStyle, beats_s: Iterable[Iterable[float]]
) -> list[tuple[float, ...]]:
    """For each beat that lies wholly on the drawn stretch: its box in millimetres, lead, row, onset and end."""
    segment, speed = place.segment, style.paper_speed_mm_s
    drawn_until_s = segment.start_s + segment.duration_s - style.gap_mm / speed
    found: list[tuple[float, ...]] = []
    for onset_s, end_s in beats_s:
        inside = (times_s >= onset_s) & (times_s <= end_s)
        if onset_s >= segment.start_s and end_s <= drawn_until_s and inside.any():
            x1, x2 = (place.x_mm + (t - segment.start_s) * speed for t in (onset_s, end_s))
            y1, y2 = points_mm[inside, 1].min() - BOX_PAD_MM, points_mm[inside, 1].max() + BOX_PAD_MM
            found.append((x1, y1, x2, y2, segment.lead, place.row, onset_s, end_s))
    return found


def _pulses_mm(style: PageStyle, geometry: PageGeometry, rows: int) -> list[FloatArray]:
    if style.pulse == "none":
        return []
    left = (
        geometry.traces_left_mm - PULSE_MM
        if style.pulse == "left"
        else geometry.panel_mm[2] - style.pad_mm[2] - PULSE_MM
    )
    up_mm, width_mm = style.gain_mm_mv, 0.2 * style.paper_speed_mm_s
    lead_in = max(0.3, (PULSE_MM - 1 - width_mm) / 2)
    shape = [
        (0, 0),
        (lead_in, 0),
        (lead_in, up_mm),
        (lead_in + width_mm, up_mm),
        (lead_in + width_mm, 0),
        (2 * lead_in + width_mm, 0),
    ]
    baselines = [geometry.baseline_mm(style, row) for row in range(rows)]
    return [np.array([(left + x, baseline - y) for x, y in shape]) for baseline in baselines]


def _separators_mm(style: PageStyle, places: list[Place]) -> list[FloatArray]:
    """Strokes between the segments of a row."""
    if style.separators not in {"tick", "line"}:
        return []
    half_mm = style.row_pitch_mm / 2 if style.separators == "line" else 2.5
    return [
        np.array([(place.x_mm, place.baseline_mm - half_mm), (place.x_mm, place.baseline_mm + half_mm)])
        for place in places
        if place.column
    ]


def _draw_ink(polylines_mm: list[FloatArray], style: PageStyle, page_px: tuple[int, int]) -> ByteArray:
    """Pen coverage 0..255 ``[H, W]``; drawn larger and area-averaged, since cv2 knows whole-pixel pens only."""
    width, height = page_px
    canvas = np.zeros((height * _SUPERSAMPLE, width * _SUPERSAMPLE), np.uint8)
    scale = style.px_per_mm * _SUPERSAMPLE
    thickness = max(1, round(style.pen_mm * scale))
    for points_mm in polylines_mm:
        # Fixed point with 4 fractional bits; the half pixel moves from edge to centre coordinates.
        fixed = np.round((points_mm * scale - 0.5) * 16).astype(np.int32)
        cv2.polylines(canvas, [fixed.reshape(-1, 1, 2)], False, 255, thickness, cv2.LINE_AA, shift=4)
    ink: ByteArray = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return ink
