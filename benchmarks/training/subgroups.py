"""A bundle by sex and by age, on the drawn pages of PTB-XL's fold 9.

python -m benchmarks.training.subgroups BUNDLE --ptbxl DIR --cache DIR

Age above 89 is written as 300 in PTB-XL. Records without sex or age are left out of that table. The worst group of each
table is the one with the lowest AUROC; the intervals, bootstrapped by patient, say whether that means anything.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.training.held_out_figures import Judged, judge, shown
from ecgcore.bundle.folder import load_bundle
from trainer.evaluation.evaluate import figures_table
from trainer.metrics.calibration import decide_probabilities
from trainer.metrics.classification import classification_metrics
from trainer.starter.pages import ptbxl_pages, ptbxl_records

AGES = (("under 50", 0, 50), ("50 to 70", 50, 70.5), ("over 70", 70.5, 1000))
SEXES = {"0": "male", "1": "female", "m": "male", "f": "female"}
"""As PTB-XL's published table writes them, and as the compact one does."""


def sex_and_age(folder: Path) -> dict[str, tuple[str, str]]:
    """Of each record by its name, empty where unknown; from the compact table or the published one."""
    table = folder / "ptbxl.csv"
    table = table if table.exists() else folder / "ptbxl_database.csv"
    with table.open(newline="", encoding="utf-8") as rows:
        return {
            f"ptbxl:{int(float(row['ecg_id']))}": (SEXES.get(row["sex"].split(".")[0], ""), age_group(row["age"]))
            for row in csv.DictReader(rows)
        }


def age_group(cell: str) -> str:
    """The group's name; empty where the age is unknown."""
    if not cell:
        return ""
    return next(name for name, low, high in AGES if low <= float(cell) < high)


def report(title: str, names: Sequence[str], judged: Judged, p: np.ndarray, said: Sequence[str]) -> None:
    """Print one table, and the worst group."""
    figures, labels = {}, judged.labels
    for name in sorted(set(names) - {""}):
        rows = [row for row, of in enumerate(names) if of == name]
        some = labels[rows].tolist(), p[rows], [said[r] for r in rows], [judged.groups[r] for r in rows]
        figures[f"{name} ({len(rows)}, {labels[rows].mean():.0%} abnormal)"] = classification_metrics(*some)
    print(f"\n{title}\n{figures_table(figures)}")
    worst = min(figures, key=lambda name: figures[name]["auroc"]["value"])
    print(f"Lowest AUROC: {worst}, {shown(figures[worst]['auroc'])}")


def main() -> None:
    """Judge the pages once, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    records = ptbxl_records(options.ptbxl)
    pages = ptbxl_pages(records, options.cache / "pages", []).test
    judged = judge(bundle, [p for p in pages if not bundle.was_trained_on("", p.group, p.source_record)])
    p = expit(judged.logits["fused"] / bundle.operating_point.temperature)
    said = decide_probabilities(p, (bundle.operating_point.p_normal_below, bundle.operating_point.p_abnormal_from))
    known = sex_and_age(options.ptbxl)
    print(f"{bundle.version}; PTB-XL's fold 9, {len(judged.pages)} drawn pages")
    for title, column in (("By sex", 0), ("By age", 1)):
        names = [known[page.source_record][column] for page in judged.pages]
        report(title, names, judged, p, said)


if __name__ == "__main__":
    main()
