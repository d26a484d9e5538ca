"""What stands on a prepared page: its rows are followed, its print is read, and it is brought to 25 mm/s."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.networks.handwriting import find_handwriting
from ecgcore.page.paper_speed import at_usual_speed
from ecgcore.paper import USUAL_PAPER, PaperSettings
from ecgcore.printed.page_print import PagePrint, read_print, with_header
from ecgcore.rhythm.calibration_pulse import pulse_gain_mm_mv
from ecgcore.types import PageImage
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal

OTHER_SPEED = "The page prints {speed:g} mm/s: it was judged as if it had been printed at 25 mm/s."
OTHER_GAIN = "The page prints {printed:g} mm/mV, but its calibration pulse shows {pulse:g} mm/mV, which was taken."
ASSUMED = "Nothing on the page tells {}, so {} assumed."


@dataclass(frozen=True)
class PageContent:
    """A page with what was found on it.

    Args:
        page: as it was prepared; its raster runs at 25 mm/s.
        rows: its rows.
        printed: what is printed on it.
        paper: its own speed and gain.
        written_panel_xyxy: boxes round handwriting in the raster, ``[n, 4]``.
    """

    page: PageImage
    rows: PageRows
    printed: PagePrint
    paper: PaperSettings
    written_panel_xyxy: FloatArray

    @property
    def leads_found(self) -> int:
        """How many of the twelve leads the page shows: as its names say, else as rows and beats do."""
        layout = self.printed.layout
        return self.rows.lead_count if layout is None else len(layout.leads)

    def with_header(self) -> "PageContent":
        """The same with the machine's rate and intervals, which stand above the traces."""
        return replace(self, printed=with_header(self.printed, self.page, self.rows))

    def signal(self) -> PageSignal:
        """Its leads in millivolts."""
        printed = self.printed
        raster_paper = PaperSettings(USUAL_PAPER.speed_mm_s, self.paper.gain_mm_mv)
        return read_signal(self.rows, raster_paper, self.page.scale_source, printed.layout, printed.refuted)


def read_drawn_page(page: PageImage) -> PageContent:
    """Read a page that was drawn from a recording on usual paper, whose print tells nothing new; without handwriting.

    Args:
        page: as ``prepare_drawn`` makes it.
    """
    return PageContent(page, PageRows(page.ink), PagePrint(), USUAL_PAPER, np.zeros((0, 4)))


def read_page(page: PageImage, paper: PaperSettings | None = None, *, finds_handwriting: bool = True) -> PageContent:
    """Read a prepared page: handwriting, rows of trace, print, paper speed and gain.

    Args:
        page: as ``prepare`` makes it.
        paper: speed and gain, where a person set them; by default the printed speed, else 25 mm/s, and the gain of a
            calibration pulse, else as printed, else 10 mm/mV.
        finds_handwriting: whether handwriting is looked for.
    """
    written = np.zeros((0, 4))
    if finds_handwriting:
        page, written = find_handwriting(page)
    rows = PageRows(page.ink)
    printed = read_print(page, rows)
    settled, notes = (paper, ()) if paper is not None else _paper(page, printed)
    page = replace(page, notes=(*page.notes, *notes))
    usual = at_usual_speed(page, settled.speed_mm_s)
    if usual is not page:
        squeezed = usual.ink.shape[1] / page.ink.shape[1]
        written = written * [squeezed, 1, squeezed, 1]
        rows = PageRows(usual.ink)
    return PageContent(usual, rows, printed, settled, written)


def _paper(page: PageImage, printed: PagePrint) -> tuple[PaperSettings, tuple[str, ...]]:
    """Speed and gain as pulse and print tell them, and what a reader should know of it."""
    settings, has_grid = printed.settings, page.scale_source == "grid"
    pulse = pulse_gain_mm_mv(page.ink, has_grid=has_grid, printed_mm_mv=settings.gain_mm_mv)
    gain = pulse or settings.gain_mm_mv or USUAL_PAPER.gain_mm_mv
    speed = settings.speed_mm_s or USUAL_PAPER.speed_mm_s
    notes = []
    if speed != USUAL_PAPER.speed_mm_s:
        notes.append(OTHER_SPEED.format(speed=speed))
    if pulse is not None and settings.gain_mm_mv not in (None, pulse):
        notes.append(OTHER_GAIN.format(printed=settings.gain_mm_mv, pulse=pulse))
    untold = {"the paper speed": f"{speed:g} mm/s"} if settings.speed_mm_s is None else {}
    if pulse is None and settings.gain_mm_mv is None and page.scale_source != "pulse":
        untold["the gain"] = f"{gain:g} mm/mV"
    if untold:
        values = f"{' and '.join(untold.values())} {'is' if len(untold) == 1 else 'are'}"
        notes.append(ASSUMED.format(" or ".join(untold), values))
    return PaperSettings(speed, gain), tuple(notes)
