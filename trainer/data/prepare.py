"""From pictures to prepared pages: the only form of data that the training stages see."""

import functools
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from ecgcore.errors import DataError, NotScreenableError, UnreadablePictureError
from ecgcore.geometry.arrays import BoolArray
from ecgcore.lead_layout import LEADS, Layout
from ecgcore.measure.page import measure
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import picture_hash
from ecgcore.page.prepare import prepare
from ecgcore.paper import ScaleSource
from ecgcore.read_page import read_page
from ecgcore.rhythm.calibration_pulse import paper_settings
from ecgcore.types import USUAL_PAPER, ByteArray, FloatArray, PanelFrame, PaperSettings
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.read_signal import read_signal
from trainer.atomic_files import write_bytes_atomic, write_json_atomic
from trainer.data.code_version import code_version
from trainer.data.page import BeatLabels, LeadsArray, PageItem, PreparedPage

_SCALE, _GAIN = "px_per_mm_source", "gain_mm_mv"


@dataclass(frozen=True)
class Preparation:
    """Prepared pages, and for each page that had to be left out the reason."""

    pages: list[PreparedPage]
    left_out: dict[str, str]


def prepare_pages(
    items: Sequence[PageItem],
    cache_dir: Path,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Preparation:
    """Decode pictures and cut their panels, keeping the result on disk.

    A page that cannot be used, or that shows the same picture as an earlier one, is left out with its reason.

    Args:
        items: the pictures, in order.
        cache_dir: where prepared panels are kept between runs.
        workers: pictures prepared at a time.
        progress: told after every page how many are done, and of how many.

    Raises:
        DataError: not one page can be used.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    results: list[PreparedPage | str] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for result in pool.map(lambda item: _prepare_or_reason(item, cache_dir), items):
                results.append(result)
                if progress is not None:
                    progress(len(results), len(items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever stops does not wait for the other pages
            raise
    pages: list[PreparedPage] = []
    left_out: dict[str, str] = {}
    first_with: dict[str, str] = {}
    for item, result in zip(items, results, strict=True):
        if isinstance(result, str):
            left_out[item.key] = result
        elif result.picture_hash in first_with:
            left_out[item.key] = f"It is the same picture as {first_with[result.picture_hash]}."
        else:
            first_with[result.picture_hash] = item.key
            pages.append(result)
    if not pages:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in list(left_out.items())[:3])
        raise DataError(
            f"None of the {len(items)} pages can be used. {reasons}", "Check the data folder and the table."
        )
    return Preparation(pages, left_out)


def _prepare_or_reason(item: PageItem, cache_dir: Path) -> PreparedPage | str:
    try:
        return prepare_item(item, cache_dir)
    except (UnreadablePictureError, NotScreenableError, DataError) as error:
        return str(error)


def prepare_item(item: PageItem, cache_dir: Path) -> PreparedPage:
    """Prepare one picture, or take its panel from the cache.

    Args:
        item: the picture.
        cache_dir: an existing folder where prepared panels are kept.

    Raises:
        UnreadablePictureError: the file does not decode.
        NotScreenableError: it shows no ECG.
        DataError: the file has several pages, or a box lies outside the picture.
    """
    pictures = read_untrusted(item.path, item.key)
    if len(pictures) != 1:
        raise DataError(f"The file has {len(pictures)} pages.", "Save every page as a picture of its own.")
    photo_rgb = pictures[0]
    if item.boxes_photo_xyxy is not None and len(item.boxes_photo_xyxy):
        height, width = photo_rgb.shape[:2]
        if np.any(item.boxes_photo_xyxy[:, 2:].max(axis=0) > (width, height)):
            raise DataError(f"A box lies outside the picture of {width}x{height} pixels.", "Correct its boxes.")
    content_hash = picture_hash(photo_rgb)
    panel = _cached_panel(photo_rgb, item.corners_photo_xy, content_hash, cache_dir)
    frame = panel.frame
    leads_mv, measured = _cached_signal(panel)
    return PreparedPage(
        key=item.key,
        source=item.source,
        group=item.group,
        label=item.label,
        ink=panel.ink,
        boxes_panel_xyxy=None if item.boxes_photo_xyxy is None else boxes_in_panel(item.boxes_photo_xyxy, frame),
        picture_hash=content_hash,
        source_record=item.source_record,
        has_grid=panel.has_grid,
        beat_labels_panel=_labels_in_panel(item.beat_labels_photo, frame),
        leads_mv=leads_mv,
        measured=measured,
    )


def boxes_in_panel(boxes_photo_xyxy: FloatArray, frame: PanelFrame) -> FloatArray:
    """Boxes in panel pixels; one whose middle lies outside the panel is dropped, the others are cut at its edge.

    Args:
        boxes_photo_xyxy: ``float64 [n, 4]``, in upright pixels of the picture.
        frame: of the panel.
    """
    boxes, is_inside = _cut_at_panel(boxes_photo_xyxy, frame)
    result: FloatArray = boxes[is_inside]
    return result


def _labels_in_panel(labelled: BeatLabels | None, frame: PanelFrame) -> BeatLabels | None:
    if labelled is None:
        return None
    boxes, is_inside = _cut_at_panel(labelled.boxes_xyxy, frame)
    return BeatLabels(boxes[is_inside], labelled.labels[is_inside])


def _cut_at_panel(boxes_photo_xyxy: FloatArray, frame: PanelFrame) -> tuple[FloatArray, BoolArray]:
    """Boxes in panel pixels, cut at the panel's edge, and for each whether its middle lies on the panel."""
    boxes = frame.boxes_to_panel(boxes_photo_xyxy)
    size = np.array(frame.panel_wh, dtype=np.float64)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.clip(boxes, 0, np.tile(size, 2)), np.all((middle >= 0) & (middle <= size), axis=1)


@functools.cache
def preparation_version() -> str:
    """A fingerprint of the code that prepares pages, so that a changed preparation never reads an old cache."""
    return code_version(read_page, read_untrusted)


@functools.cache
def signal_version() -> str:
    """A fingerprint of the code that reads a prepared page's leads and measures them."""
    return code_version(read_leads)


@dataclass(frozen=True)
class _Panel:
    """A panel with the stem of its files in the cache."""

    stem: Path
    ink: ByteArray
    frame: PanelFrame
    has_grid: bool
    scale_source: ScaleSource | None
    paper: PaperSettings
    layout: Layout | None


def _raster_paper(gain_mm_mv: float) -> PaperSettings:
    """Of a panel, which runs at 25 mm/s whatever its page's speed."""
    return PaperSettings(USUAL_PAPER.speed_mm_s, gain_mm_mv)


def _cached_panel(
    photo_rgb: ByteArray, corners_photo_xy: FloatArray | None, content_hash: str, cache_dir: Path
) -> _Panel:
    by_hand = "" if corners_photo_xy is None else f"-{hashlib.sha256(corners_photo_xy.tobytes()).hexdigest()[:12]}"
    stem = cache_dir / f"{content_hash}-{preparation_version()}{by_hand}"
    picture_path, frame_path = stem.with_suffix(".png"), stem.with_suffix(".json")
    if frame_path.exists() and picture_path.exists():  # the frame is written last, so both are whole
        ink = cv2.imread(str(picture_path), cv2.IMREAD_GRAYSCALE)
        notes = json.loads(frame_path.read_text())
        if ink is not None and _GAIN in notes:  # the first caches did not say
            return _Panel(
                stem,
                ink.astype(np.uint8, copy=False),
                PanelFrame.from_json(notes),
                bool(notes["has_grid"]),
                notes[_SCALE],
                _raster_paper(notes[_GAIN]),
                None if notes["layout"] is None else Layout.from_json(notes["layout"]),
            )
    content = read_page(prepare(photo_rgb, corners_photo_xy), finds_handwriting=False)
    page, layout, gain_mm_mv = content.page, content.printed.layout, content.paper.gain_mm_mv
    encoded = cv2.imencode(".png", page.ink)[1]
    write_bytes_atomic(picture_path, encoded.tobytes())
    facts = {
        **page.frame.to_json(),
        "has_grid": page.has_grid,
        _SCALE: page.scale_source,
        _GAIN: gain_mm_mv,
        "layout": None if layout is None else layout.to_json(),
    }
    write_json_atomic(frame_path, facts)
    paper = _raster_paper(gain_mm_mv)
    return _Panel(stem, page.ink, page.frame, page.has_grid, page.scale_source, paper, layout)


def _cached_signal(panel: _Panel) -> tuple[LeadsArray | None, FloatArray]:
    path = panel.stem.with_name(f"{panel.stem.name}-{signal_version()}.npz")
    try:
        with np.load(path, allow_pickle=False) as kept:
            leads, measured = kept["leads_mv"], kept["measured"]
    except (OSError, ValueError, KeyError, BadZipFile):
        read, measured = read_leads(panel.ink, panel.scale_source, panel.paper, panel.layout)
        leads = np.empty((len(LEADS), 0), np.float16) if read is None else read
        content = io.BytesIO()
        np.savez(content, leads_mv=leads, measured=measured)
        write_bytes_atomic(path, content.getvalue())
    return leads if leads.shape[1] else None, measured


def read_leads(
    ink: ByteArray, scale_source: ScaleSource | None, paper: PaperSettings | None = None, layout: Layout | None = None
) -> tuple[LeadsArray | None, FloatArray]:
    """The signal of a prepared page as it learns, and its measurements: ``leads_mv`` and ``measured`` of the page.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        scale_source: where its millimetres were read.
        paper: its speed and gain; by default as where nobody sets them.
        layout: what its printed lead names tell.
    """
    paper = paper or paper_settings(ink, has_grid=scale_source == "grid")
    signal = read_signal(PageRows(ink), paper, scale_source, layout)
    leads_mv = signal.leads_mv.astype(np.float16) if signal.is_read.any() else None
    return leads_mv, measure(signal).vector()
