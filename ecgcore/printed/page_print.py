"""What is printed on a page, as far as its reading needs it."""

from dataclasses import dataclass, field, replace

from ecgcore.lead_layout import LEADS, Layout, PrintedName
from ecgcore.paper import PrintedSettings
from ecgcore.printed.layout_by_names import layout_by_names
from ecgcore.printed.margins import read_margin
from ecgcore.printed.names import find_names, sure_names
from ecgcore.printed.settings import parse_settings
from ecgcore.traces.rows import Rows
from ecgcore.types import PageImage
from ecgcore.waveform.page_rows import PageRows

OTHER_ZOOMS = (2.0, 0.5)
"""A calibration pulse of 20 mm that is taken for 10 makes all names half as large, one of 5 mm twice as large."""


@dataclass(frozen=True)
class PagePrint:
    """The print of a page.

    Args:
        names: lead names, where they stand.
        layout: what they tell of the leads' places; None where they are too few.
        settings: paper speed, gain and what else the lines above and below the traces say.
        lines: these lines; a patient's name may stand in them, so they are neither kept nor shown.
        has_header: whether the lines above the traces were read.
        refuted: usual layouts that the names contradict.
    """

    names: tuple[PrintedName, ...] = ()
    layout: Layout | None = None
    settings: PrintedSettings = field(default_factory=PrintedSettings)
    lines: tuple[str, ...] = field(default=(), repr=False)
    has_header: bool = False
    refuted: frozenset[Layout] = frozenset()

    @property
    def leads(self) -> int:
        """How many leads its layout has; 0 where names tell none."""
        return 0 if self.layout is None else len(self.layout.leads)


def read_print(page: PageImage, rows: PageRows) -> PagePrint:
    """Read lead names and the lines below the traces; those above only where these tell no speed.

    Args:
        page: the prepared page.
        rows: its rows.
    """
    named = read_names(page, rows)
    lines = tuple(read_margin(page, rows.traces, "below"))
    found = replace(named, settings=parse_settings(lines), lines=lines)
    if found.settings.speed_mm_s is None:
        found = with_header(found, page, rows)
    if found.settings.speed_mm_s is None or found.settings.gain_mm_mv is None:
        closer = parse_settings(read_margin(page, rows.traces, "below", looks_closer=True))
        found = replace(found, settings=_completed(found.settings, closer))
    return found


def read_names(page: PageImage, rows: PageRows) -> PagePrint:
    """Read lead names alone, and what they tell of the layout.

    Where they tell none, what was taken for lines of print may be rows with names, and names may have another size.

    Args:
        page: the prepared page.
        rows: its rows.
    """
    zooms = (1.0, *OTHER_ZOOMS) if page.scale_source == "pulse" else (1.0,)
    has_print = len(rows.traces.baseline_y) < len(rows.with_print.baseline_y)
    best = _names_in(page, rows.traces, rows.column_count, zooms[0])
    for zoom in zooms:
        if best.leads == 0 and zoom != zooms[0]:
            best = _names_in(page, rows.traces, rows.column_count, zoom)
        if has_print and best.leads < len(LEADS):
            told = _names_in(page, rows.with_print, rows.column_count, zoom)
            best = told if _shows_more(told, rows.traces) and told.leads > best.leads else best
        if best.leads > 0:
            return best
    return best


def _shows_more(told: PagePrint, traces: Rows) -> bool:
    """Whether the names are of more leads than the rows of trace could show: a line of print has no name of its own."""
    if told.layout is None or told.layout.strips:
        return False
    return len({name.lead for name in told.names}) > len(traces.baseline_y) * told.layout.columns


def _names_in(page: PageImage, rows: Rows, columns_seen: int, zoom: float) -> PagePrint:
    """The names that stand beside these rows in one size, and what they tell."""
    found = find_names(page, rows, zoom)
    layout, refuted = layout_by_names(found, rows, columns_seen)
    return PagePrint(tuple(sure_names(found)), layout, refuted=refuted)


def with_header(found: PagePrint, page: PageImage, rows: PageRows) -> PagePrint:
    """The print with the lines above the traces, unless these were read.

    Args:
        found: what was read so far.
        page: the prepared page.
        rows: its rows.
    """
    if found.has_header:
        return found
    lines = (*read_margin(page, rows.traces, "above"), *found.lines)
    return replace(found, settings=_completed(parse_settings(lines), found.settings), lines=lines, has_header=True)


def _completed(settings: PrintedSettings, others: PrintedSettings) -> PrintedSettings:
    """Settings with the speed and the gain of others where they have none."""
    speed_mm_s, gain_mm_mv = settings.speed_mm_s or others.speed_mm_s, settings.gain_mm_mv or others.gain_mm_mv
    return replace(settings, speed_mm_s=speed_mm_s, gain_mm_mv=gain_mm_mv)
