"""A digital recording drawn as a standard page at exact scale."""

import numpy as np

from ecgcore.geometry.arrays import ByteArray
from ecgcore.lead_layout import LEADS
from ecgcore.papersim.draw import draw_page
from ecgcore.papersim.recording_plan import plan_recording, slot_of, style_of
from ecgcore.recordings.recording import Recording


def draw_recording(recording: Recording) -> ByteArray:
    """Draw a recording as a page of 25 mm/s and 10 mm/mV, ``uint8 [H, W, 3]``; the same one gives the same pixels.

    Args:
        recording: any.
    """
    plan = plan_recording(recording)
    signals_mv = np.zeros((len(LEADS), recording.leads_mv.shape[1]))
    for place, lead_mv in enumerate(recording.leads_mv):
        signals_mv[slot_of(recording, place)] = np.nan_to_num(lead_mv)
    page = draw_page(signals_mv, recording.fs_hz, style_of(recording), 0, plan=plan.rows)
    return page.image_rgb
