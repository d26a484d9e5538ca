"""A candidate and the bundle in use on the same pages, which neither has seen: better, the same or worse?

Held-out pages decide where there are any. Else the folds' answers, each by networks that had not seen the page, stand
for the candidate on the pages that the bundle in use has not seen; else nothing honest can be said, and it says so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.bundle.folder import Bundle
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import (
    BundlePredictions,
    UnseenPages,
    boxed_rows,
    exclude_trained_on,
    figures_of,
    page_boxes,
    predict_bundle,
)
from trainer.metrics.classification import classification_figures, paired_differences
from trainer.metrics.detection import detection_figures
from trainer.metrics.figures import Figures
from trainer.registry.comparisons import verdict_of
from trainer.runs.files import PREDICTIONS, PROBABILITY_OF, read_json
from trainer.runs.folder import RunFolder, read_predictions
from trainer.runs.results import ChangedPage, Comparison, ComparisonVerdict, PagesFrom, Sides
from trainer.stages.inference_cache import Detections

FEWEST_GROUPS = 5
"""Patients of each class below which an interval says nothing."""


@dataclass(frozen=True)
class ComparedModel:
    """One of the two that are compared: its version and what it said of the pages."""

    version: str
    predictions: BundlePredictions


def compare_on_held_out(candidate: Bundle, in_use: Bundle, held_out: Sequence[PreparedPage]) -> Comparison:
    """Compare two bundles on pages of groups that are held out; pages that either has seen are left out."""
    seen_by_candidate = exclude_trained_on(candidate, held_out)
    unseen = exclude_trained_on(in_use, seen_by_candidate.pages)
    left_out = {"candidate": seen_by_candidate.excluded, "active": unseen.excluded}
    if not unseen.pages:
        return nothing_to_compare(candidate.version, in_use.version, left_out)
    first, second = (
        ComparedModel(bundle.version, predict_bundle(bundle, unseen.pages)) for bundle in (candidate, in_use)
    )
    words = f"{len(unseen.pages)} pages of the permanent test set, judged by both models."
    return report("held-out", words, first, second, unseen.pages, left_out)


def compare_on_folds(
    version: str, out_of_fold: BundlePredictions, in_use: Bundle, pages: Sequence[PreparedPage]
) -> Comparison:
    """Compare the folds' answers with the bundle in use, on the pages that it has not seen.

    Args:
        version: the candidate's.
        out_of_fold: what the folds' networks said of ``pages``.
        in_use: the bundle in use.
        pages: all pages of the cross-validation.
    """
    unseen: UnseenPages = exclude_trained_on(in_use, pages)
    left_out: Sides = {"candidate": {}, "active": unseen.excluded}
    if not unseen.pages:
        return nothing_to_compare(version, in_use.version, left_out)
    kept = {page.key for page in unseen.pages}
    rows = [row for row, page in enumerate(pages) if page.key in kept]
    candidate = ComparedModel(version, _some(out_of_fold, rows))
    words = (
        f"There is no permanent test set. {len(rows)} training pages that the model in use has not seen, judged by it "
        "and by the networks of the fold that had not seen the page; these stand for the candidate."
    )
    return report(
        "folds",
        words,
        candidate,
        ComparedModel(in_use.version, predict_bundle(in_use, unseen.pages)),
        unseen.pages,
        left_out,
    )


def fold_predictions(run: RunFolder, n_folds: int, pages: Sequence[PreparedPage]) -> BundlePredictions:
    """What the folds of a finished cross-validation said of its pages, each by networks that had not seen the page."""
    answers = {answer.file: answer for answer in read_predictions(run.path / PREDICTIONS)}
    facts = [run.facts(fold) for fold in range(n_folds)]
    found: dict[str, Detections] = {}
    min_scores: dict[str, float] = {}
    for fold in range(n_folds):
        for key, (boxes, scores, _) in read_json(run.fold(fold) / "detections.json").items():
            found[key] = np.array(boxes, dtype=np.float64).reshape(-1, 4), np.array(scores, dtype=np.float64)
            min_scores[key] = facts[fold].min_score
    rows = [answers.get(page.key) for page in pages]
    return BundlePredictions(
        {part: np.array([getattr(row, name, np.nan) for row in rows]) for part, name in PROBABILITY_OF.items()},
        [row.decision if row is not None else "refer" for row in rows],
        [found.get(page.key) for page in pages],
        [min_scores.get(page.key, 0.0) for page in pages],
    )


def nothing_to_compare(candidate: str, in_use: str, left_out: Sides) -> Comparison:
    """A report that no honest comparison is possible, and what would make one possible."""
    return Comparison(
        pages_from="none",
        explanation="Both models have learnt from every page, so no honest comparison is possible. Add some "
        "patients to the permanent test set on the Dataset page before the next training.",
        candidate=candidate,
        active=in_use,
        left_out_as_seen=left_out,
        verdict="unknown",
        because="No page can be judged by both.",
    )


def report(
    pages_from: PagesFrom,
    explanation: str,
    candidate: ComparedModel,
    in_use: ComparedModel,
    pages: Sequence[PreparedPage],
    left_out: Sides,
) -> Comparison:
    """Figures of both, their paired differences with intervals, and what follows."""
    differences = _differences(candidate.predictions, in_use.predictions, pages)
    verdict, because = decide_verdict(differences, pages)
    return Comparison(
        pages_from=pages_from,
        explanation=explanation,
        candidate=candidate.version,
        active=in_use.version,
        pages=len(pages),
        left_out_as_seen=left_out,
        candidate_figures=figures_of(candidate.predictions, pages),
        active_figures=figures_of(in_use.predictions, pages),
        differences=differences,
        decisions={
            name: dict(Counter(side.predictions.decisions))
            for name, side in (("candidate", candidate), ("active", in_use))
        },
        verdict=verdict,
        because=because,
        changed=_changed(candidate.predictions, in_use.predictions, pages),
    )


def decide_verdict(differences: Figures, pages: Sequence[PreparedPage]) -> tuple[ComparisonVerdict, str]:
    """What the differences say; unknown where the pages come from too few patients to tell."""
    for label, name in ((0, "normal"), (1, "abnormal")):
        groups = {page.group_key for page in pages if page.label == label}
        if len(groups) < FEWEST_GROUPS:
            return (
                "unknown",
                f"The {name} pages come from {len(groups)} patient{'' if len(groups) == 1 else 's'}; "
                f"{FEWEST_GROUPS} are needed to tell.",
            )
    return verdict_of(differences)


def _differences(first: BundlePredictions, second: BundlePredictions, pages: Sequence[PreparedPage]) -> Figures:
    both = (first, second)
    labelled = [row for row, page in enumerate(pages) if page.label is not None]
    boxed = sorted(set(boxed_rows(first, pages)) & set(boxed_rows(second, pages)))
    differences: Figures = {}
    if labelled:
        labels, groups = [int(pages[row].label == 1) for row in labelled], [pages[row].group_key for row in labelled]
        one, other = (
            classification_figures(labels, j.p["fused"][labelled], [j.decisions[row] for row in labelled]) for j in both
        )
        differences |= paired_differences(one, other, groups, ("auroc", "sensitivity"))
    if boxed:
        one, other = (
            detection_figures(page_boxes(j, pages, boxed), [j.min_scores[row] for row in boxed]) for j in both
        )
        differences |= paired_differences(one, other, [pages[row].group_key for row in boxed], ("ap50",))
    return differences


def _changed(
    first: BundlePredictions, second: BundlePredictions, pages: Sequence[PreparedPage]
) -> tuple[ChangedPage, ...]:
    names = {0: "normal", 1: "abnormal", None: None}
    return tuple(
        ChangedPage(
            file=page.key,
            label=names[page.label],
            candidate=first.decisions[row],
            active=second.decisions[row],
            p_candidate=_number(first.p["fused"][row]),
            p_active=_number(second.p["fused"][row]),
        )
        for row, page in enumerate(pages)
        if first.decisions[row] != second.decisions[row]
    )


def _some(predictions: BundlePredictions, rows: Sequence[int]) -> BundlePredictions:
    return BundlePredictions(
        {name: p[list(rows)] for name, p in predictions.p.items()},
        [predictions.decisions[row] for row in rows],
        [predictions.detections[row] for row in rows],
        [predictions.min_scores[row] for row in rows],
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
