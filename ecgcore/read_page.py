"""What stands on a prepared page: its rows are followed, its print is read, and it is brought to 25 mm/s."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.networks.handwriting import find_handwriting
from ecgcore.page.paper_speed import at_usual_speed
from ecgcore.paper import USUAL_PAPER, PaperSettings
from ecgcore.printed.page_print import PagePrint, read_print, with_header
from ecgcore.rhythm.calibration_pulse import pulse_gain_mm_mv
from ecgcore.traces.rows import Rows
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import PageImage
from ecgcore.waveform.lead_count import count_leads
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal

OTHER_SPEED = "The page prints {speed:g} mm/s: it was judged as if it had been printed at 25 mm/s."
OTHER_GAIN = "The page prints {printed:g} mm/mV, but its calibration pulse shows {pulse:g} mm/mV, which was taken."
ASSUMED = "Nothing on the page tells {}, so {} assumed."


@dataclass(frozen=True)
class PageReading:
    """A page as it was read.

    Args:
        sheet: the prepared page; its raster runs at 25 mm/s.
        rows: its rows of trace.
        printed: what is printed on it.
        paper: its own speed and gain.
        written_panel_xyxy: boxes round handwriting in the raster, ``[n, 4]``.
    """

    sheet: PageImage
    rows: Rows
    printed: PagePrint
    paper: PaperSettings
    written_panel_xyxy: FloatArray

    @property
    def leads_found(self) -> int:
        """How many of the twelve leads the page shows: as its names say, else as rows and beats do."""
        layout = self.printed.layout
        return count_leads(self.rows, self.sheet.ink) if layout is None else len(layout.leads)

    def with_header(self) -> "PageReading":
        """The same with the machine's rate and intervals, which stand above the traces."""
        return replace(self, printed=with_header(self.printed, self.sheet, self.rows))

    def signal(self) -> PageSignal:
        """Its leads in millivolts."""
        printed = self.printed
        raster_paper = PaperSettings(USUAL_PAPER.speed_mm_s, self.paper.gain_mm_mv)
        return read_signal(
            self.sheet.ink, self.rows, raster_paper, self.sheet.px_per_mm_source, printed.layout, printed.refuted
        )


def read_drawn_page(sheet: PageImage) -> PageReading:
    """Read a page that was drawn from a recording on usual paper, whose print tells nothing new; without handwriting.

    Args:
        sheet: as ``prepare_drawn`` makes it.
    """
    return PageReading(sheet, trace_rows(sheet.ink), PagePrint(), USUAL_PAPER, np.zeros((0, 4)))


def read_page(sheet: PageImage, paper: PaperSettings | None = None, *, finds_handwriting: bool = True) -> PageReading:
    """Read a prepared page: handwriting, rows of trace, print, paper speed and gain.

    Args:
        sheet: as ``prepare`` makes it.
        paper: speed and gain, where a person set them; by default the printed speed, else 25 mm/s, and the gain of a
            calibration pulse, else as printed, else 10 mm/mV.
        finds_handwriting: whether handwriting is looked for.
    """
    written = np.zeros((0, 4))
    if finds_handwriting:
        sheet, written = find_handwriting(sheet)
    rows = trace_rows(sheet.ink)
    printed = read_print(sheet, rows)
    settled, notes = (paper, ()) if paper is not None else _paper(sheet, printed)
    sheet = replace(sheet, notes=(*sheet.notes, *notes))
    usual = at_usual_speed(sheet, settled.speed_mm_s)
    if usual is not sheet:
        squeezed = usual.ink.shape[1] / sheet.ink.shape[1]
        written = written * [squeezed, 1, squeezed, 1]
        rows = trace_rows(usual.ink)
    return PageReading(usual, rows, printed, settled, written)


def _paper(sheet: PageImage, printed: PagePrint) -> tuple[PaperSettings, tuple[str, ...]]:
    """Speed and gain as pulse and print tell them, and what a reader should know of it."""
    settings, has_grid = printed.settings, sheet.px_per_mm_source == "grid"
    pulse = pulse_gain_mm_mv(sheet.ink, has_grid=has_grid, printed_mm_mv=settings.gain_mm_mv)
    gain = pulse or settings.gain_mm_mv or USUAL_PAPER.gain_mm_mv
    speed = settings.speed_mm_s or USUAL_PAPER.speed_mm_s
    notes = []
    if speed != USUAL_PAPER.speed_mm_s:
        notes.append(OTHER_SPEED.format(speed=speed))
    if pulse is not None and settings.gain_mm_mv not in (None, pulse):
        notes.append(OTHER_GAIN.format(printed=settings.gain_mm_mv, pulse=pulse))
    untold = {"the paper speed": f"{speed:g} mm/s"} if settings.speed_mm_s is None else {}
    if pulse is None and settings.gain_mm_mv is None and sheet.px_per_mm_source != "pulse":
        untold["the gain"] = f"{gain:g} mm/mV"
    if untold:
        values = f"{' and '.join(untold.values())} {'is' if len(untold) == 1 else 'are'}"
        notes.append(ASSUMED.format(" or ".join(untold), values))
    return PaperSettings(speed, gain), tuple(notes)
