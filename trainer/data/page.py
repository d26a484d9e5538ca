"""What a page is to a training: first a picture in a list, then a panel with all that is known of it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgcore.types import ByteArray, FloatArray

LABELS = {"normal": 0, "abnormal": 1}
NAMES = {number: name for name, number in LABELS.items()}

LeadsArray = npt.NDArray[np.float16]


@dataclass(frozen=True)
class BeatLabels:
    """Labelled beats of one page.

    Args:
        boxes_xyxy: ``float64 [m, 4]``, in the pixels that the holder's field names: of the photo or of the panel.
        labels: 0.0 normal, 1.0 abnormal, ``[m]``.
    """

    boxes_xyxy: FloatArray
    labels: FloatArray


@dataclass(frozen=True)
class PageItem:
    """One picture to prepare.

    Args:
        key: its name in reports, unique in a run; for a CSV row the column ``file``.
        path: the picture.
        label: 0 normal, 1 abnormal, None unlabelled.
        group: patient or machine ID; empty means a group of its own.
        boxes_photo_xyxy: complete beats in upright pixels ``[n, 4]``, or None where nobody boxed the page.
        source: name of the data set.
        source_record: the signal behind the picture, where other pictures may show the same one.
        beat_labels_photo: beats with a label of their own, in upright pixels; None where there is none.
        corners_photo_xy: the panel's, ``[4, 2]`` clockwise from its top left, where a person set them.
        picture_hash: of its pixels, where it is known before the picture is read.
    """

    key: str
    path: Path
    label: int | None
    group: str = ""
    boxes_photo_xyxy: FloatArray | None = None
    source: str = ""
    source_record: str = ""
    beat_labels_photo: BeatLabels | None = None
    corners_photo_xy: FloatArray | None = None
    picture_hash: str = ""


@dataclass(frozen=True)
class PreparedPage:
    """One page as the training stages see it.

    Args:
        key: as in ``PageItem``.
        source: as in ``PageItem``.
        group: as in ``PageItem``.
        label: as in ``PageItem``.
        ink: the standard panel raster, ``uint8 [h, w]``, 0 paper, 255 pen.
        boxes_panel_xyxy: complete beats in pixels of ``ink``, ``float64 [n, 4]``, or None where nobody boxed the page.
        picture_hash: of the decoded upright picture (contract 2).
        source_record: as in ``PageItem``.
        has_grid: whether a printed grid was found; on some sets its absence tells the class.
        beat_labels_panel: beats with a label of their own, in pixels of ``ink``; None where there is none.
        leads_mv: the signal that was read off it, ``float16 [12, n]`` in millivolts at ``FS_HZ``, NaN where nothing was
            read; None where no lead could be named.
        measured: its measurements, ``float64 [m]`` in the order of ``MEASUREMENT_NAMES``, NaN where not measured; None
            where nobody measured.
    """

    key: str
    source: str
    group: str
    label: int | None
    ink: ByteArray = field(repr=False)
    boxes_panel_xyxy: FloatArray | None
    picture_hash: str
    source_record: str = ""
    has_grid: bool = True
    beat_labels_panel: BeatLabels | None = field(default=None, repr=False)
    leads_mv: LeadsArray | None = field(default=None, repr=False)
    measured: FloatArray | None = field(default=None, repr=False)

    @property
    def group_key(self) -> str:
        """What must not be split: the group, or the picture itself where no group is known."""
        return self.group or f"picture {self.picture_hash}"
