"""Pages whose leads were read, for a tiny waveform network."""

import numpy as np

from ecgcore.networks.configs import WaveformConfig
from trainer.data.page import PreparedPage

CONFIG = WaveformConfig(fs_hz=50.0, width=4, kernel=3)


def leads_mv(label: int, seed: int, columns: int = 4) -> np.ndarray:
    """Beats every 0.8 s on a page of so many columns; abnormal ones turned upside down."""
    rng = np.random.default_rng(seed)
    beats = np.zeros(2500)
    beats[rng.integers(0, 200) :: 200] = 1
    signal = np.convolve(beats, np.hanning(25), "same") * (-1 if label else 1)
    leads = np.full((12, 2500), np.nan)
    for lead in range(12):
        column = lead * columns // 12
        leads[lead, column * 2500 // columns : (column + 1) * 2500 // columns] = 0
    leads[1] = 0
    return (leads + signal + rng.normal(0, 0.02, leads.shape)).astype(np.float16)


def page(label: int | None, seed: int, columns: int = 4) -> PreparedPage:
    key = f"{label}-{seed}-{columns}"
    leads = leads_mv(label or 0, seed, columns)
    return PreparedPage(key, "", key, label, np.zeros((8, 8), np.uint8), None, key, leads_mv=leads)
