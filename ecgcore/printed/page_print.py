"""What is printed on a page, as far as its reading needs it."""

from dataclasses import dataclass, field, replace

from ecgcore.lead_layout import Layout, PrintedName
from ecgcore.paper import PrintedSettings
from ecgcore.printed.layout_by_names import layout_by_names
from ecgcore.printed.margins import read_margin
from ecgcore.printed.names import find_names, sure_names
from ecgcore.printed.settings import parse_settings
from ecgcore.types import PageImage
from ecgcore.waveform.page_rows import PageRows


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


def read_print(page: PageImage, rows: PageRows) -> PagePrint:
    """Read lead names and the lines below the traces; those above only where these tell no speed.

    Args:
        page: the prepared page.
        rows: its rows.
    """
    named = read_names(page, rows)
    lines = tuple(read_margin(page, rows.traces, "below"))
    found = replace(named, settings=parse_settings(lines), lines=lines)
    return found if found.settings.speed_mm_s is not None else with_header(found, page, rows)


def read_names(page: PageImage, rows: PageRows) -> PagePrint:
    """Read lead names alone, and what they tell of the layout.

    Args:
        page: the prepared page.
        rows: its rows.
    """
    found = find_names(page, rows.traces)
    layout, refuted = layout_by_names(found, rows.traces, rows.column_count)
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
    return replace(found, settings=parse_settings(lines), lines=lines, has_header=True)
