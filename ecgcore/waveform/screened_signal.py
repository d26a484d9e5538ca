"""The signal of a page that was screened: its recording's own, else what is read off its ink."""

from ecgcore.lead_layout import LAYOUTS
from ecgcore.paper import USUAL_PAPER, PaperSettings
from ecgcore.types import Prediction
from ecgcore.waveform.page_signal import PageSignal, read_signal
from ecgcore.waveform.recorded_signal import shown_signal


def signal_of(prediction: Prediction) -> PageSignal | None:
    """The leads as the page shows them; None where it was no page."""
    if prediction.ink is None:
        return None
    if prediction.recording is not None:
        return shown_signal(prediction.recording, prediction.frame)
    paper = PaperSettings(USUAL_PAPER.speed_mm_s, prediction.paper.gain_mm_mv)  # at which every raster runs
    refuted = frozenset(LAYOUTS) if prediction.layout is None else frozenset()
    return read_signal(prediction.ink.raster(), None, paper, prediction.px_per_mm_source, prediction.layout, refuted)
