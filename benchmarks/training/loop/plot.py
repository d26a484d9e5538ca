"""Draws what the simulated loop brought, from the results of ``loop.labels`` and ``loop.boxes``.

python -m benchmarks.training.loop.plot --labels FILE.json --boxes FILE.json ... --out docs/loop.svg
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from trainer.runs.files import read_json

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#595959"


def draw_labels(axes: Any, found: dict[str, Any]) -> None:
    """AUROC on unseen groups against labelled pages, a line a queue."""
    for queue, colour, shape, shift in (("uncertain", BLUE, "o", -0.8), ("random", VERMILION, "s", 0.8)):
        points = [found["auroc"]["0"], *(found["auroc"][f"{queue} {n}"] for n in (25, 100))]
        _line(axes, [0, 25, 100], points, colour, shape, f"queue: {queue}", shift)
    axes.set_xlabel("labelled pages")
    axes.set_ylabel("AUROC on unseen groups")


def draw_boxes(axes: Any, results: list[dict[str, Any]]) -> None:
    """Recall and precision on unseen records against corrected pages."""
    results = sorted(results, key=lambda result: result["pages"])
    for metric, colour, shape, shift in (("recall", BLUE, "o", -0.8), ("precision", VERMILION, "s", 0.8)):
        points = [result["figures"][metric] for result in results]
        _line(axes, [result["pages"] for result in results], points, colour, shape, metric, shift)
    axes.axhline(0.95, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("pages with corrected boxes")
    axes.set_ylabel("on unseen records, at IoU 0.5")


def _line(axes: Any, x: list[int], points: list[Any], colour: str, shape: str, name: str, shift: float) -> None:
    value = [point["value"] for point in points]
    spread = [
        [point["value"] - point["low"] for point in points],
        [point["high"] - point["value"] for point in points],
    ]
    axes.errorbar(
        [at + shift for at in x], value, spread, color=colour, marker=shape, capsize=3, linewidth=1.5, label=name
    )


def main() -> None:
    """Draw both, or whichever there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--boxes", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    panels = [draw for draw, is_there in ((draw_labels, options.labels), (draw_boxes, options.boxes)) if is_there]
    data = {draw_labels: options.labels and read_json(options.labels), draw_boxes: list(map(read_json, options.boxes))}
    figure, all_axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 3.4), squeeze=False)
    for axes, draw in zip(all_axes[0], panels, strict=True):
        draw(axes, data[draw])
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, metadata={"Date": None} if options.out.suffix == ".svg" else None, dpi=110)


if __name__ == "__main__":
    main()
