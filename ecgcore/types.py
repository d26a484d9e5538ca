"""The values that travel between the packages: boxes, beats, prepared pages and predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.lead_layout import Layout
from ecgcore.measurements import Measurements
from ecgcore.operating_point import Decision
from ecgcore.panel_ink import PanelInk
from ecgcore.paper import USUAL_PAPER, PaperSettings, PrintedSettings, ScaleSource
from ecgcore.picture_part import PicturePart
from ecgcore.recordings.recording import Recording

__all__ = [
    "STANDARD_PX_PER_MM",
    "USUAL_PAPER",
    "Beat",
    "Box",
    "ByteArray",
    "Decision",
    "FloatArray",
    "PageImage",
    "PanelFrame",
    "PaperSettings",
    "Prediction",
    "Rhythm",
    "Status",
]

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
class Rhythm:
    """RR intervals, read off a photo of the paper.

    Args:
        beats: numbers (from 0) in ``Prediction.beats`` of the beats whose R peaks bound the intervals.
        rr_runs_mm: the intervals in millimetres of paper; those of one run follow directly on each other.
    """

    beats: tuple[int, ...]
    rr_runs_mm: tuple[tuple[float, ...], ...]

    def at_speed(self, speed_mm_s: float) -> "Rhythm":
        """What was measured on a raster, which runs at 25 mm/s, in millimetres of paper that ran at another speed."""
        stretch = speed_mm_s / USUAL_PAPER.speed_mm_s
        return Rhythm(self.beats, tuple(tuple(rr * stretch for rr in run) for run in self.rr_runs_mm))


@dataclass(frozen=True, slots=True)
class Beat:
    """One complete heartbeat that a bundle found on one lead's stretch of trace; its R peak in photo pixels."""

    box_photo_xyxy: Box
    score: float
    p_abnormal: float | None = None
    share: float | None = None
    r_peak_photo_xy: tuple[float, float] | None = None


@dataclass(frozen=True)
class PageImage:
    """One page, cut to its panel and flattened to ink, ready for every network.

    Args:
        photo_rgb: the upright input picture, ``uint8 [H, W, 3]``; a negative with light and dark exchanged.
        ink: the standard panel raster, ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``; 0 is paper, 255 full pen.
        frame: maps ``ink`` pixels to ``photo_rgb`` pixels and back.
        px_per_mm, scale_source: photo pixels per millimetre of paper, and what tells them; None where nothing does.
        has_grid: whether a printed grid was found.
        notes: what a reader should know of this page's preparation, in plain words.
        faults: what makes the page hard to read, and what to do; one with any is poor and referred more readily.
        ecg_logit, periodicity: log-odds that its strokes are an ECG's, and how exactly the steep ones come again, 0..1.
        speed_mm_s: the paper speed that the raster was brought to 25 mm/s from; 25 before ``at_usual_speed``.
        strategy: how the page was read, by its name in ``ecgcore/page/prepare.py``; ``sheet/grid`` is by the grid on a
            sheet that was found first.
    """

    photo_rgb: ByteArray
    ink: ByteArray
    frame: PanelFrame
    px_per_mm: float | None
    scale_source: ScaleSource | None
    has_grid: bool
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    ecg_logit: float = 0.0
    periodicity: float = 0.0
    strategy: str | None = None
    speed_mm_s: float = USUAL_PAPER.speed_mm_s


@dataclass(frozen=True)
class LeadStretch:
    """A stretch of one lead on a page: its name, its box in photo pixels, and whether the name itself was read."""

    lead: str
    box_photo_xyxy: Box
    is_printed: bool = False


@dataclass(frozen=True)
class Prediction:
    """What one bundle said of one page (contract 1), with what the app shows beside it.

    All coordinates are floats on pixel edges of the page's own upright picture: the input picture, or what was cut out
    of it where it shows several pages (``part``); :meth:`to_json` gives those of the input picture. ``p_normal_below``
    and ``p_abnormal_from`` are the bounds that held for this page, wider than the bundle's own on a poor one;
    ``leads_found`` counts stretches without rhythm strips; ``ink``: what the networks saw; shares: what was added to
    the fused logit, with each value; ``recording``: the digital ECG that the page was drawn from, None for a picture.
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
    scale_source: ScaleSource | None = None
    paper: PaperSettings = USUAL_PAPER
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
    recording: Recording | None = field(default=None, compare=False, repr=False)
    leads: tuple[LeadStretch, ...] = ()
    printed: PrintedSettings | None = None
    layout: Layout | None = field(default=None, compare=False, repr=False)
    part: PicturePart | None = None

    def of_part(self, part: PicturePart | None) -> "Prediction":
        """The same of a page that is this part of a picture, and says so; None for a picture with one page."""
        notes = tuple(note for note in self.notes if self.part is None or note != self.part.note)
        return replace(self, part=part, notes=notes if part is None else (part.note, *notes))

    @property
    def page_name(self) -> str:
        """Which page of its file it is: ``3``, and ``3-2`` for the second of those that page 3 shows."""
        return f"{self.page}" if self.part is None else f"{self.page}-{self.part.number}"

    def to_json(self) -> dict[str, object]:
        """The object of contract 1, keys in their order, every key present; later ones follow at the end."""
        in_picture = list if self.part is None else self.part.in_picture
        return {
            "file": self.file,
            "page": self.page,
            "status": self.status,
            "reason": self.reason,
            "p_abnormal": self.p_abnormal,
            "decision": self.decision,
            "beats": [
                {
                    "box": in_picture(b.box_photo_xyxy.as_list()),
                    "score": b.score,
                    "p_abnormal": b.p_abnormal,
                    "share": b.share,
                }
                for b in self.beats
            ],
            "panel": None if self.panel_photo_xy is None else [in_picture(p) for p in self.panel_photo_xy],
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
            "recording": None if self.recording is None else self.recording.to_json(),
            "leads": [
                {
                    "lead": stretch.lead,
                    "box": in_picture(stretch.box_photo_xyxy.as_list()),
                    "is_printed": stretch.is_printed,
                }
                for stretch in self.leads
            ],
            "printed": None if self.printed is None else self.printed.to_json(),
            "part": None if self.part is None else self.part.to_json(),
        }
