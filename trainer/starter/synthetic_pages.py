"""Digital records -> rendered pages, prepared exactly as a user's picture would be."""

import functools
import multiprocessing
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from annotations.exchange.wfdb_records import read_record
from ecgcore.errors import NotScreenableError
from ecgcore.page.decode.read import picture_hash
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, Segment, SimPage, draw_page, plan_page, random_style
from ecgcore.types import FloatArray, PaperSettings
from trainer.data.code_version import code_version
from trainer.data.page import PreparedPage
from trainer.data.prepare import boxes_in_panel, read_leads
from trainer.starter.public_datasets import Record, load_ludb
from trainer.starter.signal_augment import augment_amplitudes, augment_rhythm

MIN_COLUMN_S = 1.2
"""Shorter stretches hold hardly a complete beat."""

MARK_TOLERANCE_S = 0.03
"""How far apart careful readers mark a T wave's end (two standard deviations: CSE Working Party 1985)."""

COMMON_LAYOUT = "6x2"
"""Two columns of 5 s, as the only real pages that we may train on print their leads."""

_WINDOW_TRIES = 20
_WORKERS = 2


def render_boxed_page(record: Record, seed: int, style: PageStyle | None = None) -> SimPage | None:
    """Draw a record so that every complete beat on the page is marked; None where too little of it is marked.

    Args:
        record: with ``beats_s`` and ``stretches_s``.
        seed: of style and stretch.
        style: drawn at random by default; its ``column_s`` is shortened to what the marks allow.
    """
    assert record.beats_s is not None and record.stretches_s is not None
    rng = np.random.default_rng(seed)
    longest_s = [float((s[:, 1] - s[:, 0]).max()) if len(s) else 0.0 for s in record.stretches_s]
    style = style or random_style(rng)
    leads_shown = {lead for row in style.rows for lead in row}
    rhythm_s = min((longest_s[row[0]] for row in style.rows if len(row) == 1), default=np.inf)
    shortest_s = min(longest_s[lead] for lead in leads_shown)
    column_s = min(style.column_s or np.inf, shortest_s, rhythm_s / style.columns, 10.0 / style.columns)
    if column_s < MIN_COLUMN_S:
        return None
    plan = [_plan_row(record, row, column_s, style.columns, rng) for row in style.rows]
    return draw_page(record.signals_mv, record.fs_hz, style, seed, beats_s=record.beats_s, plan=plan)


def _plan_row(
    record: Record, row: Sequence[int], column_s: float, columns: int, rng: np.random.Generator
) -> list[Segment]:
    """Each lead from a random place inside its marked stretches, so that no unmarked beat is ever shown."""
    assert record.stretches_s is not None and record.beats_s is not None
    segments = []
    for lead in row:
        duration_s = column_s if len(row) > 1 else column_s * columns
        stretches = record.stretches_s[lead]
        fitting = stretches[stretches[:, 1] - stretches[:, 0] >= duration_s - 1e-9]
        for _ in range(_WINDOW_TRIES):
            first_s, last_s = fitting[rng.integers(len(fitting))]
            start_s = float(rng.uniform(first_s, max(first_s, last_s - duration_s)))
            if not cuts_closely(record.beats_s[lead], start_s, start_s + duration_s):
                break
        segments.append(Segment(lead, start_s, duration_s))
    return segments


def cuts_closely(beats_s: FloatArray, start_s: float, end_s: float) -> bool:
    """Whether a window loses so little of a beat that another reader would call it complete.

    Args:
        beats_s: start and end of each beat, in seconds.
        start_s: of the window.
        end_s: of the window.
    """
    lost_s = np.maximum(start_s - beats_s[:, 0], beats_s[:, 1] - end_s)
    return bool(((lost_s > 0) & (lost_s <= MARK_TOLERANCE_S)).any())


def render_page(record: Record, seed: int, style: PageStyle | None = None) -> SimPage:
    """Draw a whole record, as a machine would print it, for its page label.

    Args:
        record: labelled.
        seed: of everything drawn at random.
        style: of the page; drawn at random by default.
    """
    rng = np.random.default_rng(seed)
    style = style or random_style(rng)
    return draw_page(
        record.signals_mv, record.fs_hz, style, seed, plan=plan_page(style, record.signals_mv.shape[1] / record.fs_hz)
    )


def prepare_rendered(
    record: Record, page: SimPage, *, boxed: bool, key: str, paper: PaperSettings | None = None
) -> PreparedPage | None:
    """Send a drawn page through the same preparation as a user's picture; None where it is not screenable.

    Args:
        record: what was drawn.
        page: the drawing.
        boxed: whether its boxes are all of its beats.
        key: the page's name.
        paper: its speed and gain, as a user would set them; by default nobody does.
    """
    try:
        prepared = prepare_page(page.image_rgb)
    except NotScreenableError:
        return None
    leads_mv, measured = read_leads(prepared.ink, prepared.scale_source, paper)
    return PreparedPage(
        key=key,
        source=record.source_record.split(":")[0],
        group=record.group,
        label=record.label,
        ink=prepared.ink,
        boxes_panel_xyxy=boxes_in_panel(page.boxes_xyxy, prepared.frame) if boxed else None,
        picture_hash=picture_hash(page.image_rgb),
        source_record=record.source_record,
        has_grid=prepared.has_grid,
        leads_mv=leads_mv,
        measured=measured,
    )


def boxed_pages(
    records: Sequence[Record], pages_per_record: int, seed: int, workers: int = _WORKERS, *, varied: bool = False
) -> Iterator[PreparedPage]:
    """Rendered, prepared and boxed pages of every record, ``pages_per_record`` styles each.

    The pages of a record depend on its name and ``seed`` alone, not on which other records are drawn with it. Records
    too little of which is marked, and pages that are not screenable, are left out. With ``varied``, for training, half
    of the pages have other amplitudes than the record, and half of them another rhythm.

    Args:
        records: with marked beats.
        pages_per_record: styles of each.
        seed: of everything drawn at random.
        workers: processes that draw.
        varied: see above.
    """
    make = _varied_boxed_page if varied else _boxed_page
    yield from _in_processes(make, records, range(pages_per_record), seed, workers)


def labelled_pages(records: Sequence[Record], styles: Sequence[int], seed: int) -> Iterator[PreparedPage]:
    """Rendered, prepared pages of every labelled record, one in each of the styles, by number; see ``boxed_pages``.

    Every second page of a record has its leads where ``COMMON_LAYOUT`` puts them, the first is of any layout: what a
    network learns of V1 on one page it can then use on the next.

    Args:
        records: those without a label are left out.
        styles: their numbers.
        seed: of everything drawn at random.
    """
    labelled = [record for record in records if record.label is not None]
    yield from _in_processes(_labelled_page, labelled, styles, seed, _WORKERS)


@functools.cache
def drawing_version() -> str:
    """A fingerprint of the code that makes pages of records, beside their preparation."""
    return code_version(labelled_pages, augment_rhythm, load_ludb, read_record, draw_page, random_style)


def page_seed(record: Record, number: int, seed: int) -> int:
    """The seed of a record's n-th page.

    Args:
        record: the record.
        number: n.
        seed: of the data set's part.
    """
    return zlib.crc32(f"{record.source_record}/{number}/{seed}".encode())


def _boxed_page(record: Record, number: int, seed: int) -> PreparedPage | None:
    page = render_boxed_page(record, page_seed(record, number, seed))
    return None if page is None else prepare_rendered(record, page, boxed=True, key=f"{record.source_record}/{number}")


def _varied_boxed_page(record: Record, number: int, seed: int) -> PreparedPage | None:
    rng = np.random.default_rng(page_seed(record, number, seed + 1_000_000))
    if rng.random() < 0.5:
        record = augment_rhythm(record, rng)
    if rng.random() < 0.5:
        record = augment_amplitudes(record, rng)
    return _boxed_page(record, number, seed)


def _labelled_page(record: Record, number: int, seed: int) -> PreparedPage | None:
    chance = page_seed(record, number, seed)
    style = random_style(np.random.default_rng(chance), layout=COMMON_LAYOUT) if number % 2 else None
    page = render_page(record, chance, style)
    return prepare_rendered(record, page, boxed=False, key=f"{record.source_record}/{number}")


_FEW_PAGES = 16
"""So many are drawn sooner here than two processes start, which load torch first."""


def _in_processes(
    make: Callable[[Record, int, int], PreparedPage | None],
    records: Sequence[Record],
    styles: Sequence[int],
    seed: int,
    workers: int,
) -> Iterator[PreparedPage]:
    jobs = [(record, number) for number in styles for record in records]
    if len(jobs) <= _FEW_PAGES:
        yield from (page for record, number in jobs if (page := make(record, number, seed)) is not None)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        names, numbers = [job[0] for job in jobs], [job[1] for job in jobs]
        for page in pool.map(make, names, numbers, [seed] * len(jobs), chunksize=8):
            if page is not None:
                yield page
