"""Pages that another program drew are prepared as well as our own: every look at every resolution."""

import pytest

from benchmarks.page.foreign_renderer import DPIS, STYLES, draw_record_page
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import synthetic_ecg
from trainer.starter.public_datasets import Record


@pytest.mark.parametrize("dpi", DPIS)
@pytest.mark.parametrize("chart_style", STYLES)
def test_foreign_pages_keep_their_traces_and_scale(chart_style: str, dpi: int) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 4, fs_hz=250)
    page = draw_record_page(Record("x:1", "x:1", 0, signals_mv, fs_hz), chart_style, dpi)
    prepared = prepare_page(page.image_rgb)
    assert 0.004 < (prepared.ink > 80).mean() < 0.05
    assert prepared.has_grid == (chart_style != "no grid")
    if prepared.has_grid:
        assert prepared.px_per_mm == pytest.approx(dpi / 25.4, rel=0.02)
