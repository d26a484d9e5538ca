"""What the starter bundle does on the groups that were put aside, each data set on its own."""

from collections.abc import Sequence
from typing import Any

from trainer.data import PreparedPage
from trainer.detection_metrics import detection_metrics
from trainer.metrics import classification_metrics
from trainer.stack import LOWEST_SCORE, Trained
from trainer.stage_detector import detect_pages


def held_out_figures(
    trained: Trained, ludb: Sequence[PreparedPage], ptbxl: Sequence[PreparedPage], khan: Sequence[PreparedPage]
) -> dict[str, Any]:
    """Figures with group-bootstrap intervals; rendered and real sets are never put together.

    Returns:
        ``{data set: {"detector"|"local"|"global"|"fused": {metric: interval}}}``.
    """
    figures: dict[str, Any] = {"ludb_rendered": {"detector": detector_figures(trained, ludb)}}
    sets = {
        "ptbxl_rendered": ptbxl,
        "khan_gridded": [page for page in khan if page.has_grid],
        "khan_all": list(khan),
        "khan_acute_mi_and_normal": [p for p in khan if p.has_grid and (p.label == 0 or p.key.startswith("mi/"))],
    }
    for name, pages in sets.items():
        if pages:
            figures[name] = classifier_figures(trained, pages)
    return figures


def detector_figures(trained: Trained, pages: Sequence[PreparedPage]) -> dict[str, Any]:
    """``ap50, ap50_95, recall, precision`` on boxed pages."""
    found = detect_pages(trained.nets.detector, pages, LOWEST_SCORE)
    boxes = [(b.tolist(), s.tolist(), p.boxes_panel_xyxy) for (b, s), p in zip(found, pages, strict=True)]
    return detection_metrics(boxes, [page.group_key for page in pages], trained.operating.min_score)


def classifier_figures(trained: Trained, pages: Sequence[PreparedPage]) -> dict[str, Any]:
    """All classification metrics of the local, the global and the fused answer."""
    answers = trained.answer(pages)
    labels, groups = [int(page.label == 1) for page in pages], [page.group_key for page in pages]
    result = {}
    for name in ("local", "global", "fused"):
        p = trained.calibrations[name].probabilities(answers.logits[name])
        result[name] = classification_metrics(labels, p, trained.calibrations[name].decisions(p), groups)
    return result
