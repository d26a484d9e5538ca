"""Beats and verdicts on pages that a program of others drew (ecg-plot), from held-out records.

python -m benchmarks.page.foreign_renderer BUNDLE --ludb DIR --ptbxl DIR [--ptbxl-pages N]
"""

import argparse
import json
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import ecg_plot
import matplotlib as mpl
import numpy as np
from ecg_plot.chart import Style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from benchmarks.training.held_out import held_out_ludb, held_out_ptbxl
from ecgcore.bundle.folder import load_bundle
from ecgcore.papersim import BOX_PAD_MM, LEADS, DrawnTrace, SimPage
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import evaluate_bundle, figures_table
from trainer.metrics.detection import detection_metrics
from trainer.stages.inference import LOWEST_SCORE, detect_pages
from trainer.starter.public_datasets import Record
from trainer.starter.synthetic_pages import cuts_closely, prepare_rendered

mpl.use("Agg")

# The package's own looks, its black and white one, and the heavy red grid with a blue pen of its earlier versions.
STYLES: dict[str, Style] = {
    "default": Style(),
    "bw": Style(line_color="black", major_color="#999999", minor_color="#dddddd"),
    "red and blue": Style(line_color="#0000b2", major_color="#ff0000", minor_color="#ffb2b2"),
    "no grid": Style(grid=False, line_color="black", line_width=0.3),
}
DPIS = (100, 130, 160)


WINDOWS_TRIED = 40


def draw_beats_page(record: Record, chart_style: str, dpi: int, layout: dict[str, Any]) -> SimPage | None:
    """One stretch that is marked complete in every lead, drawn by ecg-plot, with its beats; None where it is short.

    Of several windows inside the stretch the one is drawn that cuts the fewest beats by less than the marks' tolerance.
    """
    assert record.beats_s is not None and record.stretches_s is not None
    longest = [s[np.argmax(s[:, 1] - s[:, 0])] if len(s) else np.zeros(2) for s in record.stretches_s]
    start_s, end_s = max(s[0] for s in longest), min(s[1] for s in longest)
    end_s = min(end_s, record.signals_mv.shape[1] / record.fs_hz)
    if end_s - start_s < 2.5:
        return None
    rng = np.random.default_rng(int(record.source_record.split(":")[1]))
    spare_s = min(0.8, (end_s - start_s) / 4)
    windows = [(start_s + a, end_s - b) for a, b in rng.uniform(0, spare_s / 2, (WINDOWS_TRIED, 2))]
    charts = [_chart(record, chart_style, {**layout, "window": window}) for window in windows]
    chart = min(charts, key=lambda chart: _closely_cut(record, chart.panels))
    page, panels = _rasterise(chart, dpi), chart.panels
    boxes = []
    for panel in panels:
        lead = panel.lead
        for onset_s, t_end_s in record.beats_s[lead]:
            if panel.start <= onset_s and t_end_s <= panel.end:
                mv = record.signals_mv[lead, round(onset_s * record.fs_hz) : round(t_end_s * record.fs_hz) + 1]
                x1, x2 = (panel.x + (t - panel.start) * 25 for t in (onset_s, t_end_s))
                y1, y2 = panel.baseline - mv.max() * 10 - BOX_PAD_MM, panel.baseline - mv.min() * 10 + BOX_PAD_MM
                boxes.append((x1, y1, x2, y2))
    return replace(page, boxes_xyxy=np.array(boxes).reshape(-1, 4) * page.px_per_mm)


TWELVE_LEADS = {"layout": "12lead", "time_mode": "sequential", "rhythm_lead": "II"}
"""3x4 with a rhythm strip, consecutive columns."""


def draw_record_page(record: Record, chart_style: str, dpi: int, layout: dict[str, Any] | None = None) -> SimPage:
    """A whole record.

    Args:
        record: its signals are drawn from their beginning.
        chart_style: one of ``STYLES``.
        dpi: pixels an inch.
        layout: ecg-plot's options, ``speed`` in mm/s and ``gain`` in mm/mV among them; None for ``TWELVE_LEADS``.
    """
    layout = TWELVE_LEADS if layout is None else layout
    chart = _chart(record, chart_style, layout)
    drawn = _drawn(record, chart.panels, dpi / 25.4, layout.get("speed", 25.0), layout.get("gain", 10.0))
    return replace(_rasterise(chart, dpi), traces=drawn)


def _drawn(
    record: Record, panels: list[Any], px_per_mm: float, speed_mm_s: float, gain_mm_mv: float
) -> tuple[DrawnTrace, ...]:
    """What the program drew, from where it says that it did."""
    heights = sorted({panel.baseline for panel in panels})
    drawn = []
    for panel in panels:
        first, last = round(panel.start * record.fs_hz), round(panel.end * record.fs_hz)
        value_mv = record.signals_mv[panel.lead, first:last]
        since_s = np.arange(len(value_mv)) / record.fs_hz
        x_mm = panel.x + since_s * speed_mm_s
        points_mm = np.column_stack([x_mm, panel.baseline - value_mv * gain_mm_mv])
        row = heights.index(panel.baseline)
        drawn.append(DrawnTrace(panel.lead, row, panel.start + since_s, value_mv, points_mm * px_per_mm))
    return tuple(drawn)


def _chart(record: Record, chart_style: str, options: dict[str, Any]) -> Any:
    return ecg_plot.plot(
        record.signals_mv,
        sample_rate=record.fs_hz,
        lead_names=list(LEADS),
        title="ECG",
        style=STYLES[chart_style],
        **options,
    )


def _closely_cut(record: Record, panels: list[Any]) -> int:
    assert record.beats_s is not None
    return sum(cuts_closely(record.beats_s[panel.lead], panel.start, panel.end) for panel in panels)


def _rasterise(chart: Any, dpi: int) -> SimPage:
    figure, _ = chart.to_matplotlib()
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image_rgb = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    nothing = np.zeros(0)
    return SimPage(image_rgb, np.zeros((0, 4)), nothing, nothing, np.zeros((0, 2)), dpi / 25.4, (0.0, 0.0, 0.0, 0.0))


def main() -> None:
    """Draw, screen and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--ludb", type=Path, required=True)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--ptbxl-pages", type=int, default=10**6, help="at most so many held-out records")
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    layouts = cycle(
        [{"layout": "columns", "columns": 2}, {"layout": "stacked"}, {"layout": "12lead", "time_mode": "sequential"}]
    )
    dpis = cycle(DPIS)
    boxed: dict[str, list[PreparedPage]] = {chart_style: [] for chart_style in STYLES}
    lost = 0
    for record in held_out_ludb(options.ludb, bundle):
        for chart_style in STYLES:
            page = draw_beats_page(record, chart_style, next(dpis), next(layouts))
            prepared = None if page is None else prepare_rendered(record, page, boxed=True, key=record.source_record)
            lost += page is not None and prepared is None
            boxed[chart_style] += [] if prepared is None else [prepared]
    everything = [page for pages in boxed.values() for page in pages]
    print(f"LUDB drawn by ecg-plot: {len(everything)} pages, {lost} refused")
    for chart_style, pages in {"all looks": everything, **boxed}.items():
        found = detect_pages(bundle.nets.detector, pages, LOWEST_SCORE)
        rows = [(boxes, scores, page.boxes_panel_xyxy) for (boxes, scores), page in zip(found, pages, strict=True)]
        metrics = detection_metrics(rows, [p.group for p in pages], bundle.operating_point.min_score)
        print(
            chart_style,
            json.dumps({name: [round(v, 3) for v in m.values() if v is not None] for name, m in metrics.items()}),
        )
    chart_styles, judged = cycle(STYLES), []
    for record in held_out_ptbxl(options.ptbxl, bundle)[: options.ptbxl_pages]:
        drawn = draw_record_page(record, next(chart_styles), next(dpis))
        prepared = prepare_rendered(record, drawn, boxed=False, key=record.source_record)
        judged += [] if prepared is None else [prepared]
    found = evaluate_bundle(bundle, judged)
    print(f"PTB-XL drawn by ecg-plot: {found.pages} pages")
    print(figures_table({name: found.figures[name] for name in ("local", "global", "fused")}))


if __name__ == "__main__":
    main()
