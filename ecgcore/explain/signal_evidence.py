"""Where in a page's signal the waveform network found what it answered: Grad-CAM along the traces of the photo."""

import cv2
import numpy as np
import torch

from ecgcore.bundle.folder import Bundle
from ecgcore.explain.gradcam import HeatArray, Toward, grad_cam
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.networks.waveform_net import leads_for_network
from ecgcore.types import Prediction
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.screened_signal import signal_of

LINE_SHARE = 0.006
"""Width of the line, as a share of the view's: a little wider than the pen, so that the pen stays in sight."""
_SHIFT = 4
"""OpenCV draws to 2**-4 of a pixel."""


def signal_heat_map(
    bundle: Bundle, prediction: Prediction, *, width_px: int, photo_wh: tuple[int, int], toward: Toward = "abnormal"
) -> HeatArray | None:
    """Grad-CAM of the waveform network, drawn along every trace that it was shown.

    The network sees all leads together, so heat at one time is that of all leads which were read there.

    Args:
        bundle: the bundle that screened the page.
        prediction: what it said; status ok.
        width_px: of the view; no wider than the photo.
        photo_wh: the photo's size in pixels.
        toward: the answer that the heat speaks for.

    Returns:
        ``float32 [h, w]``, 0..1, 0 beside the traces; None where the bundle has no such network, or no lead was read.
    """
    net, frame = bundle.nets.waveform, prediction.frame
    signal = signal_of(prediction)
    leads = None if net is None or signal is None else leads_for_network(signal.leads_mv, signal.fs_hz, net.config)
    if net is None or signal is None or frame is None or leads is None:
        return None
    heat = grad_cam(net, torch.from_numpy(leads)[None].to(bundle.device), toward)[0].cpu().numpy()
    sees_s = net.config.duration_s
    heat_at_s = (np.arange(len(heat)) + 0.5) * sees_s / len(heat)
    scale = min(1.0, width_px / photo_wh[0])
    view = np.zeros((max(1, round(photo_wh[1] * scale)), max(1, round(photo_wh[0] * scale))), np.uint8)
    traces = [(frame.points_to_photo(points) * scale, at_s) for points, at_s in timed_traces(signal)]
    _draw(view, [(points, np.interp(at_s, heat_at_s, heat) * (at_s <= sees_s)) for points, at_s in traces])
    return np.asarray(view / 255, dtype=np.float32)


def timed_traces(signal: PageSignal) -> list[tuple[FloatArray, FloatArray]]:
    """Every piece of trace with the time along the page of each of its points: ``[n, 2]`` in panel pixels, ``[n]``."""
    timed = []
    for lead, pieces in signal.traces_panel_xy.items():
        read = np.flatnonzero(signal.is_read[LEADS.index(lead)])
        runs = np.split(read, np.flatnonzero(np.diff(read) > 1) + 1)  # a piece has a point for each sample of its run
        timed += [
            (piece, run / signal.fs_hz)
            for piece, run in zip(pieces, [run for run in runs if len(run) > 1], strict=True)
        ]
    return timed


def _draw(view: ByteArray, traces: list[tuple[FloatArray, FloatArray]]) -> None:
    """Draw lines ``[n, 2]`` with the heat of their points ``[n]``, in place; where they cross, the hotter is seen."""
    thickness = max(2, round(LINE_SHARE * view.shape[1]))
    steps = []
    for points_xy, values in traces:
        fixed = np.round(points_xy * 2**_SHIFT).astype(np.int32)
        levels = np.maximum(values[:-1], values[1:])
        steps += [(255.0 * level, a, b) for level, a, b in zip(levels, fixed[:-1], fixed[1:], strict=True)]
    for level, start, end in sorted(steps, key=lambda step: step[0]):
        cv2.line(view, start.tolist(), end.tolist(), level, thickness, cv2.LINE_AA, _SHIFT)
