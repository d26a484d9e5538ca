"""The public door from a file to a page that networks can read: decode, find the panel, measure it, flatten it."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from ecgcore.errors import NotScreenable
from ecgcore.page.crop import between_corners
from ecgcore.page.grid.rectify import MAX_SIDE_MM, StraightPicture, photo_scale, straighten
from ecgcore.page.grid.scale import GridScale, find_grid_scale
from ecgcore.page.gridless import ASSUMED_PANEL_MM, darkness_by_form, panel_without_grid
from ecgcore.page.ink import darkness_rgb, faint_ink, keep_strokes, pen_ink, without_grid
from ecgcore.page.large import in_fitting_size, seen_in
from ecgcore.page.orientation import find_quarter_turns
from ecgcore.page.panel import XYXY, grid_panel
from ecgcore.page.quality.gate import CUT_OFF, graded, with_faults
from ecgcore.page.sheet import find_sheet
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray, PageImage, PanelFrame

MIN_SIDE_PX = 200
STROKE_INK = 80
MAX_INK_SHARE = 0.35
MIN_TRACE_MM = 8.0
STRAIGHTENED_CUT = 0.35
"""A photo's strokes are soft, and its grid has been taken out already."""
CLEAR_LOGIT = 0.0
"""A reading that looks less like an ECG than this is compared with others."""
SCALE_BONUS = 2.0
"""Log-odds by which a reading may look less like an ECG where it alone knows its millimetres."""
MIN_TRACE_COLUMNS, WHOLE_TRACE_COLUMNS = 0.3, 0.95
"""A page whose traces run on through nearly all of it was read; any other in doubt is read anew, by form."""
STRAIGHTENED = "The page was straightened."
STRAIGHTENED_BY_SIDES = "The page was straightened by the sides of its sheet."
ROUGH_SCALE = "The scale comes from the calibration pulses of a photographed sheet: rates may be off by a tenth."
_TURNED = "The page was turned by {} degrees."
_RETAKE = "Use a picture that shows the whole ECG page, upright and in focus."


def prepare_page(photo_rgb: ByteArray) -> PageImage:
    """Straighten a page, cut it to its panel, measure its scale and flatten it to ink.

    Where no grid tells how the page lies, its sheet's sides do.

    Args:
        photo_rgb: upright picture, ``uint8 [H, W, 3]``; the page on it may be tilted, turned or bent.

    Returns:
        The page; its ink is ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``.

    Raises:
        NotScreenable: the picture is too small or shows no ECG.
    """
    height, width = photo_rgb.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        raise NotScreenable(f"The picture is too small ({width}x{height} pixels).", "Use one at least 800 pixels wide.")
    return in_fitting_size(_prepare_anyhow, photo_rgb)


def _prepare_anyhow(photo_rgb: ByteArray) -> PageImage:
    page: PageImage | None
    try:
        page, refused = _prepare(photo_rgb), None
    except NotScreenable as error:
        page, refused = None, error
    if page is not None and page.has_grid and page.ecg_logit >= CLEAR_LOGIT:
        return page
    corners = find_sheet(photo_rgb)
    if corners is not None:
        page = _clearest(page if page and page.has_grid else None, _prepare_sheet(photo_rgb, corners)) or page
    elif page is None or page.faults:
        corners = find_sheet(photo_rgb, may_leave=True)
        cut_off = None if corners is None else _prepare_sheet(photo_rgb, corners)
        page = _clearest(page, cut_off and with_faults(cut_off, CUT_OFF), _prepare_by_form(photo_rgb))
    if page is None:
        assert refused is not None
        raise refused
    return page


def _clearest(*readings: PageImage | None) -> PageImage | None:
    """The reading that looks most like an ECG, known millimetres counting for it; None where nothing was read."""
    read = [page for page in readings if page]
    return max(read, key=lambda page: page.ecg_logit + SCALE_BONUS * (page.px_per_mm is not None), default=None)


def prepare_flat(flat_rgb: ByteArray) -> PageImage:
    """Prepare a page that fills its picture, as :func:`prepare_page` does but without looking for a sheet in it.

    Args:
        flat_rgb: ``uint8 [H, W, 3]``; without a grid the page may lie in any of the four ways.

    Raises:
        NotScreenable: the picture shows no ECG.
    """
    try:
        page = _prepare(flat_rgb)
    except NotScreenable:
        by_form = _prepare_by_form(flat_rgb)
        if by_form is None:
            raise
        return by_form
    if page.has_grid:
        return page if page.ecg_logit >= CLEAR_LOGIT else _clearest(page, _prepare_by_form(flat_rgb)) or page
    return _prepare_by_form(flat_rgb) or page


def _prepare_sheet(photo_rgb: ByteArray, corners_photo_xy: FloatArray) -> PageImage | None:
    """The page on the sheet that lies on a desk; None where nothing can be read on it."""
    flat_rgb, photo_from_flat = between_corners(photo_rgb, corners_photo_xy)
    if min(flat_rgb.shape[:2]) < MIN_SIDE_PX:
        return None
    try:
        page = prepare_flat(flat_rgb)
    except NotScreenable:
        return None
    notes = page.notes if STRAIGHTENED in page.notes else (STRAIGHTENED_BY_SIDES, *page.notes)
    if page.px_per_mm_source == "pulse":
        notes = (*notes, ROUGH_SCALE)
    return replace(seen_in(page, photo_rgb, photo_from_flat), notes=notes)


def _prepare(photo_rgb: ByteArray) -> PageImage:
    """The page as its grid says that it lies, or straight where no grid tells."""
    straight = straighten(photo_rgb)
    darkness = darkness_rgb(photo_rgb if straight is None else straight.picture_rgb)
    if straight is not None:
        darkness[~straight.in_photo] = 0
    strongest = darkness.max(axis=2)
    found = _printed_grid(strongest) if straight is None else _whole(straight)
    if found is None:
        return _judged(*_read_without_grid(photo_rgb, darkness))
    grid, box = found
    x1, y1, x2, y2 = box
    panel = darkness[y1:y2, x1:x2]
    if straight is None:
        ink = pen_ink(panel, True, grid.px_per_mm)
    else:
        ink = pen_ink(without_grid(panel, grid.px_per_mm), True, grid.px_per_mm, most_cut=STRAIGHTENED_CUT)
    scale_xy = grid.px_per_mm_x, grid.px_per_mm_y
    cut = _Panel(photo_rgb, straight, box, scale_xy, "grid", strongest[y1:y2, x1:x2], ())
    first = _read(ink, cut)
    page, refused = _tried(*first)
    if (page is None or page.ecg_logit < CLEAR_LOGIT) and _trace_columns(first[0].ink) <= WHOLE_TRACE_COLUMNS:
        page = _clearest(page, _tried(*_read(faint_ink(panel, grid.px_per_mm), cut))[0])
    if page is None:
        assert refused is not None
        raise refused
    return page


def _prepare_by_form(flat_rgb: ByteArray) -> PageImage | None:
    """A page without a grid that fills its picture in any of four ways; None where nothing can be read on it."""
    darkness = darkness_by_form(flat_rgb)
    ways = [way for turns in (0, 1) if (way := _read_by_form(flat_rgb, darkness, turns)) is not None]
    return _clearest(*(_tried(*way)[0] for way in ways))


def _read_by_form(flat_rgb: ByteArray, darkness: ByteArray, lies: int) -> tuple[PageImage, ByteArray] | None:
    """Read the page turned by so many quarters; once more where it proves to lie otherwise.

    Pulses and the traces' width give the scale, and both are seen only where the page lies as it is read. A pulse that
    is seen stands upright, whatever the strokes say.
    """
    try:
        page, seen = _read_without_grid(flat_rgb, np.rot90(darkness, -lies), by_form=True)
        more = _quarter_turns(page.frame)
        if more and page.px_per_mm_source == "pulse":
            page, seen = _read_without_grid(flat_rgb, np.rot90(darkness, -lies), by_form=True, is_upright=True)
        elif more:
            lies += more
            page, seen = _read_without_grid(flat_rgb, np.rot90(darkness, -lies), by_form=True)
    except NotScreenable:
        return None
    turned = (lies + _quarter_turns(page.frame)) % 4
    lying = PanelFrame(np.eye(3), (flat_rgb.shape[1], flat_rgb.shape[0])).turned(lies)
    frame = replace(page.frame, photo_from_panel=lying.photo_from_panel @ page.frame.photo_from_panel)
    notes = [note for note in page.notes if not note.startswith(_TURNED[:20])]
    return replace(page, frame=frame, notes=(*notes, _TURNED.format(90 * turned)) if turned else tuple(notes)), seen


def _quarter_turns(frame: PanelFrame) -> int:
    """By how many quarters, clockwise, a panel was turned out of its picture."""
    (across, down), _ = frame.photo_from_panel[:2, :2].T
    return round(float(np.arctan2(-down, across)) / (np.pi / 2)) % 4


def _read_without_grid(
    photo_rgb: ByteArray, darkness: ByteArray, *, by_form: bool = False, is_upright: bool = False
) -> tuple[PageImage, ByteArray]:
    """Read a panel that only its traces tell."""
    ink = pen_ink(np.ascontiguousarray(darkness), False, 1.0)
    box, scale, source = panel_without_grid(ink, is_broken=by_form)
    notes = ["No printed grid was found; the panel is the traces with 5 mm around them."]
    if source is None:
        notes.append(
            f"Neither grid nor calibration pulse was found; a panel {ASSUMED_PANEL_MM:.0f} mm wide is assumed."
        )
    x1, y1, x2, y2 = box
    seen = darkness.max(axis=2)[y1:y2, x1:x2]
    panel = _Panel(photo_rgb, None, box, (scale, scale), source, seen, tuple(notes))
    return _read(ink[y1:y2, x1:x2], panel, is_upright=is_upright)


@dataclass(frozen=True)
class _Panel:
    """Where the panel was found: in the picture, or in what was straightened of it; ``seen`` is its darkness."""

    photo_rgb: ByteArray
    straight: StraightPicture | None
    box: XYXY
    scale_xy: tuple[float, float]
    source: Literal["grid", "pulse"] | None
    seen: ByteArray
    notes: tuple[str, ...]


def _read(ink: ByteArray, panel: _Panel, *, is_upright: bool = False) -> tuple[PageImage, ByteArray]:
    """Bring a panel's ink to the standard raster, upright: the page, and its darkness turned as its ink is."""
    raster, frame = _standard_raster(ink, panel.box, panel.scale_xy)
    px_per_mm = float(np.sqrt(panel.scale_xy[0] * panel.scale_xy[1]))
    seen, notes = panel.seen, list(panel.notes)
    if panel.straight is not None:
        frame = panel.straight.frame.after(frame.photo_from_panel, frame.panel_wh)
        notes.append(STRAIGHTENED)
    turns = 0 if is_upright else find_quarter_turns(raster)
    if turns:
        raster, seen = (np.ascontiguousarray(np.rot90(picture, -turns)) for picture in (raster, seen))
        frame = frame.turned(turns)
        notes.append(_TURNED.format(90 * turns))
    if panel.straight is not None:
        px_per_mm = photo_scale(frame, np.asarray(frame.panel_wh) / 2) * STANDARD_PX_PER_MM
    page = PageImage(
        photo_rgb=panel.photo_rgb,
        ink=raster,
        frame=frame,
        px_per_mm=None if panel.source is None else px_per_mm,
        px_per_mm_source=panel.source,
        has_grid=panel.source == "grid",
        notes=tuple(notes),
    )
    return page, seen


def _printed_grid(strongest: ByteArray) -> tuple[GridScale, XYXY] | None:
    """Scale and box of a straight page's grid, ``strongest`` being the darkness of the darkest channel."""
    grid = find_grid_scale(strongest)
    box = None if grid is None else grid_panel(strongest, grid.px_per_mm)
    return None if grid is None or box is None else (grid, box)


def _whole(straight: StraightPicture) -> tuple[GridScale, XYXY]:
    """A straightened picture is cut to its grid already."""
    height, width = straight.picture_rgb.shape[:2]
    return GridScale(straight.px_per_mm, straight.px_per_mm), (0, 0, width, height)


def _standard_raster(ink: ByteArray, box: XYXY, scale_xy: tuple[float, float]) -> tuple[ByteArray, PanelFrame]:
    """Resample ink to the standard raster and bring its strokes to full strength whatever the pen's width."""
    x1, y1, x2, y2 = box
    width = max(1, round((x2 - x1) / scale_xy[0] * STANDARD_PX_PER_MM))
    height = max(1, round((y2 - y1) / scale_xy[1] * STANDARD_PX_PER_MM))
    shrinks = width <= x2 - x1
    raster = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    ridge = raster[(raster == cv2.dilate(raster, np.ones((3, 3), np.uint8))) & (raster > 40)]
    gain = 255.0 / float(np.median(ridge)) if len(ridge) else 1.0
    photo_from_panel = np.array([[(x2 - x1) / width, 0, x1], [0, (y2 - y1) / height, y1], [0, 0, 1]], dtype=np.float64)
    strokes = keep_strokes(np.asarray(cv2.convertScaleAbs(raster, alpha=gain), dtype=np.uint8))
    return strokes, PanelFrame(photo_from_panel, (width, height))


def _judged(page: PageImage, seen: ByteArray) -> PageImage:
    """Refuse a panel whose ink cannot be an ECG, and grade the others: letters and specks do not run on as traces."""
    if float((page.ink > STROKE_INK).mean()) > MAX_INK_SHARE:
        raise NotScreenable("The picture is too dark or too noisy to tell traces from paper.", _RETAKE)
    is_endless = not page.has_grid and max(page.ink.shape) > MAX_SIDE_MM * STANDARD_PX_PER_MM  # letters, not traces
    if is_endless or _trace_columns(page.ink) < MIN_TRACE_COLUMNS:
        raise NotScreenable("No ECG traces were found in the picture.", _RETAKE)
    return graded(page, seen)


def _tried(page: PageImage, seen: ByteArray) -> tuple[PageImage | None, NotScreenable | None]:
    """The judged page, or why it is refused."""
    try:
        return _judged(page, seen), None
    except NotScreenable as refused:
        return None, refused


def _trace_columns(raster: ByteArray) -> float:
    """Share of the columns in which a stroke runs on for many millimetres."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((raster > STROKE_INK).astype(np.uint8), connectivity=8)
    running = np.zeros(count, bool)
    running[1:] = stats[1:, cv2.CC_STAT_WIDTH] > MIN_TRACE_MM * STANDARD_PX_PER_MM
    return float(running[labels].any(axis=0).mean())
