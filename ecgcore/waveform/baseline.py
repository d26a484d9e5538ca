"""Baseline wander: reported beside a page's leads, and taken out of them for networks only."""

import numpy as np
from scipy.ndimage import median_filter

from ecgcore.geometry.arrays import FloatArray
from ecgcore.waveform.page_signal import PageSignal

QRS_S, BEAT_S = 0.2, 0.6
"""Medians over these windows pass over QRS complexes and P waves, and over T waves: de Chazal, O'Dwyer and Reilly, IEEE
Trans Biomed Eng 2004; 51:1196-1206."""


def baseline_wander_mv(signal: PageSignal) -> FloatArray:
    """Each lead's baseline, ``float64 [12, n]``, NaN where the lead was not read."""
    wander = np.full(signal.leads_mv.shape, np.nan)
    samples = np.arange(signal.leads_mv.shape[1])
    for lead, read in enumerate(signal.is_read):
        known = np.flatnonzero(read)
        if len(known) == 0:
            continue
        stretch = slice(known[0], known[-1] + 1)
        lead_mv = np.interp(samples[stretch], known, signal.leads_mv[lead, known])
        for window_s in (QRS_S, BEAT_S):
            lead_mv = median_filter(lead_mv, size=round(window_s * signal.fs_hz) | 1, mode="nearest")
        wander[lead, stretch] = np.where(read[stretch], lead_mv, np.nan)
    return wander
