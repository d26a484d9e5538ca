"""The values that travel between the packages: boxes, beats, prepared pages and predictions."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]

STANDARD_PX_PER_MM = 4.0
"""Resolution of the standard panel raster, the only picture that a network is ever cut from."""

Status = Literal["ok", "rejected", "error"]
Decision = Literal["normal", "abnormal", "refer"]
Grade = Literal["good", "poor"]


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
    """

    photo_from_panel: FloatArray
    panel_wh: tuple[int, int]

    @property
    def panel_from_photo(self) -> FloatArray:
        """The inverse homography."""
        return np.asarray(np.linalg.inv(self.photo_from_panel), dtype=np.float64)

    def points_to_photo(self, points_panel_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` panel points to photo points."""
        return _project(self.photo_from_panel, points_panel_xy)

    def points_to_panel(self, points_photo_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` photo points to panel points."""
        return _project(self.panel_from_photo, points_photo_xy)

    def boxes_to_photo(self, boxes_panel_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` panel boxes to the upright boxes that enclose their corners in the photo."""
        return _enclose(self.photo_from_panel, boxes_panel_xyxy)

    def boxes_to_panel(self, boxes_photo_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` photo boxes to the upright boxes that enclose their corners in the panel."""
        return _enclose(self.panel_from_photo, boxes_photo_xyxy)

    @property
    def corners_photo_xy(self) -> FloatArray:
        """The panel's four corners in the photo, clockwise from top left, ``[4, 2]``."""
        width, height = self.panel_wh
        return self.points_to_photo([[0, 0], [width, 0], [width, height], [0, height]])


def _project(matrix: FloatArray, points_xy: npt.ArrayLike) -> FloatArray:
    points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: FloatArray = mapped[:, :2] / mapped[:, 2:]
    return result


def _enclose(matrix: FloatArray, boxes_xyxy: npt.ArrayLike) -> FloatArray:
    boxes = np.asarray(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
    mapped = _project(matrix, corners).reshape(-1, 4, 2)
    return np.concatenate([mapped.min(axis=1), mapped.max(axis=1)], axis=1)


@dataclass(frozen=True)
class PageImage:
    """One page, cut to its panel and flattened to ink, ready for every network.

    Args:
        photo_rgb: the upright input picture, ``uint8 [H, W, 3]``.
        ink: the standard panel raster, ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``; 0 is paper, 255 full pen.
        frame: maps ``ink`` pixels to ``photo_rgb`` pixels and back.
        px_per_mm: photo pixels per millimetre of paper, or None where neither grid nor pulse tells.
        px_per_mm_source: where it was read: the grid, the calibration pulse, or nowhere.
        has_grid: whether a printed grid was found.
        notes: what a reader should know of this page's preparation, in plain words.
        quality: how well the page can be read; a poor one is referred more readily.
    """

    photo_rgb: ByteArray
    ink: ByteArray
    frame: PanelFrame
    px_per_mm: float | None
    px_per_mm_source: Literal["grid", "pulse"] | None
    has_grid: bool
    notes: tuple[str, ...] = ()
    quality: Grade = "good"


@dataclass(frozen=True)
class Prediction:
    """What one bundle said of one page (contract 1), with what the app shows beside it.

    All coordinates are floats on pixel edges of the upright input picture.
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
    notes: tuple[str, ...] = ()
    px_per_mm_source: Literal["grid", "pulse"] | None = None
    paper: Paper = USUAL_PAPER
    rhythm: Rhythm | None = None
    frame: PanelFrame | None = field(default=None, compare=False, repr=False)
    corners_set_photo_xy: tuple[tuple[float, float], ...] | None = None

    def to_json(self) -> dict[str, object]:
        """The object of contract 1, keys in their order, every key present."""
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
        }
