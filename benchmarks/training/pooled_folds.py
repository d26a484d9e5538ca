"""Every real page judged by networks that saw none of its group: the starters of the folds, put together.

python -m benchmarks.training.pooled_folds OUT0 OUT1 ... --khan DIR --cache DIR [--csv FILE]

OUT0, OUT1, ... are what ``python -m trainer starter --fold 0``, ``--fold 1``, ... wrote, all with the same ``--cache``.
"as shipped" decides by each fold's own temperature and thresholds. "cross-fitted" fits both on the out-of-fold answers
of the other folds, about eight hundred pages instead of a hundred, and never on a page that it then judges.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.training.held_out_figures import shown
from benchmarks.training.signal_folds import is_3x4
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import figures_table
from trainer.metrics.calibration import calibrate
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.runs.files import PREDICTIONS, PROBABILITY_OF
from trainer.runs.folder import PagePrediction, read_predictions, write_predictions
from trainer.starter.figures import REAL_PARTS, log_odds
from trainer.starter.pages import khan_pages
from trainer.starter.plan import STARTER
from trainer.starter.training_sets import diagnosis_of

NAMES = ("local", "global", "waveform", "fused")
PARTS = {**REAL_PARTS, "khan_gridded_3x4": lambda page: page.has_grid and is_3x4(page)}
"""All gridded 6x2 pages are abnormal, so that layout alone gains something among all gridded ones."""


def cross_fitted(answers: Sequence[PagePrediction], has_grid: np.ndarray) -> list[PagePrediction]:
    """The same answers with probabilities and decisions fitted on the gridded pages of the other folds."""
    fold_of = np.array([answer.fold for answer in answers])
    labels = np.array([answer.label for answer in answers])
    odds = log_odds(answers, "fused")
    result = list(answers)
    for fold in np.unique(fold_of):
        others, here = (fold_of != fold) & has_grid, np.flatnonzero(fold_of == fold)
        targets = STARTER.recipe.sensitivity_target, STARTER.recipe.specificity_target
        fitted = calibrate(odds[others], labels[others], *targets)
        p = fitted.probabilities(odds[here])
        for row, value, decision in zip(here, p, fitted.decisions(p), strict=True):
            result[row] = replace(answers[row], p_abnormal=float(value), decision=decision)
    return result


def report(
    title: str, answers: Sequence[PagePrediction], fitted: Sequence[PagePrediction], groups: Sequence[str]
) -> None:
    """Print the figures of one part of the pages."""
    labels = [answer.label for answer in answers]
    p_of = {name: np.array([getattr(answer, PROBABILITY_OF[name]) for answer in answers]) for name in NAMES[:-1]}
    figures = {
        name: classification_metrics(labels, p, None, groups) for name, p in p_of.items() if np.isfinite(p).any()
    }
    for name, of in (("fused, as shipped", answers), ("fused, cross-fitted", fitted)):
        p, decisions = [answer.p_abnormal for answer in of], [answer.decision for answer in of]
        figures[name] = classification_metrics(labels, p, decisions, groups)
    print(f"\n{title}: {len(answers)} pages, {len(set(groups))} groups, out of fold\n{figures_table(figures)}")


def main() -> None:
    """Read each fold's answers, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starters", type=Path, nargs="+")
    parser.add_argument("--khan", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--csv", type=Path, help="write the out-of-fold answers there")
    options = parser.parse_args()
    split = khan_pages(options.khan, options.cache / "pages", options.cache / "cache")
    page_of: dict[str, PreparedPage] = {page.key: page for page in (*split.train, *split.inner, *split.test)}
    answers = [answer for folder in options.starters for answer in read_predictions(folder / PREDICTIONS)]
    pages = [page_of[answer.file] for answer in answers]
    has_grid = np.array([page.has_grid for page in pages])
    fitted = cross_fitted(answers, has_grid)
    for title, belongs in PARTS.items():
        rows = [row for row, page in enumerate(pages) if belongs(page)]
        report(title, [answers[r] for r in rows], [fitted[r] for r in rows], [pages[r].group_key for r in rows])
    labels, groups = np.array([a.label for a in answers]), np.array([page.group_key for page in pages], dtype=object)
    odds = {name: log_odds(answers, name) for name in NAMES}
    odds["fused"][np.isnan(odds["fused"])] = 0.0  # without a beat the page is referred
    diagnoses = np.array([diagnosis_of(page) for page in pages])
    is_3x4_page = has_grid & np.array([is_3x4(page) for page in pages])
    for diagnosis in ("mi", "history_mi", "abnormal_heartbeat"):
        rows = np.flatnonzero(is_3x4_page & ((diagnoses == diagnosis) | (labels == 0)))
        p = 1 / (1 + np.exp(-odds["fused"][rows]))
        auroc = classification_metrics(labels[rows], p, None, groups[rows].tolist())["auroc"]
        print(f"gridded 3x4, {diagnosis} against normal: {len(rows)} pages, AUROC {shown(auroc)}")
    rows = np.flatnonzero(has_grid)
    for name in NAMES[:-1]:
        odds[name][np.isnan(odds[name])] = 0.0
        gain = paired_auroc_difference(labels[rows], odds["fused"][rows], odds[name][rows], groups[rows].tolist())
        print(f"gridded, fused minus {name}: AUROC {shown(gain)}")
    if options.csv is not None:
        write_predictions(options.csv, fitted)


if __name__ == "__main__":
    main()
