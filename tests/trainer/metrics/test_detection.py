"""Detection figures agree with the COCO evaluation and with counts made by hand."""

from typing import Any

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster

from ecgcore.geometry.boxes import iou_matrix
from trainer.metrics.detection import detection_metrics, match_boxes


def noisy_pages(n_pages: int, seed: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pages with jittered, missed and invented boxes, more than COCO's usual hundred on some."""
    rng = np.random.default_rng(seed)
    pages = []
    for page in range(n_pages):
        corner = rng.uniform(0, 900, (int(rng.integers(0, 60)) + (110 if page == 0 else 0), 2))
        true = np.concatenate([corner, corner + rng.uniform(20, 80, corner.shape)], axis=1)
        kept = true[rng.random(len(true)) < 0.9]
        found = kept + rng.normal(0, 4, kept.shape)
        corner = rng.uniform(0, 900, (8, 2))
        found = np.concatenate([found, np.concatenate([corner, corner + 40], axis=1)])
        pages.append((found, rng.random(len(found)), true))
    return pages


def coco_average_precision(pages: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[float, float]:
    def entry(box: np.ndarray, page: int, number: int, **more: Any) -> dict[str, Any]:
        x1, y1, x2, y2 = box.tolist()
        size = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0}
        return {"id": number, "image_id": page, "category_id": 1, **size, **more}

    truths = [(box, page) for page, (_, _, true) in enumerate(pages, 1) for box in true]
    dataset = {
        "images": [{"id": page} for page in range(1, len(pages) + 1)],
        "categories": [{"id": 1, "name": "beat"}],
        "annotations": [entry(box, page, number) for number, (box, page) in enumerate(truths, 1)],
    }
    found = [
        entry(box, page, 0, score=float(score))
        for page, (boxes, scores, _) in enumerate(pages, 1)
        for box, score in zip(boxes, scores, strict=True)
    ]
    coco = COCO(dataset)
    evaluation = COCOeval_faster(coco, coco.loadRes(found), iouType="bbox")
    evaluation.params.maxDets = [1, 10, 1000]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, 0, 0, -1]
    return float(precision[0].mean()), float(precision.mean())


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_agrees_with_coco(seed: int) -> None:
    pages = noisy_pages(12, seed)
    found = detection_metrics(pages, [f"g{i}" for i in range(12)], 0.5, n_boot=20)
    ap50, ap50_95 = coco_average_precision(pages)
    assert found["ap50"]["value"] == pytest.approx(ap50, abs=1e-6)
    assert found["ap50_95"]["value"] == pytest.approx(ap50_95, abs=1e-6)
    assert found["ap50"]["low"] <= found["ap50"]["value"] <= found["ap50"]["high"]


def test_recall_and_precision_at_the_operating_score() -> None:
    true = [[0, 0, 10, 10], [20, 0, 30, 10]]
    found = [[0, 0, 10, 9], [0, 0, 10, 10], [50, 0, 60, 10], [20, 0, 30, 10]]
    result = detection_metrics([(found, [0.9, 0.8, 0.7, 0.3], true)], ["g"], 0.5, n_boot=5)
    assert result["recall"]["value"] == 0.5
    assert result["precision"]["value"] == pytest.approx(1 / 3)


def test_a_true_box_is_hit_once_by_the_highest_score() -> None:
    hits = match_boxes([[0, 0, 10, 10], [0, 0, 10, 8]], [0.6, 0.7], [[0, 0, 10, 10]])
    assert hits[0].tolist() == [False, True]
    assert iou_matrix([[0, 0, 10, 10]], [[0, 0, 10, 8], [5, 5, 15, 15]])[0].tolist() == pytest.approx([0.8, 25 / 175])


def test_pages_without_boxes() -> None:
    undefined = {"value": None, "low": None, "high": None}
    assert detection_metrics([], [], 0.5)["ap50"] == undefined
    nothing = detection_metrics([([], [], [])], ["g"], 0.5, n_boot=5)
    assert nothing["recall"] == undefined
    missed = detection_metrics([([], [], [[0, 0, 1, 1]])], ["g"], 0.5, n_boot=5)
    assert missed["recall"]["value"] == missed["ap50"]["value"] == 0.0
    assert missed["precision"] == undefined
