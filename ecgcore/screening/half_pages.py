"""Pages of one file that show one ECG together, as limb leads on the first and chest leads on the second."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ecgcore.bundle.folder import Bundle
from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.measurements import together
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.screening.answer import with_answer
from ecgcore.screening.classification import classify
from ecgcore.types import Prediction
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal_again

MOST_PAGES = 4
"""One ECG is printed on no more pages, one behind the other."""
BETWEEN_MM = 5.0
TOGETHER = "Pages {} show one ECG together and were judged as one."

Page = TypeVar("Page")


def join_halves(
    pages: Iterable[Page],
    bundle: Bundle,
    prediction_of: Callable[[Page], Prediction],
    with_prediction: Callable[[Page, Prediction], Page],
) -> Iterator[Page]:
    """Hand a file's pages on in their order; those that show one ECG together get its one answer.

    A page with a part of the leads is held back until the next shows the rest, or shows that it does not.

    Args:
        pages: of one file, as they are screened.
        bundle: which screened them.
        prediction_of: what was said of a page.
        with_prediction: the page with another prediction.
    """
    held: list[Page] = []
    for page in pages:
        held.append(page)
        shown = [_leads(prediction_of(some)) for some in held]
        fits = all(shown) and sum(map(len, shown)) == len(set().union(*shown)) and len(held) <= MOST_PAGES
        if not fits:
            yield from held[:-1]
            held = held[-1:] if 0 < len(shown[-1]) < len(LEADS) else []
            if not held:
                yield page
        elif len(set().union(*shown)) == len(LEADS):
            joined = [prediction_of(some) for some in held]
            if len(held) > 1:
                joined = judged_together(joined, bundle)
            yield from (with_prediction(some, one) for some, one in zip(held, joined, strict=True))
            held = []
    yield from held


def judged_together(pages: Sequence[Prediction], bundle: Bundle) -> list[Prediction]:
    """Pages with the one answer that the bundle gives to all of them side by side, and what was measured on all.

    Args:
        pages: in order; each with beats, and together with all twelve leads.
        bundle: which screened them.
    """
    if not all(page.beats for page in pages):
        return list(pages)
    inks = [page.ink.raster() for page in pages if page.ink is not None]
    signals = [signal for page in pages if (signal := read_signal_again(page)) is not None]
    ink, offsets_x = _side_by_side(inks)
    boxes = np.concatenate([_boxes_panel(page, x) for page, x in zip(pages, offsets_x, strict=True)])
    measurements = together([page.measurements for page in pages if page.measurements is not None])
    signal = _signal_together(signals, bundle.nets.waveform)
    said = classify(ink, boxes, bundle.nets, bundle.trunks, signal, measurements)
    faults = tuple(dict.fromkeys(fault for page in pages for fault in page.faults))
    firsts = np.cumsum([0, *(len(page.beats) for page in pages)]).tolist()
    note = TOGETHER.format(" and ".join(str(page.page) for page in pages))
    return [
        with_answer(
            replace(page, notes=(*page.notes, note), measurements=measurements),
            said,
            bundle.operating_point,
            faults=faults,
            leads_found=len(LEADS),
            first_beat=first,
        )
        for page, first in zip(pages, firsts, strict=False)
    ]


def _leads(page: Prediction) -> set[int]:
    """Numbers of the leads that a page shows, as its printed names tell; none where they do not."""
    return page.layout.leads if page.status == "ok" and page.layout is not None else set()


def _boxes_panel(page: Prediction, offset_x: int) -> FloatArray:
    """A page's beats in the raster in which it begins at ``offset_x``."""
    assert page.frame is not None
    boxes = page.frame.boxes_to_panel([beat.box_photo_xyxy.as_list() for beat in page.beats])
    boxes[:, ::2] += offset_x
    return boxes


def _side_by_side(inks: Sequence[ByteArray]) -> tuple[ByteArray, list[int]]:
    """Panels in one raster, and where each begins in it."""
    between = round(BETWEEN_MM * STANDARD_PX_PER_MM)
    widths = [ink.shape[1] + between for ink in inks]
    offsets = np.concatenate([[0], np.cumsum(widths)[:-1]]).tolist()
    ink = np.zeros((max(ink.shape[0] for ink in inks), sum(widths)), np.uint8)
    for own, x in zip(inks, offsets, strict=True):
        ink[: own.shape[0], x : x + own.shape[1]] = own
    return ink, offsets


def _signal_together(signals: Sequence[PageSignal], net: WaveformNet | None) -> PageSignal | None:
    """One signal, in which each page has its share of what the network sees, one behind the other as columns are."""
    if net is None or not signals:
        return None
    share = round(net.config.duration_s * signals[0].fs_hz / len(signals))
    parts = [signal.leads_mv[:, :share] for signal in signals]
    leads_mv = np.concatenate(parts, axis=1)
    starts_s = np.cumsum([0, *(part.shape[1] for part in parts[:-1])]) / signals[0].fs_hz
    return replace(
        signals[0],
        leads_mv=leads_mv,
        is_read=np.isfinite(leads_mv),
        column_starts_s=tuple(float(start) for start in starts_s),
        traces_panel_xy={},
        stretches=(),
    )
