"""Which pictures there are, and how many of each are drawn."""

from collections.abc import Callable

from benchmarks.page.no_ecg import papers, plots, screens, slides
from benchmarks.page.no_ecg.canvas import Rng
from ecgcore.types import ByteArray

EACH = 5

SLIDES_PLOTS_SCREENS: dict[str, tuple[Callable[[Rng], ByteArray], int]] = {
    draw.__name__.replace("_", " "): (draw, EACH)
    for draw in (
        slides.bullet_slide,
        slides.heartbeat_slide,
        slides.strip_slide,
        slides.chart_slide,
        slides.diagram_slide,
        slides.plot_report,
        slides.strip_report,
        plots.lead_charts,
        plots.beat_gallery,
        plots.training_curves,
        plots.stock_chart,
        plots.spirometry,
        plots.pulse_waves,
        plots.tachogram,
        plots.audio_tracks,
        plots.muscle_bursts,
        plots.statistics_panels,
        screens.list_app,
        screens.chat_app,
        screens.calendar_app,
        screens.fitness_app,
        screens.settings_app,
        screens.route_app,
        screens.dashboard,
        screens.code_editor,
        screens.spreadsheet,
        screens.sound_editor,
        papers.form,
        papers.sheet_music,
        papers.cardiotocogram,
        papers.recorder_paper,
        papers.pressure_paper,
        papers.receipt,
        papers.floor_plan,
        papers.circuit,
        papers.notes,
    )
}
"""36 kinds; their names and how many of each: 180 pictures."""
