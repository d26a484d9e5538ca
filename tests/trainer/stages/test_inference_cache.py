"""Looking at many pages tells how far it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotations.store import Store
from tests.support.prepared_pages import prepared_page
from tests.support.tiny import tiny_networks
from tests.support.training_store import queue
from trainer.progress import ProgressEvent
from trainer.runs.files import read_json, run_folder
from trainer.stages.inference_cache import InferenceCache, beats_from
from trainer.worker.forecast import Forecast
from trainer.worker.recorder import Recorder


@pytest.mark.parametrize("is_kept", [False, True])
def test_every_page_is_told(tmp_path: Path, is_kept: bool) -> None:
    nets = tiny_networks()
    nets.detector.eval()
    told: list[ProgressEvent] = []
    ink = np.zeros((120, 160), np.uint8)
    pages = [prepared_page(str(number), number % 2) for number in range(3)]
    pages = [type(page)(**{**vars(page), "ink": ink}) for page in pages]
    inference_cache = InferenceCache(tmp_path if is_kept else None, has_frozen_detector=True, progress=told.append)
    assert len(inference_cache.detections(nets.detector, pages)) == 3
    assert told == [ProgressEvent(stage="looking", step=step, steps=3) for step in (1, 2, 3)]


def test_the_same_picture_prepared_otherwise_is_looked_at_anew(tmp_path: Path) -> None:
    """A person who moves the panel's corners makes another page of the same picture."""
    nets = tiny_networks()
    nets.detector.eval()
    inks = np.random.default_rng(0).integers(0, 256, (2, 120, 160), dtype=np.uint8)
    before, after = (replace(prepared_page("same", 0), ink=ink) for ink in inks)
    inference_cache = InferenceCache(tmp_path, has_frozen_detector=True)
    kept = [inference_cache.detections(nets.detector, [page])[0] for page in (before, after)]
    fresh = [InferenceCache().detections(nets.detector, [page])[0] for page in (before, after)]
    for (boxes, scores), (true_boxes, true_scores) in zip(kept, fresh, strict=True):
        assert np.array_equal(boxes, true_boxes) and np.array_equal(scores, true_scores)


def test_the_bar_moves_while_pages_are_looked_at(prepared: Store) -> None:
    run = queue(prepared)
    folder = run_folder(prepared.folder, run.id)
    recorder = Recorder(prepared, run.id, folder, Forecast([{"detector": 1.0, "looking": 9.0, "local": 1.0}]))
    left = []
    for spent in (1.0, 4.0):
        told = ProgressEvent(fold=0, stage="looking", step=1, steps=4, stage_seconds=spent, message="at once")
        recorder.report("folds", told)
        left.append(read_json(folder / "progress.json")["seconds_left"])
    assert left == [9.0, 6.0]


def test_beats_are_the_boxes_from_the_operating_score_on() -> None:
    boxes = np.arange(12.0).reshape(3, 4)
    found = [(boxes, np.array([0.4, 0.5, 0.6])), (boxes[:0], np.zeros(0))]
    assert [page.tolist() for page in beats_from(found, 0.5)] == [boxes[1:].tolist(), []]
