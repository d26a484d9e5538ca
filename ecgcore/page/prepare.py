"""The door from a picture to a page that networks can read: strategies read it in turn, and the clearest is taken.

``STRATEGIES``, at the end since it names the functions above it, is the heart, in the order in which they are tried:

grid            by the printed grid
faint_ink       by the grid, where a pen lighter than its lines left broken traces
traces          by the traces alone, where there is no grid
sheet           a whole sheet in the photo is flattened, and read anew
cut_off_sheet   the same with a sheet that leaves the photo, where all before left doubt
form            by the traces again, any way up: of flat pictures, or where all before left doubt

Every door but the last leads to ``_clearest_page``, which bounds the picture's size and raises the refusal. It calls
``_read``, which tries the strategies up to a clear page; a sheet calls it again for its flattened picture. The doors:

prepare                 for whoever screens: takes one of the two
prepare_page            a photo or scan in which the page is to be found
prepare_with_corners    a photo and the corners that a person set in it
prepare_drawn           a page drawn from a recording, which is an ECG whatever it looks like
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.page.candidate import Candidate, Tried, best, mapped_to_photo, stretched_to_photo
from ecgcore.page.corners import check_corners
from ecgcore.page.gridless import panel_by_form, panel_by_traces
from ecgcore.page.ink import faint_ink, pen_ink, strongest_channel, without_grid
from ecgcore.page.negative import read_turned_round
from ecgcore.page.photo import MAX_PREPARED_PIXELS, MAX_SECOND_PIXELS, Photo, Strategy
from ecgcore.page.quality.features import steep_share
from ecgcore.page.quality.gate import CUT_OFF, MIN_SIDE_PX, RETAKE, assess_quality, with_faults
from ecgcore.page.quality.hopeless import trace_columns
from ecgcore.page.quality.surroundings import check_surroundings
from ecgcore.page.standard_panel import STRAIGHTENED, FoundPanel, StandardPanel, standard_panel
from ecgcore.threads import multiply_in_one_thread
from ecgcore.types import PageImage

STRAIGHTENED_CUT = 0.35
"""``most_cut`` of :func:`pen_ink` for a photo: its strokes are soft, and its grid has been taken out already."""
CLEAR_LOGIT = 0.0
"""A page that looks less like an ECG than this is read in other ways too."""
WHOLE_TRACE_COLUMNS = 0.95
"""On a grid, traces through more of the columns than this were read whole; a page with less that is not clear is read
again as faint ink. Of 100 rendered pages 7 needed it; without the limit 4 of 40 seismograms passed (D-088)."""
LEAST_STEEP = 0.01
"""Share of a trace that is steep on any ECG: 0.045 and more on 24 real pages, 0.005 where thin upright strokes were
taken for the grid's lines. Seismograms, which are steep throughout, are not read again for it."""
GRID, FAINT_INK, TRACES, SHEET, CUT_OFF_SHEET, FORM = "grid", "faint_ink", "traces", "sheet", "cut_off_sheet", "form"
STRAIGHTENED_BY_SIDES = "The page was straightened by the sides of its sheet."
SQUEEZED = "The picture is squeezed: a millimetre is {across:.1f} pixels wide and {down:.1f} high. It was read evened."
ROUGH_SCALE = "The scale comes from the calibration pulses of a photographed sheet: rates may be off by a tenth."


def prepare(photo_rgb: ByteArray, corners_photo_xy: FloatArray | None) -> PageImage:
    """Prepare a page: by the corners that a person set, ``[4, 2]``, or by what is found in the picture.

    Raises:
        NotScreenableError: the picture shows no ECG.
    """
    return prepare_page(photo_rgb) if corners_photo_xy is None else prepare_with_corners(photo_rgb, corners_photo_xy)


def prepare_page(photo_rgb: ByteArray) -> PageImage:
    """Straighten a page, cut it to its panel, measure its scale and flatten it to ink.

    Where no grid tells how the page lies, its sheet's sides do.

    Args:
        photo_rgb: upright picture, ``uint8 [H, W, 3]``; the page on it may be tilted, turned or bent.

    Returns:
        The page; its ink is ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``.

    Raises:
        NotScreenableError: the picture is too small or shows no ECG.
    """
    multiply_in_one_thread()
    height, width = photo_rgb.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        raise NotScreenableError(
            f"The picture is too small ({width}x{height} pixels).", "Use one at least 800 pixels wide."
        )
    return read_turned_round(photo_rgb, lambda rgb: _clearest_page(Photo(rgb)))


def prepare_with_corners(photo_rgb: ByteArray, corners_photo_xy: FloatArray) -> PageImage:
    """Prepare a page that lies flat between four corners.

    Args:
        photo_rgb: upright picture, ``uint8 [H, W, 3]``.
        corners_photo_xy: ``[4, 2]`` of the panel, clockwise from its own top left, which may lie anywhere in the photo
            where the page is turned.

    Returns:
        The page; its frame leads from the panel to ``photo_rgb``.

    Raises:
        NotScreenableError: the corners enclose nothing, or the panel between them shows no ECG.
    """
    corners = np.asarray(corners_photo_xy, dtype=np.float64).reshape(4, 2)
    height, width = photo_rgb.shape[:2]
    check_corners(corners, (width, height))
    return read_turned_round(photo_rgb, lambda rgb: _page_between(rgb, corners))


def prepare_drawn(page_rgb: ByteArray) -> PageImage:
    """Prepare a page drawn from a recording, ``uint8 [H, W, 3]``, by its grid; nothing asks whether it shows an ECG."""
    photo = Photo(page_rgb)
    if photo.grid is None:
        raise NotScreenableError("The recording hides the grid that it is drawn on.", "Check the unit of its samples.")
    page = _by_grid(photo).page
    assert page is not None, "by a grid there is a page, refused or not"
    return page


def _page_between(photo_rgb: ByteArray, corners_photo_xy: FloatArray) -> PageImage:
    flat, photo_from_flat = Photo(photo_rgb).flat(corners_photo_xy, MAX_PREPARED_PIXELS)
    page = _clearest_page(flat)
    frame = replace(page.frame, photo_from_panel=photo_from_flat @ page.frame.photo_from_panel)
    return replace(page, photo_rgb=photo_rgb, frame=frame, strategy=f"corners/{page.strategy}")


def _clearest_page(photo: Photo) -> PageImage:
    """The page that was read best, as the photo's, which is read in a smaller size where it is large.

    Raises:
        NotScreenableError: none was read, and why the first strategy refused it; or only a strip in a slide.
    """
    found = _in_size(photo, MAX_PREPARED_PIXELS, _read_evened)
    if found.refusal is not None:
        raise found.refusal
    assert found.page is not None, "what is not refused was read"
    check_surroundings(found.page)
    return found.page


def _read(photo: Photo) -> Candidate:
    """Try the strategies in turn; a page whose own grid leaves no doubt ends the search."""
    tried: list[Candidate] = []
    for strategy in STRATEGIES:
        if strategy.applies(photo, tried):
            tried.append(_in_size(photo, strategy.most_pixels, strategy.read))
            if _is_clear(tried[-1]):
                break
    return best(tried)


def _in_size(photo: Photo, most_pixels: int, read: Callable[[Photo], Candidate]) -> Candidate:
    """What is read of a photo in at most so many pixels, as the photo's."""
    fitting = photo.in_size(most_pixels)
    return stretched_to_photo(read(fitting), fitting.rgb, photo.rgb)


def _read_evened(photo: Photo) -> Candidate:
    """As :func:`_read`; a picture squeezed in one direction at its page's shape."""
    squeezed = photo.squeezed
    if squeezed is None:
        return _read(photo)
    evened = photo.evened(squeezed)
    candidate = stretched_to_photo(_read(evened), evened.rgb, photo.rgb)
    if candidate.page is None:
        return candidate
    note = SQUEEZED.format(across=squeezed.px_per_mm_x, down=squeezed.px_per_mm_y)
    return replace(candidate, page=replace(candidate.page, notes=(note, *candidate.page.notes)))


def _is_clear(candidate: Candidate) -> bool:
    page = candidate.page if candidate.refusal is None else None
    return page is not None and page.strategy in (GRID, FAINT_INK) and page.ecg_logit >= CLEAR_LOGIT


def _is_in_doubt(photo: Photo, tried: Tried) -> bool:
    """Whether no whole sheet lies in the picture, and what was read so far is refused or has faults."""
    if photo.sheet_xy is not None:
        return False
    found = best(tried)
    return found.refusal is not None or found.page is None or bool(found.page.faults)


def _may_be_faint(photo: Photo, tried: Tried) -> bool:
    """Whether the traces of a page with a grid do not run on through all of it, or have lost their steep strokes."""
    page = tried[-1].page if photo.grid is not None else None
    if page is None:
        return False
    return trace_columns(page.ink) <= WHOLE_TRACE_COLUMNS or steep_share(page.ink) < LEAST_STEEP


def _by_grid(photo: Photo) -> Candidate:
    """By the printed grid: the pen's colour is told from the grid's."""
    assert photo.grid is not None
    scale, (x1, y1, x2, y2) = photo.grid
    panel = photo.darkness[y1:y2, x1:x2]
    if photo.straight is None:
        return _on_grid(photo, GRID, pen_ink(panel, True, scale.px_per_mm))
    panel = without_grid(panel, scale.px_per_mm)
    return _on_grid(photo, GRID, pen_ink(panel, True, scale.px_per_mm, most_cut=STRAIGHTENED_CUT))


def _by_faint_ink(photo: Photo) -> Candidate:
    """By the printed grid, and a pen lighter than its lines: what does not run straight on is ink."""
    assert photo.grid is not None
    scale, (x1, y1, x2, y2) = photo.grid
    return _on_grid(photo, FAINT_INK, faint_ink(photo.darkness[y1:y2, x1:x2], scale.px_per_mm))


def _on_grid(photo: Photo, strategy: str, ink: ByteArray) -> Candidate:
    assert photo.grid is not None
    scale, box = photo.grid
    x1, y1, x2, y2 = box
    darkness = strongest_channel(photo.darkness[y1:y2, x1:x2])
    straight = None if photo.straight is None else photo.straight.frame
    found = FoundPanel(ink, darkness, box, (scale.px_per_mm_x, scale.px_per_mm_y), "grid", straight)
    return _assessed(photo, strategy, standard_panel(found))


def _by_traces(photo: Photo) -> Candidate:
    """By the traces of a picture as it lies, which is a guess wherever a sheet tells how the page lies."""
    try:
        panel = panel_by_traces(photo.darkness_as_taken)
    except NotScreenableError as refusal:
        return Candidate(None, refusal)
    candidate = _assessed(photo, TRACES, panel)
    return replace(candidate, is_last_resort=photo.is_flat or photo.sheet_xy is not None)


def _by_form(photo: Photo) -> Candidate:
    """By the traces again, the paper followed into every shadow, and the page lying any of the four ways."""
    candidates = []
    for quarter_turns_cw in (0, 1):
        try:
            panel = panel_by_form(photo.darkness_by_form, quarter_turns_cw)
            candidates.append(_assessed(photo, FORM, panel))
        except NotScreenableError as refusal:
            candidates.append(Candidate(None, refusal))
    return best(candidates)


def _by_sheet(photo: Photo) -> Candidate:
    """By the sides of a sheet, and then as a page that fills its picture."""
    assert photo.sheet_xy is not None
    return _on_sheet(photo, SHEET, photo.sheet_xy)


def _by_cut_off_sheet(photo: Photo) -> Candidate:
    """As :func:`_by_sheet`, by a sheet that leaves the picture."""
    assert photo.cut_off_sheet_xy is not None
    candidate = _on_sheet(photo, CUT_OFF_SHEET, photo.cut_off_sheet_xy)
    return candidate if candidate.page is None else replace(candidate, page=with_faults(candidate.page, CUT_OFF))


def _on_sheet(photo: Photo, strategy: str, corners_xy: FloatArray) -> Candidate:
    flat, photo_from_flat = photo.flat(corners_xy, MAX_SECOND_PIXELS)
    if min(flat.rgb.shape[:2]) < MIN_SIDE_PX:
        return Candidate(None, NotScreenableError("The sheet in the picture is too small.", RETAKE))
    candidate = _read(flat)
    page = candidate.page
    if page is None or candidate.refusal is not None:
        return candidate
    notes = page.notes if STRAIGHTENED in page.notes else (STRAIGHTENED_BY_SIDES, *page.notes)
    if page.scale_source == "pulse":
        notes = (*notes, ROUGH_SCALE)
    page = replace(page, notes=notes, strategy=f"{strategy}/{page.strategy}")
    return Candidate(mapped_to_photo(page, photo.rgb, photo_from_flat))


def _assessed(photo: Photo, strategy: str, panel: StandardPanel) -> Candidate:
    page = PageImage(
        photo_rgb=photo.rgb,
        ink=panel.ink,
        frame=panel.frame,
        px_per_mm=panel.px_per_mm,
        scale_source=panel.scale_source,
        has_grid=panel.scale_source == "grid",
        notes=panel.notes,
        strategy=strategy,
    )
    try:
        return Candidate(assess_quality(page, panel.darkness))
    except NotScreenableError as refusal:
        return Candidate(page, refusal)


STRATEGIES = (
    Strategy(GRID, lambda photo, _: photo.grid is not None, _by_grid),
    Strategy(FAINT_INK, _may_be_faint, _by_faint_ink),
    Strategy(TRACES, lambda photo, _: photo.grid is None, _by_traces, MAX_SECOND_PIXELS),
    Strategy(SHEET, lambda photo, _: photo.sheet_xy is not None, _by_sheet),
    Strategy(
        CUT_OFF_SHEET,
        lambda photo, tried: _is_in_doubt(photo, tried) and photo.cut_off_sheet_xy is not None,
        _by_cut_off_sheet,
    ),
    Strategy(FORM, lambda photo, tried: photo.is_flat or _is_in_doubt(photo, tried), _by_form, MAX_SECOND_PIXELS),
)
"""In the order in which they are tried."""
