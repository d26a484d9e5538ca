"""The beats of a page: found by the detector, put in reading order, letters aside."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray
from ecgcore.networks.detector import BeatDetector, detect_beats
from ecgcore.networks.runtime.trunks import FeatureMaps
from ecgcore.rhythm.beat_rows import beat_rows
from ecgcore.rhythm.r_peaks import r_peaks
from ecgcore.screening.letter_boxes import in_letters, letter_patches
from ecgcore.traces.rows import Rows
from ecgcore.types import PageImage


@dataclass(frozen=True)
class PageBeats:
    """Beats in reading order: boxes in the panel and in the photo ``[n, 4]``, scores ``[n]``, R peaks ``[n, 2]``."""

    boxes_panel: FloatArray
    boxes_photo: FloatArray
    scores: FloatArray
    peaks_panel: FloatArray

    def where(self, chosen: npt.NDArray[np.generic]) -> "PageBeats":
        """Some of them: by a mask or by their numbers."""
        return PageBeats(*(values[chosen] for values in vars(self).values()))


def find_beats(
    page: PageImage,
    rows: Rows,
    written_panel_xyxy: FloatArray,
    detector: BeatDetector,
    min_score: float,
    features: FeatureMaps | None = None,
) -> PageBeats:
    """The beats of a page that lie in the photo and not in letters.

    Args:
        page: as it was prepared.
        rows: its rows of trace.
        written_panel_xyxy: boxes round handwriting in its raster, ``[n, 4]``.
        detector: a bundle's.
        min_score: beats below it are left out.
        features: computes the detector's feature maps in its place.
    """
    boxes_panel, scores = detect_beats(detector, page.ink, min_score, features)
    height, width = page.photo_rgb.shape[:2]
    boxes_photo = np.clip(page.frame.boxes_to_photo(boxes_panel), 0, [width, height, width, height])
    found = PageBeats(boxes_panel, boxes_photo, scores, r_peaks(page.ink, boxes_panel))
    found = found.where(np.all(boxes_photo[:, 2:] - boxes_photo[:, :2] >= 1, axis=1))
    letters = letter_patches(page.ink, rows, written_panel_xyxy)
    found = found.where(~in_letters(found.boxes_panel, letters, rows))
    return found.where(np.concatenate([*beat_rows(page.ink, found.boxes_panel), np.array([], dtype=np.intp)]))
