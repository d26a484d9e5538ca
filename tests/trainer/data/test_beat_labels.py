"""A beat that somebody labelled keeps its label on the whole way from the store to the network that reads beats."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from annotations import readings
from annotations.model import LabelledBox
from annotations.readings import revisions
from annotations.readings.snapshots import read_pages, take_snapshot
from annotations.store import Store
from ecgcore.errors import DataError
from tests.support.prepared_pages import prepared_page
from tests.support.training_store import add_page, work
from trainer.crossval import train_networks
from trainer.data.beat_labels import with_labelled_beats
from trainer.data.page import BeatLabels
from trainer.data.page_file import load_pages, save_pages
from trainer.data.store_pages import pages_of_store
from trainer.named_recipes import RECIPES
from trainer.stages.classifiers import train_local
from trainer.stages.context import StageContext
from trainer.stages.inference import local_logits

BOX = [10.0, 10.0, 30.0, 50.0]
NEAR = [11.0, 11.0, 31.0, 51.0]
FAR = [60.0, 10.0, 80.0, 50.0]


def test_a_found_beat_takes_the_label_of_the_one_it_shows_and_a_missed_one_comes_along() -> None:
    found = np.array([FAR, NEAR])
    labelled = BeatLabels(np.array([BOX, [200.0, 10.0, 220.0, 50.0]]), np.array([1.0, 0.0]))
    boxes, labels = with_labelled_beats(found, labelled)
    np.testing.assert_array_equal(boxes, [FAR, NEAR, [200.0, 10.0, 220.0, 50.0]])
    np.testing.assert_array_equal(labels, [np.nan, 1.0, 0.0])


@pytest.mark.parametrize("n_found", [0, 2])
def test_without_labelled_beats_all_inherit(n_found: int) -> None:
    found = np.array([FAR, NEAR])[:n_found]
    for labelled in (None, BeatLabels(np.zeros((0, 4)), np.zeros(0))):
        boxes, labels = with_labelled_beats(found, labelled)
        np.testing.assert_array_equal(boxes, found)
        assert np.isnan(labels).all()
        assert len(labels) == n_found


def test_where_nothing_was_found_the_labelled_beats_teach() -> None:
    boxes, labels = with_labelled_beats(np.zeros((0, 4)), BeatLabels(np.array([BOX]), np.array([1.0])))
    assert (boxes.tolist(), labels.tolist()) == ([BOX], [1.0])


def test_the_store_hands_them_over_and_prepared_pages_keep_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    picture = store.picture(add_page(store, 1, 0))
    head = revisions.head(store, picture.id)
    assert head is not None
    first, second, third, *others = head.reading.boxes
    boxes = (replace(first, label="normal"), replace(second, label="abnormal", origin="rejected"), third, *others)
    reading = replace(head.reading, boxes=boxes, boxes_complete=False)
    readings.save(store, picture.id, "Ada", reading, base_revision_id=head.id)
    snapshot = take_snapshot(store, "one", "Ada")
    (item,) = pages_of_store(store, snapshot.id).train
    assert item.boxes_photo_xyxy is None
    assert item.beat_labels_photo is not None
    assert item.beat_labels_photo.boxes_xyxy.tolist() == [first.box_photo_xyxy.as_list()]
    assert item.beat_labels_photo.labels.tolist() == [0.0]

    measured = np.array([72.0, np.nan])
    labels = BeatLabels(np.array([BOX]), np.array([0.0]))
    page = replace(prepared_page("a", 1), beat_labels_panel=labels, measured=measured)
    save_pages(tmp_path / "some.pages", [page, prepared_page("b", 0)])
    labelled, unlabelled = load_pages(tmp_path / "some.pages")
    assert labelled.beat_labels_panel is not None
    assert labelled.beat_labels_panel.boxes_xyxy.tolist() == [BOX]
    assert labelled.beat_labels_panel.labels.tolist() == [0.0]
    assert labelled.measured is not None
    assert np.array_equal(labelled.measured, measured, equal_nan=True)
    assert unlabelled.beat_labels_panel is None
    assert unlabelled.measured is None


def test_the_local_stage_is_given_them(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in list(read_pages(prepared)):
        first = page.revision.reading.boxes[0].box_photo_xyxy
        reading = replace(page.revision.reading, boxes=(LabelledBox("mine", first, "normal"),), boxes_complete=False)
        readings.save(prepared, page.picture.id, "Ada", reading, base_revision_id=page.revision.id)
    given: list[np.ndarray] = []

    def look(pages: Any, beats: Any, *_: Any, beat_labels: Any, **__: Any) -> None:
        assert [len(labels) for labels in beat_labels] == [len(boxes) for boxes in beats]
        given.extend(labels[~np.isnan(labels)] for page, labels in zip(pages, beat_labels, strict=True))
        raise DataError("Seen enough.")

    monkeypatch.setattr(train_networks, "train_local", look)
    assert work(prepared, stages=("local", "global", "fusion")).message.startswith("Fold 1 of 2: Seen enough.")
    assert given
    assert all(len(labels) and set(labels) == {0.0} for labels in given), "on every page the beat that was labelled"
    header, *rows = (prepared.folder / "runs" / "1" / "inputs.csv").read_text().splitlines()
    assert header.endswith(",beat_labels")
    assert all(", 0.0]]" in row for row in rows)


def test_beats_that_are_called_normal_on_an_abnormal_page_are_learnt_as_normal() -> None:
    stage = replace(RECIPES["tiny"].local, epochs=1, steps_per_epoch=25, lr=1e-2, page_loss=False)
    ink = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
    pages = [replace(prepared_page(str(number), number), ink=ink) for number in range(2)]
    beats = [np.array([[20.0, 20.0, 80.0, 80.0], [90.0, 20.0, 150.0, 80.0]])] * 2

    def p_of_beats(own: list[np.ndarray] | None) -> float:
        context = StageContext(None, "local", torch.device("cpu"))
        torch.manual_seed(0)
        net = train_local(pages, beats, stage, context, beat_labels=own)
        return float((1 / (1 + np.exp(-local_logits(net, pages, beats)))).mean())

    inherited = p_of_beats(None)
    assert inherited == pytest.approx(p_of_beats([np.full(2, np.nan)] * 2))
    # Beats that look alike on a normal and on an abnormal page: in the middle, give or take a few steps of training.
    assert p_of_beats([np.zeros(2)] * 2) < 0.3 < inherited < 0.85
