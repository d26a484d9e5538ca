"""Every real page judged by networks that saw none of its group: the starters of the folds, put together.

python -m benchmarks.pooled_folds OUT0 OUT1 ... --khan DIR --cache DIR [--csv FILE]

OUT0, OUT1, ... are what ``python -m trainer starter --fold 0``, ``--fold 1``, ... wrote, all with the same ``--cache``.
"as shipped" decides by each fold's own temperature and thresholds. "cross-fitted" fits both on the out-of-fold answers
of the other folds, about a thousand pages instead of a hundred, and never on a page that it then judges.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.held_out_figures import PARTS, Judged, judge, shown
from ecgcore.bundle import Bundle, load_bundle
from ecgcore.types import FloatArray
from trainer.calibrate import calibrate, decide
from trainer.evaluate import figures_table
from trainer.metrics import classification_metrics, paired_auroc_difference
from trainer.runs import PageAnswer, write_answers
from trainer.starter import STARTER
from trainer.starter_lessons import diagnosis_of
from trainer.starter_pages import khan_pages


def fold_of(bundle: Bundle) -> int:
    """The fold that a starter left aside."""
    fold: int = bundle.manifest["recipe"]["fold"]
    return fold


def calibrated_logits(bundle: Bundle, judged: Judged) -> FloatArray:
    """Fused log-odds at the bundle's own temperature, so that those of several bundles can be put together."""
    logits: FloatArray = judged.logits["fused"] / bundle.operating.temperature
    return logits


def cross_fitted(logits: Sequence[FloatArray], judged: Sequence[Judged]) -> tuple[FloatArray, list[str]]:
    """Probabilities and decisions of each fold's pages, fitted on the other folds' answers."""
    p, decisions = [], []
    for fold in range(len(logits)):
        others = [number for number in range(len(logits)) if number != fold]
        labels = np.concatenate([judged[number].labels for number in others])
        gridded = np.concatenate([[page.has_grid for page in judged[number].pages] for number in others])
        answers = np.concatenate([logits[number] for number in others])
        targets = STARTER.recipe.sensitivity_target, STARTER.recipe.specificity_target
        fitted = calibrate(answers[gridded], labels[gridded], *targets)
        p.append(fitted.probabilities(logits[fold]))
        decisions += fitted.decisions(p[-1])
    return np.concatenate(p), decisions


def own_decisions(bundle: Bundle, logits: FloatArray) -> list[str]:
    """What a bundle itself says."""
    return decide(expit(logits), (bundle.operating.p_normal_below, bundle.operating.p_abnormal_from))


def main() -> None:
    """Judge each fold by its starter, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starters", type=Path, nargs="+")
    parser.add_argument("--khan", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--csv", type=Path, help="write the out-of-fold answers there")
    options = parser.parse_args()
    bundles = sorted((load_bundle(folder / "bundle") for folder in options.starters), key=fold_of)
    judged = []
    for bundle in bundles:
        pages = khan_pages(options.khan, options.cache / "pages", options.cache / "cache", fold_of(bundle)).test
        judged.append(judge(bundle, pages))
    logits = [calibrated_logits(bundle, part) for bundle, part in zip(bundles, judged, strict=True)]
    pages = [page for part in judged for page in part.pages]
    labels, groups = np.array([int(page.label == 1) for page in pages]), [page.group_key for page in pages]
    p = {name: expit(np.concatenate([part.logits[name] for part in judged])) for name in ("local", "global")}
    p["fused"] = expit(np.concatenate(logits))
    decisions = [word for b, z in zip(bundles, logits, strict=True) for word in own_decisions(b, z)]
    p["fused, cross-fitted"], fitted_decisions = cross_fitted(logits, judged)
    said = {"fused": decisions, "fused, cross-fitted": fitted_decisions}
    diagnoses = np.array([diagnosis_of(page) for page in pages])
    for title, belongs in PARTS.items():
        rows = [row for row, page in enumerate(pages) if belongs(page)]
        if not rows:
            continue
        print(f"\n{title}: {len(rows)} pages, {len({groups[row] for row in rows})} groups, out of fold")
        figures = {
            name: classification_metrics(
                labels[rows],
                values[rows],
                [said[name][row] for row in rows] if name in said else None,
                [groups[r] for r in rows],
            )
            for name, values in p.items()
        }
        print(figures_table(figures))
    gridded = np.array([page.has_grid for page in pages])
    for diagnosis in ("mi", "history_mi", "abnormal_heartbeat"):
        rows = np.flatnonzero(gridded & ((diagnoses == diagnosis) | (labels == 0)))
        figures = classification_metrics(labels[rows], p["fused"][rows], None, [groups[row] for row in rows])
        print(f"gridded, {diagnosis} against normal: AUROC {shown(figures['auroc'])}")
    rows = np.flatnonzero(gridded)
    for name in ("local", "global"):
        gain = paired_auroc_difference(labels[rows], p["fused"][rows], p[name][rows], [groups[row] for row in rows])
        print(f"gridded, fused minus {name}: AUROC {shown(gain)}")
    if options.csv is not None:
        folds = [fold_of(bundle) for bundle, part in zip(bundles, judged, strict=True) for _ in part.pages]
        write_answers(
            options.csv,
            [
                PageAnswer(
                    page.key,
                    int(labels[row]),
                    page.group,
                    folds[row],
                    float(p["global"][row]),
                    float(p["local"][row]),
                    float(p["fused, cross-fitted"][row]),
                    fitted_decisions[row],
                )
                for row, page in enumerate(pages)
            ],
        )


if __name__ == "__main__":
    main()
