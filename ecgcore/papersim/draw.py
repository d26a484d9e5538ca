"""Draws digital 12-lead ECGs as paper pages with the exact box of every complete beat."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from ecgcore.errors import BadSignal
from ecgcore.papersim.print_and_scan import compose_grid, print_text, turned, wear
from ecgcore.papersim.signals import LEADS
from ecgcore.papersim.style import PageStyle
from ecgcore.types import ByteArray, FloatArray

BOX_PAD_MM = 1.0
"""Paper above and below the trace that belongs to a beat's box."""

PULSE_MM = 10.0
"""Width of paper that a calibration pulse takes at a row's end."""

GRID_MARGIN_MM = 1.0
"""White paper above and below a grid that runs under header and footer."""

_SUPERSAMPLE = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """One lead's stretch of signal in a row: lead number, start and duration in the record."""

    lead: int
    start_s: float
    duration_s: float


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


def plan_page(style: PageStyle, duration_s: float) -> list[list[Segment]]:
    """The usual arrangement: consecutive columns of one simultaneous recording, rhythm strips over all of it."""
    column_s = min(style.column_s or np.inf, duration_s / style.columns)
    return [
        [
            Segment(lead, col * column_s, column_s if len(row) > 1 else column_s * style.columns)
            for col, lead in enumerate(row)
        ]
        for row in style.rows
    ]


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
        BadSignal: the signal is not ``[12, n]``, holds no finite sample, or a segment leaves the record.
    """
    signals_mv = np.asarray(signals_mv, dtype=np.float64)
    if signals_mv.ndim != 2 or signals_mv.shape[0] != len(LEADS) or not np.isfinite(signals_mv).all():
        raise BadSignal(
            f"Expected finite signals of shape [12, n], got {signals_mv.shape}.", "Pass all 12 leads in mV."
        )
    duration_s = signals_mv.shape[1] / fs_hz
    rows = plan if plan is not None else plan_page(style, duration_s)
    if any(s.start_s < -1e-6 or s.start_s + s.duration_s > duration_s + 1e-6 for row in rows for s in row):
        raise BadSignal(f"A segment leaves the record of {duration_s:.2f} s.", "Plan segments inside the record.")
    rng = np.random.default_rng(seed)
    geometry = _Geometry.of(style, rows)
    traces, truths = [], []
    drawn: list[DrawnTrace] = []
    labels: list[tuple[str, float, float]] = []
    for row_index, row in enumerate(rows):
        baseline_mm = geometry.panel_mm[1] + style.pad_mm[1] + style.row_pitch_mm * (row_index + 0.5)
        x_mm = geometry.traces_left_mm
        for segment in row:
            points_mm, times_s = _trace_mm(signals_mv[segment.lead], fs_hz, segment, style, rng, x_mm, baseline_mm)
            traces.append(points_mm)
            page_s = times_s - segment.start_s + (x_mm - geometry.traces_left_mm) / style.paper_speed_mm_s
            value_mv = (baseline_mm - points_mm[:, 1]) / style.gain_mm_mv
            points_px = turned(points_mm * style.px_per_mm, geometry.page_px, style.rotation_deg)
            drawn.append(DrawnTrace(segment.lead, row_index, page_s, value_mv, points_px))
            labels.append((LEADS[segment.lead], x_mm, baseline_mm))
            for onset_s, end_s in beats_s[segment.lead] if beats_s is not None else ():
                inside = (times_s >= onset_s) & (times_s <= end_s)
                drawn_until_s = segment.start_s + segment.duration_s - style.gap_mm / style.paper_speed_mm_s
                if onset_s >= segment.start_s and end_s <= drawn_until_s and inside.any():
                    x1, x2 = (x_mm + (t - segment.start_s) * style.paper_speed_mm_s for t in (onset_s, end_s))
                    y1, y2 = points_mm[inside, 1].min() - BOX_PAD_MM, points_mm[inside, 1].max() + BOX_PAD_MM
                    truths.append((x1, y1, x2, y2, segment.lead, row_index, onset_s, end_s))
            x_mm += segment.duration_s * style.paper_speed_mm_s
    traces += _pulses_mm(style, geometry, len(rows)) + _separators_mm(style, geometry, rows)
    ink = _draw_ink(traces, style, geometry.page_px)
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


@dataclass(frozen=True, slots=True)
class _Geometry:
    panel_mm: tuple[float, float, float, float]
    traces_left_mm: float
    page_px: tuple[int, int]

    @classmethod
    def of(cls, style: PageStyle, rows: list[list[Segment]]) -> "_Geometry":
        pulse_mm = PULSE_MM if style.pulse != "none" else 0.0
        width_mm = max(sum(s.duration_s for s in row) for row in rows) * style.paper_speed_mm_s
        left, top = style.margin_mm[:2]
        right = left + style.pad_mm[0] + width_mm + pulse_mm + style.pad_mm[2]
        bottom = top + style.pad_mm[1] + style.row_pitch_mm * len(rows) + style.pad_mm[3]
        page_px = (
            round((right + style.margin_mm[2]) * style.px_per_mm),
            round((bottom + style.margin_mm[3]) * style.px_per_mm),
        )
        traces_left = left + style.pad_mm[0] + (pulse_mm if style.pulse == "left" else 0.0)
        return cls((left, top, right, bottom), traces_left, page_px)

    def grid_mm(self, style: PageStyle) -> tuple[float, float, float, float]:
        """What the grid covers: the panel, or nearly all of the page."""
        if not style.text_on_grid:
            return self.panel_mm
        left, _, right, _ = self.panel_mm
        return left, GRID_MARGIN_MM, right, self.page_px[1] / style.px_per_mm - GRID_MARGIN_MM


def _trace_mm(
    signal_mv: FloatArray,
    fs_hz: float,
    segment: Segment,
    style: PageStyle,
    rng: np.random.Generator,
    x_mm: float,
    baseline_mm: float,
) -> tuple[FloatArray, FloatArray]:
    """One stretch as a polyline ``[n, 2]`` in millimetres of the page, with the time of each point."""
    first, count = round(segment.start_s * fs_hz), round(segment.duration_s * fs_hz)
    value_mv = signal_mv[first : first + count]
    times_s = (first + np.arange(len(value_mv))) / fs_hz
    value_mv = value_mv - np.median(value_mv)
    value_mv = value_mv + style.wander_mv * np.sin(2 * np.pi * (rng.uniform(0.1, 0.4) * times_s + rng.uniform()))
    value_mv = value_mv + style.mains_mv * np.sin(2 * np.pi * 50 * times_s)
    value_mv = value_mv + style.noise_mv * rng.standard_normal(len(value_mv))
    x = x_mm + (times_s - segment.start_s) * style.paper_speed_mm_s
    y = baseline_mm - value_mv * style.gain_mm_mv
    keep = x < x_mm + segment.duration_s * style.paper_speed_mm_s - style.gap_mm
    return np.column_stack([x, y])[keep], times_s[keep]


def _pulses_mm(style: PageStyle, geometry: _Geometry, rows: int) -> list[FloatArray]:
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
    tops = [geometry.panel_mm[1] + style.pad_mm[1] + style.row_pitch_mm * (row + 0.5) for row in range(rows)]
    return [np.array([(left + x, baseline - y) for x, y in shape]) for baseline in tops]


def _separators_mm(style: PageStyle, geometry: _Geometry, rows: list[list[Segment]]) -> list[FloatArray]:
    if style.separators not in {"tick", "line"}:
        return []
    lines = []
    for index, row in enumerate(rows):
        baseline = geometry.panel_mm[1] + style.pad_mm[1] + style.row_pitch_mm * (index + 0.5)
        half_mm = style.row_pitch_mm / 2 if style.separators == "line" else 2.5
        x_mm = geometry.traces_left_mm
        for segment in row[:-1]:
            x_mm += segment.duration_s * style.paper_speed_mm_s
            lines.append(np.array([(x_mm, baseline - half_mm), (x_mm, baseline + half_mm)]))
    return lines


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
