"""A bundle's figures as the tables of its model card.

python -m benchmarks.training.model_card_tables BUNDLE
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ecgcore.bundle.folder import MANIFEST

TITLES = {
    "ludb_rendered": "LUDB, rendered (IoU 0.5 for recall and precision)",
    "ptbxl_rendered": "PTB-XL, rendered, one random style a record",
    "khan_gridded": "Khan, real pages with a printed grid",
    "khan_all": "Khan, all real pages",
    "khan_acute_mi": "Khan, acute infarctions alone",
}


def cell(interval: dict[str, float | None] | None) -> str:
    """``0.912 (0.871-0.947)``."""
    if interval is None or interval["value"] is None:
        return "-"
    if interval["low"] is None or interval["high"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"


def table(figures: dict[str, Any]) -> str:
    """One row a metric, one column a network."""
    columns = list(figures)
    rows = list(dict.fromkeys(metric for column in figures.values() for metric in column))
    lines = ["| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {row} | " + " | ".join(cell(figures[column].get(row)) for column in columns) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    manifest = json.loads((parser.parse_args().bundle / MANIFEST).read_text("utf-8"))
    print(f"{manifest['version']}, parent {manifest['parent']}, thresholds {manifest['thresholds']}\n")
    for name, figures in manifest["metrics"].items():
        print(f"**{TITLES.get(name, name)}**\n\n{table(figures)}\n")


if __name__ == "__main__":
    main()
