"""Pictures that show more than one page: cut along the empty bands between them where each side reads as an ECG."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.boxes import XYXY
from ecgcore.lead_layout import LEADS, PrintedName
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.gutters import Gutter, find_gutters
from ecgcore.page.photo import MAX_SECOND_PIXELS, Photo
from ecgcore.picture_part import PicturePart
from ecgcore.printed.page_print import read_names
from ecgcore.types import PageImage
from ecgcore.waveform.page_rows import MANY_LEADS, PageRows

Prepare = Callable[[ByteArray], PageImage]

MOST_PAGES = 6
"""In one picture; the pages of more are too small to be read."""
LONGEST = 5.0
"""No page is so many times as long as it is high, or as high as it is long."""
STROKES = LEADS[:3]
"""I, II and III are misread for each other, and mostly II stands on a rhythm strip."""
NAMED_TWICE = 6
"""So many leads but ``STROKES`` are named on both sides of a line only where two pages lie; rhythm strips are three at
most."""
FEWEST_NAMES, SAME_NAMES = 2, 0.5
"""Of so many names that were read on either side this share must be on both: of one page in 200 the upper and the lower
rows were each counted as twelve leads."""
MORE_THAN_ONE = (
    "The picture seems to show more than one ECG page.",
    "Use a picture of one page, or set the corners of one with Straighten.",
)


def split_pages(page: DecodedPage, prepare: Prepare) -> list[DecodedPage]:
    """The pages that a picture shows, each cut out of it, from the left or from the top.

    A picture is cut only where every part reads as a page with the leads of a whole ECG: else, and where it was drawn
    from a recording, it is one page as it is.

    Args:
        page: a decoded picture.
        prepare: finds the page in a part of it, as ``prepare_page`` does.
    """
    if page.recording is not None:
        return [page]
    boxes = page_boxes(page.photo_rgb, prepare)
    if not 1 < len(boxes) <= MOST_PAGES:
        return [page]
    height, width = page.photo_rgb.shape[:2]
    parts = [PicturePart(number, len(boxes), box, (width, height)) for number, box in enumerate(boxes, start=1)]
    return [replace(page, photo_rgb=_cut_out(page.photo_rgb, part.box_xyxy), part=part) for part in parts]


def check_one_page(names: Sequence[PrintedName]) -> None:
    """Refuse what was read as one page, but names its leads twice.

    Args:
        names: that were read on it.

    Raises:
        NotScreenableError: they are those of two pages.
    """
    for axis in (0, 1):
        told = [name.lead for name in sorted(names, key=lambda name: name.box_panel_xyxy[axis])]
        for cut in range(1, len(told)):
            if len({*told[:cut]} & {*told[cut:]} - {*STROKES}) >= NAMED_TWICE:
                raise NotScreenableError(*MORE_THAN_ONE)


def page_boxes(photo_rgb: ByteArray, prepare: Prepare) -> list[XYXY]:
    """Where the pages of a picture lie; none where it shows one page, or where it is not sure that it shows more.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``. It is looked at in at most ``MAX_SECOND_PIXELS``.
        prepare: as in :func:`split_pages`.
    """
    small = Photo(photo_rgb).in_size(MAX_SECOND_PIXELS).rgb
    down, across = photo_rgb.shape[0] / small.shape[0], photo_rgb.shape[1] / small.shape[1]
    return [
        (round(x1 * across), round(y1 * down), round(x2 * across), round(y2 * down))
        for x1, y1, x2, y2 in _pages_in(small, (0, 0, small.shape[1], small.shape[0]), prepare)
    ]


def _pages_in(photo_rgb: ByteArray, box: XYXY, prepare: Prepare) -> list[XYXY]:
    """The pages in a part of a picture; none where it is not to be cut."""
    for gutter in find_gutters(_cut_out(photo_rgb, box)):
        sides = _sides(gutter, box)
        if _are_two_ecgs([_cut_out(photo_rgb, side) for side in sorted(sides, key=_area)], prepare):
            return [page for side in sides for page in _pages_in(photo_rgb, side, prepare) or [side]]
    return []


def _sides(gutter: Gutter, box: XYXY) -> tuple[XYXY, XYXY]:
    """What lies before and behind a gutter of a part of the picture; a slanting one belongs to both."""
    x1, y1, x2, y2 = box
    low, high = round(gutter.low), round(gutter.high)
    if gutter.is_level:
        return (x1, y1, x2, y1 + high), (x1, y1 + low, x2, y2)
    return (x1, y1, x1 + high, y2), (x1 + low, y1, x2, y2)


def _are_two_ecgs(parts_rgb: list[ByteArray], prepare: Prepare) -> bool:
    """Whether each part is a whole ECG, and they name the same leads, as rows of one page do not.

    Args:
        parts_rgb: the smaller first, which is read sooner and less often a page.
        prepare: as in :func:`split_pages`.
    """
    told = []
    for part_rgb in parts_rgb:
        names = _names_of_whole_ecg(part_rgb, prepare)
        if names is None:
            return False
        told.append(names)
    fewest = min(len(names) for names in told)
    return fewest < FEWEST_NAMES or len(set.intersection(*told)) >= SAME_NAMES * fewest


def _names_of_whole_ecg(part_rgb: ByteArray, prepare: Prepare) -> set[str] | None:
    """The leads that a part names, if it reads as a page with those of a whole ECG: by names, else by rows and columns.

    I, II and III are left out, which are misread for each other and stand on strips.
    """
    height, width = part_rgb.shape[:2]
    if max(height, width) > LONGEST * min(height, width):
        return None
    try:
        page = prepare(part_rgb)
    except NotScreenableError:
        return None
    rows = PageRows(page.ink)
    read = read_names(page, rows)
    leads = rows.lead_count if read.layout is None else len(read.layout.leads)
    is_whole = leads >= (MANY_LEADS if read.layout is None else len(LEADS))
    return {name.lead for name in read.names} - {*STROKES} if is_whole else None


def _cut_out(photo_rgb: ByteArray, box: XYXY) -> ByteArray:
    x1, y1, x2, y2 = box
    return photo_rgb[y1:y2, x1:x2].copy()


def _area(box: XYXY) -> int:
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1)
