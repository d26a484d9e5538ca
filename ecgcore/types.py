"""The values that travel between the packages: boxes, beats, prepared pages and predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.displacement import Mesh
from ecgcore.measure.quantities import Measurements
from ecgcore.operating import Decision
from ecgcore.panel_ink import PanelInk

FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]

STANDARD_PX_PER_MM = 4.0
"""Resolution of the standard panel raster, the only picture that a network is ever cut from."""

Status = Literal["ok", "rejected", "error"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on pixel edges: ``x1 < x2`` and ``y1 < y2``, in the frame that its owner names."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not (self.x1 < self.x2 and self.y1 < self.y2):
            raise ValueError(f"box must satisfy x1 < x2 and y1 < y2, got {self.as_list()}")

    def as_list(self) -> list[float]:
        """``[x1, y1, x2, y2]``."""
        return [self.x1, self.y1, self.x2, self.y2]


@dataclass(frozen=True, slots=True)
class Paper:
    """How fast the paper ran and how far a millivolt moved the pen: what millimetres mean."""

    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0

    def __post_init__(self) -> None:
        if not (0 < self.speed_mm_s < np.inf and 0 < self.gain_mm_mv < np.inf):
            raise ValueError(f"paper speed and gain must be positive, got {self.speed_mm_s} and {self.gain_mm_mv}")


USUAL_PAPER = Paper()
"""What nearly all paper is, and what is assumed until somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """RR intervals, read off a photo of the paper.

    Args:
        beats: numbers (from 0) in ``Prediction.beats`` of the beats whose R peaks bound the intervals.
        rr_runs_mm: the intervals in millimetres of paper; those of one run follow directly on each other.
    """

    beats: tuple[int, ...]
    rr_runs_mm: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """One complete heartbeat that a bundle found on one lead's stretch of trace; its R peak in photo pixels."""

    box_photo_xyxy: Box
    score: float
    p_abnormal: float | None = None
    share: float | None = None
    r_peak_photo_xy: tuple[float, float] | None = None


@dataclass(frozen=True)
class PanelFrame:
    """The mapping between the standard panel raster and the upright input picture, exact both ways.

    Args:
        photo_from_panel: 3x3 homography; panel pixel edges to photo pixel edges.
        panel_wh: width and height of the standard panel raster in its pixels.
        mesh: what lens and bent paper add: panel points move by it before the homography; None for flat pages.
    """

    photo_from_panel: FloatArray
    panel_wh: tuple[int, int]
    mesh: Mesh | None = None

    @property
    def panel_from_photo(self) -> FloatArray:
        """The inverse homography, without the mesh."""
        return np.asarray(np.linalg.inv(self.photo_from_panel), dtype=np.float64)

    def points_to_photo(self, points_panel_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` panel points to photo points."""
        points = np.asarray(points_panel_xy, dtype=np.float64).reshape(-1, 2)
        return _project(self.photo_from_panel, points if self.mesh is None else points + self.mesh.at(points))

    def points_to_panel(self, points_photo_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` photo points to panel points."""
        flat = _project(self.panel_from_photo, points_photo_xy)
        if self.mesh is None or len(flat) == 0:
            return flat
        points = flat
        for _ in range(_MAX_STEPS):
            better = flat - self.mesh.at(points)
            moved = float(np.abs(better - points).max())
            points = better
            if moved < _EXACT_PX:
                break
        return points

    def boxes_to_photo(self, boxes_panel_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` panel boxes to the upright boxes that enclose their corners in the photo."""
        corners = self.points_to_photo(_box_corners(boxes_panel_xyxy)).reshape(-1, 4, 2)
        return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)

    def boxes_to_panel(self, boxes_photo_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` photo boxes to the panel boxes that they enclose.

        The way back of :meth:`boxes_to_photo`: on a turned page a photo's upright box is larger than what it encloses.
        Where no panel box fits, as near 45 degrees, it is the upright box round the photo box's corners.
        """
        boxes = np.asarray(boxes_photo_xyxy, dtype=np.float64).reshape(-1, 4)
        corners = self.points_to_panel(_box_corners(boxes)).reshape(-1, 4, 2)
        around = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        # the size of a hull is |Jacobian| times the size of the box, so the box's is the solution of two equations
        middles = self.points_to_panel((boxes[:, :2] + boxes[:, 2:]) / 2)
        steps = [self.points_to_photo(middles + d) - self.points_to_photo(middles - d) for d in ((0.5, 0), (0, 0.5))]
        size = np.abs(np.stack(steps, axis=-1))
        fits = np.abs(np.linalg.det(size)) > _FIT * np.prod(np.linalg.norm(size, axis=1), axis=1)
        size[~fits] = np.eye(2)
        wanted = np.linalg.solve(size, (boxes[:, 2:] - boxes[:, :2])[..., None])[..., 0]
        fits &= np.all(wanted > 0, axis=1)
        inner = np.concatenate([middles - wanted / 2, middles + wanted / 2], axis=1)
        return np.where(fits[:, None], inner, around)

    @property
    def corners_photo_xy(self) -> FloatArray:
        """The panel's four corners in the photo, clockwise from its top left, ``[4, 2]``."""
        width, height = self.panel_wh
        return self.points_to_photo([[0, 0], [width, 0], [width, height], [0, height]])

    @property
    def photo_px_per_panel_px(self) -> float:
        """Scale in the middle of the panel, geometric mean of both directions."""
        x, y = self.panel_wh[0] / 2, self.panel_wh[1] / 2
        cross = self.points_to_photo([[x - 2, y], [x + 2, y], [x, y - 2], [x, y + 2]])
        return float(np.sqrt(abs(np.linalg.det(np.stack([cross[1] - cross[0], cross[3] - cross[2]]) / 4))))

    def after(self, panel_from_inner: FloatArray, inner_wh: tuple[int, int]) -> "PanelFrame":
        """The frame of a cut-out of this panel: ``panel_from_inner`` scales and shifts only."""
        scale, shift = np.diag(panel_from_inner)[:2], panel_from_inner[:2, 2]
        mesh = self.mesh and self.mesh.rescaled(tuple(shift), tuple(scale))
        return PanelFrame(self.photo_from_panel @ panel_from_inner, inner_wh, mesh)

    def turned(self, quarter_turns: int) -> "PanelFrame":
        """The frame of the panel raster turned clockwise by so many quarters, as ``numpy.rot90(ink, -n)`` does."""
        frame = self
        for _ in range(quarter_turns % 4):
            width, height = frame.panel_wh
            back = np.array([[0, 1, 0], [-1, 0, height], [0, 0, 1]], dtype=np.float64)
            mesh = frame.mesh and frame.mesh.turned(height)
            frame = PanelFrame(frame.photo_from_panel @ back, (height, width), mesh)
        return frame

    def to_json(self) -> dict[str, object]:
        """Plain values that :meth:`from_json` makes the same frame of."""
        mesh = self.mesh and {
            "origin_xy": list(self.mesh.origin_xy),
            "step_xy": list(self.mesh.step_xy),
            "shifts_xy": self.mesh.shifts_xy.tolist(),
        }
        return {"photo_from_panel": self.photo_from_panel.tolist(), "panel_wh": list(self.panel_wh), "mesh": mesh}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PanelFrame":
        """The frame that :meth:`to_json` wrote."""
        mesh = values["mesh"] and Mesh(
            tuple(values["mesh"]["origin_xy"]),
            tuple(values["mesh"]["step_xy"]),
            np.array(values["mesh"]["shifts_xy"], dtype=np.float64),
        )
        matrix = np.array(values["photo_from_panel"], dtype=np.float64)
        return cls(matrix, tuple(values["panel_wh"]), mesh)


_MAX_STEPS, _EXACT_PX = 60, 1e-5
_FIT = 0.15
"""How different the two directions must be for a box inside a turned box to be found; 1 is upright, 0 is 45 degrees."""


def _project(matrix: FloatArray, points_xy: npt.ArrayLike) -> FloatArray:
    points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: FloatArray = mapped[:, :2] / mapped[:, 2:]
    return result


def _box_corners(boxes_xyxy: npt.ArrayLike) -> FloatArray:
    boxes = np.asarray(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)


@dataclass(frozen=True)
class PageImage:
    """One page, cut to its panel and flattened to ink, ready for every network.

    Args:
        photo_rgb: the upright input picture, ``uint8 [H, W, 3]``.
        ink: the standard panel raster, ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``; 0 is paper, 255 full pen.
        frame: maps ``ink`` pixels to ``photo_rgb`` pixels and back.
        px_per_mm, px_per_mm_source: photo pixels per millimetre of paper, and what tells them; None where nothing does.
        has_grid: whether a printed grid was found.
        notes: what a reader should know of this page's preparation, in plain words.
        faults: what makes the page hard to read, and what to do; one with any is poor and referred more readily.
        ecg_logit, comes_again: log-odds that its strokes are an ECG's, and how exactly the steep ones come again, 0..1.
        strategy: how the page was read, by its name in ``ecgcore/page/prepare.py``; ``sheet/grid`` is by the grid on a
            sheet that was found first.
    """

    photo_rgb: ByteArray
    ink: ByteArray
    frame: PanelFrame
    px_per_mm: float | None
    px_per_mm_source: Literal["grid", "pulse"] | None
    has_grid: bool
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    ecg_logit: float = 0.0
    comes_again: float = 0.0
    strategy: str | None = None


@dataclass(frozen=True)
class Prediction:
    """What one bundle said of one page (contract 1), with what the app shows beside it.

    All coordinates are floats on pixel edges of the upright input picture. ``p_normal_below`` and ``p_abnormal_from``
    are the bounds that held for this page, wider than the bundle's own on a poor one; ``leads_found`` counts stretches
    without rhythm strips; ``ink``: what the networks saw; shares: what was added to the fused logit, with each value.
    """

    file: str
    page: int
    status: Status
    reason: str | None = None
    p_abnormal: float | None = None
    decision: Decision | None = None
    beats: tuple[Beat, ...] = ()
    panel_photo_xy: tuple[tuple[float, float], ...] | None = None
    px_per_mm: float | None = None
    heart_rate_bpm: float | None = None
    rr_cv: float | None = None
    bundle: str | None = None
    seconds: dict[str, float | None] = field(
        default_factory=lambda: {"page": None, "detect": None, "classify": None, "total": None}
    )
    p_global: float | None = None
    p_local: float | None = None
    p_waveform: float | None = None
    waveform_share: float | None = None
    measurements_share: float | None = None
    measurement_shares: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    px_per_mm_source: Literal["grid", "pulse"] | None = None
    paper: Paper = USUAL_PAPER
    rhythm: Rhythm | None = None
    frame: PanelFrame | None = field(default=None, compare=False, repr=False)
    corners_set_photo_xy: tuple[tuple[float, float], ...] | None = None
    handwriting_photo_xyxy: tuple[Box, ...] = ()
    p_normal_below: float | None = None
    p_abnormal_from: float | None = None
    leads_found: int | None = None
    ink: PanelInk | None = field(default=None, compare=False, repr=False)
    measurements: Measurements | None = field(default=None, compare=False, repr=False)
    strategy: str | None = None

    def to_json(self) -> dict[str, object]:
        """The object of contract 1, keys in their order, every key present; later ones follow at the end."""
        return {
            "file": self.file,
            "page": self.page,
            "status": self.status,
            "reason": self.reason,
            "p_abnormal": self.p_abnormal,
            "decision": self.decision,
            "beats": [
                {"box": b.box_photo_xyxy.as_list(), "score": b.score, "p_abnormal": b.p_abnormal, "share": b.share}
                for b in self.beats
            ],
            "panel": None if self.panel_photo_xy is None else [list(p) for p in self.panel_photo_xy],
            "px_per_mm": self.px_per_mm,
            "heart_rate_bpm": self.heart_rate_bpm,
            "rr_cv": self.rr_cv,
            "bundle": self.bundle,
            "seconds": dict(self.seconds),
            "p_normal_below": self.p_normal_below,
            "p_abnormal_from": self.p_abnormal_from,
            "leads_found": self.leads_found,
            "measurements": None if self.measurements is None else self.measurements.to_json(),
            "strategy": self.strategy,
        }
