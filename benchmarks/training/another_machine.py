"""A bundle that has seen no page of a machine, on all real pages of it.

python -m benchmarks.training.another_machine BUNDLE --khan DIR --cache DIR

Only AUROC means anything here: temperature and thresholds come from other paper.
"""

import argparse
from pathlib import Path

from scipy.special import expit

from benchmarks.training.head_parts import rows_of
from benchmarks.training.held_out_figures import shown
from benchmarks.training.khan_features import all_khan_pages, compute_features
from benchmarks.training.loop.labels import look, taught_of
from ecgcore.bundle.folder import load_bundle
from ecgcore.errors import DataError
from trainer.evaluation.evaluate import exclude_trained_on
from trainer.metrics.classification import classification_metrics


def main() -> None:
    """Judge every gridded page, print by layout and diagnosis."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--khan", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle, "cpu")
    gridded = [page for page in all_khan_pages(options.khan, options.cache) if page.has_grid]
    if exclude_trained_on(bundle, gridded).excluded:
        raise DataError(f"Bundle {bundle.version} has seen some of these pages.", "Name a bundle that has seen none.")
    pages = look(bundle, compute_features(bundle, gridded, options.cache))
    odds = {
        "local": pages.p_local,
        "global": pages.p_global,
        "fused": expit(pages.logits(taught_of(bundle), range(len(pages.seen.pages)))),
    }
    labels, groups = pages.seen.labels.astype(int), pages.seen.groups
    for part, rows in rows_of(pages.seen.pages).items():
        for name, p in odds.items():
            auroc = classification_metrics(labels[rows].tolist(), p[rows], None, [groups[r] for r in rows])["auroc"]
            print(f"{part}, {len(rows)} pages, {name}: AUROC {shown(auroc)}")


if __name__ == "__main__":
    main()
