"""The folds' answers and boxes -> the figures of a cross-validation, with intervals."""

from collections.abc import Sequence

import numpy as np

from trainer.data.page import PreparedPage
from trainer.metrics.calibration import decide_probabilities
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.metrics.detection import PageBoxes, detection_metrics
from trainer.metrics.figures import Block, Figures
from trainer.runs.files import PROBABILITY_OF, read_json
from trainer.runs.folder import PagePrediction, RunFolder
from trainer.runs.results import FoldFacts, RunSummary

N_BOOT = 1000


def summarise(
    answers: Sequence[PagePrediction], pages: Sequence[PreparedPage], run: RunFolder, n_folds: int
) -> RunSummary:
    """Figures of each fold and of all answers put together, from the folds' files.

    Args:
        answers: of all folds.
        pages: of the cross-validation.
        run: its folder.
        n_folds: of them, all finished.

    Raises:
        DataError: the facts of a fold are damaged.
    """
    group_of = {page.key: page.group_key for page in pages}
    facts = [run.facts(fold) for fold in range(n_folds)]
    found = [read_json(run.fold(fold) / "detections.json") for fold in range(n_folds)]
    boxes_of = [{key: (fold, tuple(boxes)) for key, boxes in found[fold].items()} for fold in range(n_folds)]
    everything = {key: value for of_fold in boxes_of for key, value in of_fold.items()}
    labels, groups = [a.label for a in answers], [group_of[a.file] for a in answers]
    p = _by_network(answers, facts)
    fused = [a.p_abnormal for a in answers]
    return RunSummary(
        folds=tuple(
            _block([a for a in answers if a.fold == fold], facts, boxes_of[fold], group_of) for fold in range(n_folds)
        ),
        pooled=_block(answers, facts, everything, group_of),
        auroc_differences={
            f"fused minus {name}": paired_auroc_difference(labels, fused, p[name], groups, n_boot=N_BOOT) for name in p
        },
        fold_facts=tuple(facts),
    )


def _block(
    answers: Sequence[PagePrediction],
    facts: Sequence[FoldFacts],
    found: dict[str, tuple[int, PageBoxes]],
    group_of: dict[str, str],
) -> Block:
    labels, groups = [a.label for a in answers], [group_of[a.file] for a in answers]

    def figures(p: Sequence[float], name: str) -> Figures:
        decisions = [
            decide_probabilities(value, facts[a.fold].thresholds[name])[0] for a, value in zip(answers, p, strict=True)
        ]
        return classification_metrics(labels, p, decisions, groups, n_boot=N_BOOT)

    single = {name: figures(p, name) for name, p in _by_network(answers, facts).items()}
    return {
        "detector": detection_metrics(
            [boxes for _, boxes in found.values()],
            [group_of[key] for key in found],
            [facts[fold].min_score for fold, _ in found.values()],
            n_boot=N_BOOT,
        ),
        **single,
        "fused": classification_metrics(
            labels, [a.p_abnormal for a in answers], [a.decision for a in answers], groups, n_boot=N_BOOT
        ),
    }


def _by_network(answers: Sequence[PagePrediction], facts: Sequence[FoldFacts]) -> dict[str, list[float]]:
    """The own answers of each network that every fold has, and that answered at all."""
    p = {name: [getattr(a, column) for a in answers] for name, column in PROBABILITY_OF.items() if name != "fused"}
    everywhere = set.intersection(*(set(fact.thresholds) for fact in facts))
    return {name: of_pages for name, of_pages in p.items() if name in everywhere and not np.isnan(of_pages).all()}
