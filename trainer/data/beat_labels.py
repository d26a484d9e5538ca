"""Beats that a person labelled one by one: they keep their own label where all others inherit their page's."""

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.boxes import iou_matrix
from trainer.data.page import BeatLabels

_SAME_BEAT_IOU = 0.5


def with_labelled_beats(found_xyxy: FloatArray, labelled: BeatLabels | None) -> tuple[FloatArray, FloatArray]:
    """The beats that the local stage learns from, and each one's own label.

    A found beat takes the label of the labelled one that it overlaps most, from an IoU of 0.5 on. Labelled beats that
    were not found come last: what a person pointed at is worth learning, whether or not the detector saw it.

    Args:
        found_xyxy: the detector's boxes, ``[n, 4]``.
        labelled: in the same frame; None where nobody labelled a beat.

    Returns:
        Boxes ``[k, 4]`` and labels ``[k]``, NaN where a beat inherits its page's.
    """
    inherited = np.full(len(found_xyxy), np.nan)
    if labelled is None or not len(labelled.labels):
        return found_xyxy, inherited
    iou = iou_matrix(found_xyxy, labelled.boxes_xyxy)
    is_same = iou >= _SAME_BEAT_IOU
    own = np.where(is_same.any(axis=1), labelled.labels[iou.argmax(axis=1)], inherited)
    is_missed = ~is_same.any(axis=0)
    return (
        np.concatenate([found_xyxy, labelled.boxes_xyxy[is_missed]]),
        np.concatenate([own, labelled.labels[is_missed]]),
    )
