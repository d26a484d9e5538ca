"""Stage 1 of training: boxed pages -> the beat detector."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from ecgcore.errors import DataError
from ecgcore.networks.configs import DetectorConfig
from ecgcore.networks.detector import BeatDetector, panel_tensor
from ecgcore.networks.vision import box_iou
from ecgcore.types import FloatArray
from trainer.data.augment import augment_pen
from trainer.data.page import PreparedPage
from trainer.recipes import DetectorStage
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, train
from trainer.stages.inference import detect_pages
from trainer.stages.start import network_config
from trainer.stages.supervision import fresh_head

_VALIDATION_IOU, _VALIDATION_SCORE = 0.7, 0.5
VALIDATION_PAGES = 40

Batch = tuple[Tensor, list[dict[str, Tensor]]]


def train_detector(
    pages: Sequence[PreparedPage],
    stage: DetectorStage,
    context: StageContext,
    *,
    init: BeatDetector | None = None,
    val: Sequence[PreparedPage] = (),
) -> BeatDetector:
    """Train on every page that is boxed.

    Args:
        pages: those without boxes are ignored.
        stage: how long and how fast.
        context: where and for whom.
        init: start from these weights and this shape; None draws a network of the stage's shape.
        val: boxed pages for early stopping.

    Raises:
        DataError: no page is boxed, or the loss left the finite numbers.
    """
    boxed = [page for page in pages if page.boxes_panel_xyxy is not None]
    checked = [page for page in val if page.boxes_panel_xyxy is not None][:VALIDATION_PAGES]
    if not boxed:
        raise DataError("No page has beat boxes.", "Box the beats of some pages, or use a bundle's detector as it is.")
    torch.manual_seed(context.seed)
    model = init or BeatDetector(network_config(DetectorConfig, stage))
    if stage.fresh_head:
        for layer in (model.roi_heads.box_predictor.cls_score, model.roi_heads.box_predictor.bbox_pred):
            fresh_head(layer)
    steps = stage.steps_per_epoch or max(stage.least_steps, len(boxed) // stage.batch)

    def batches(epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng([context.seed, epoch])
        order = np.concatenate([rng.permutation(len(boxed)) for _ in range(1 + steps * stage.batch // len(boxed))])
        for step in range(steps):
            chosen = [boxed[i] for i in order[step * stage.batch : (step + 1) * stage.batch]]
            yield _batch(chosen, model.config.px_per_mm, rng)

    def loss(batch: Batch) -> Tensor:
        panels, targets = batch
        targets = [{key: value.to(context.device) for key, value in target.items()} for target in targets]
        _, losses = model(panels.to(context.device), targets, stage.precision)
        return torch.stack(list(losses.values())).sum()

    model.to(memory_format=torch.channels_last)
    validate = (lambda: 1 - detection_f1(model, checked)) if checked else None
    train(model, Task(batches, steps, loss, validate), stage, context)
    return model


def _batch(pages: Sequence[PreparedPage], px_per_mm: float, rng: np.random.Generator) -> Batch:
    panels, targets = [], []
    for page in pages:
        assert page.boxes_panel_xyxy is not None
        panel, scale_x, scale_y = panel_tensor(augment_pen(page.ink, rng), px_per_mm * float(rng.uniform(0.92, 1.08)))
        boxes = page.boxes_panel_xyxy * [scale_x, scale_y, scale_x, scale_y]
        height, width = panel.shape[-2:]
        boxes = np.clip(boxes, 0, [width, height, width, height])
        boxes = boxes[(boxes[:, 2] - boxes[:, 0] > 2) & (boxes[:, 3] - boxes[:, 1] > 2)]
        panels.append(panel)
        targets.append(
            {
                "boxes": torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4),
                "labels": torch.ones(len(boxes), dtype=torch.int64),
            }
        )
    height, width = (max(panel.shape[axis] for panel in panels) for axis in (-2, -1))
    padded = [torch.nn.functional.pad(p, (0, width - p.shape[-1], 0, height - p.shape[-2])) for p in panels]
    return torch.stack(padded), targets


def detection_f1(model: BeatDetector, pages: Sequence[PreparedPage]) -> float:
    """F1 at IoU 0.7 over all boxes of ``pages``: the early stopping criterion, stricter than the reported 0.5.

    Args:
        model: the detector.
        pages: boxed pages.
    """
    return _f1(detect_pages(model, pages, _VALIDATION_SCORE), pages, _VALIDATION_SCORE)


def _f1(found: Sequence[tuple[FloatArray, FloatArray]], pages: Sequence[PreparedPage], min_score: float) -> float:
    hits = total = 0
    for (boxes, scores), page in zip(found, pages, strict=True):
        assert page.boxes_panel_xyxy is not None
        kept = boxes[scores >= min_score]
        total += len(kept) + len(page.boxes_panel_xyxy)
        if len(kept) and len(page.boxes_panel_xyxy):
            iou = box_iou(torch.as_tensor(kept), torch.as_tensor(page.boxes_panel_xyxy))
            # Boxes of one page hardly overlap, so that the best match of each true box is its own.
            hits += int((iou.amax(dim=0) >= _VALIDATION_IOU).sum())
    return 2 * hits / max(1, total)


def best_min_score(model: BeatDetector, pages: Sequence[PreparedPage]) -> float:
    """The operating threshold: the score, 0.3 to 0.8, of the best F1 on ``pages``, which must not be test pages.

    Args:
        model: the detector.
        pages: boxed pages.
    """
    scores = [round(0.3 + 0.05 * step, 2) for step in range(11)]
    found = detect_pages(model, pages, scores[0])
    return max(scores, key=lambda score: _f1(found, pages, score))
