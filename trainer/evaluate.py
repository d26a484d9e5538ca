"""A bundle against labelled pages that neither it nor its parents were trained on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import expit

from ecgcore.bundle import Bundle
from ecgcore.errors import BadData
from trainer.calibrate import decide
from trainer.data import PreparedPage
from trainer.detection_metrics import detection_metrics
from trainer.metrics import Interval, classification_metrics
from trainer.stack import answer_pages


@dataclass(frozen=True)
class Unseen:
    """Pages that may be judged, and how many may not, by what gives them away."""

    pages: list[PreparedPage]
    seen: dict[str, int]


def leave_out_seen(bundle: Bundle, pages: Sequence[PreparedPage]) -> Unseen:
    """Leave out every page whose picture, group or source record the bundle or a parent was trained on."""
    unseen: list[PreparedPage] = []
    seen: Counter[str] = Counter()
    for page in pages:
        if bundle.has_seen(picture_hash=page.picture_hash):
            seen["same picture"] += 1
        elif bundle.has_seen(source_record=page.source_record):
            seen["same source record"] += 1
        elif bundle.has_seen(group=page.group):
            seen["same group"] += 1
        else:
            unseen.append(page)
    return Unseen(unseen, dict(seen))


def evaluate_bundle(bundle: Bundle, pages: Sequence[PreparedPage], *, n_boot: int = 1000) -> dict[str, Any]:
    """Figures of a bundle as it screens: its own operating score, temperature and thresholds.

    The global and the local network have no thresholds of their own in a bundle; alone they decide at 0.5.

    Args:
        bundle: loaded.
        pages: labelled pages; those that the bundle has seen are left out.
        n_boot: resamplings for the intervals.

    Returns:
        ``{"bundle", "pages", "left_out_as_seen", "detector", "local", "global", "fused"}``; without boxed pages the
        detector's figures are None.

    Raises:
        BadData: the bundle has seen every page.
    """
    unseen = leave_out_seen(bundle, pages)
    if not unseen.pages:
        raise BadData(f"Bundle {bundle.version} was trained on all {len(pages)} pages.", "Evaluate it on other pages.")
    operating = bundle.operating
    answers = answer_pages(bundle.nets, operating.min_score, unseen.pages)
    labels = [int(page.label == 1) for page in unseen.pages]
    groups = [page.group_key for page in unseen.pages]
    p_fused = expit(answers.logits["fused"] / operating.temperature)
    decisions = decide(p_fused, (operating.p_normal_below, operating.p_abnormal_from))
    boxed = [
        (page.group_key, (boxes, scores, page.boxes_panel_xyxy))
        for page, (boxes, scores) in zip(unseen.pages, answers.found, strict=True)
        if page.boxes_panel_xyxy is not None
    ]
    return {
        "bundle": bundle.version,
        "pages": len(unseen.pages),
        "left_out_as_seen": unseen.seen,
        "detector": detection_metrics(
            [page for _, page in boxed], [group for group, _ in boxed], operating.min_score, n_boot=n_boot
        ),
        "local": classification_metrics(labels, expit(answers.logits["local"]), None, groups, n_boot=n_boot),
        "global": classification_metrics(labels, expit(answers.logits["global"]), None, groups, n_boot=n_boot),
        "fused": classification_metrics(labels, p_fused, decisions, groups, n_boot=n_boot),
    }


def figures_table(blocks: Mapping[str, Mapping[str, Interval]]) -> str:
    """Figures with their 95 % intervals as plain text, one line a metric, one column a network."""
    names = list(dict.fromkeys(metric for figures in blocks.values() for metric in figures))
    rows = [["", *blocks]]
    rows += [[name, *(_shown(figures.get(name)) for figures in blocks.values())] for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _shown(interval: Interval | None) -> str:
    if interval is None or interval["value"] is None:
        return "-"
    if interval["low"] is None or interval["high"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
