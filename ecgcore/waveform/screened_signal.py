"""The signal of a page that was screened: its recording's own, else what is read off its ink."""

from ecgcore.types import Prediction
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal_again
from ecgcore.waveform.recorded_signal import shown_signal


def signal_of(prediction: Prediction) -> PageSignal | None:
    """The leads as the page shows them; None where it was no page."""
    if prediction.ink is not None and prediction.recording is not None:
        return shown_signal(prediction.recording, prediction.frame)
    return read_signal_again(prediction)
