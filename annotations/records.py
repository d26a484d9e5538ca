"""Digital ECGs in PhysioNet's form become pages of the store, drawn by the simulator as a machine would print them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import wfdb

from annotations.formats.bounds import check_pages
from annotations.formats.checks import existing_folder, shown, walk
from annotations.formats.page import Progress, Refusal, quiet
from annotations.import_report import ImportReport
from annotations.model import StoreError
from annotations.store import Store
from ecgcore.errors import BadSignal
from ecgcore.papersim import LEADS, draw_page, plan_page, random_style
from ecgcore.types import FloatArray

LONGEST_S = 10.0
"""What a page of 12 leads holds at 25 mm/s; no more of a record is read."""
MAX_HEADER_BYTES = 2**20
FS_HZ = 50.0, 20_000.0
MAX_SIGNALS, MAX_SAMPLES_PER_FRAME, MAX_SKEW = 64, 100, 10_000
MAX_SEGMENTS = 1000
MAX_UNTOLD_BYTES = 64 * 2**20
"""Of the signals of a header that does not say how long they are."""

DESCRIPTION = "WFDB records (PhysioNet): 12-lead signals, drawn as ECG pages"

_EXPORT = "Export the record again."
_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What ``wfdb`` raises on damaged records; there is no common base class."""


def import_records(store: Store, folder: Path, *, progress: Progress = quiet) -> ImportReport:
    """Draw every 12-lead record below ``folder`` as a page; looks depend on the record's name alone.

    Pages come without a reading: nobody has looked at them yet.

    Raises:
        StoreError: there is no record, or there are too many.
    """
    folder = existing_folder(folder)
    headers = [folder / path for path in walk(folder) if path.suffix == ".hea"]
    check_pages(len(headers))
    if not headers:
        raise StoreError(f"{folder} holds no WFDB record.", "Choose the folder of the .hea and .dat files.")
    report = ImportReport()
    for number, header in enumerate(headers, 1):
        name = header.relative_to(folder).with_suffix("").as_posix()
        try:
            signals_mv, fs_hz = _read(header)
            seed = zlib.crc32(name.encode())
            style = random_style(np.random.default_rng(seed))
            page = draw_page(signals_mv, fs_hz, style, seed, plan=plan_page(style, signals_mv.shape[1] / fs_hz))
        except (StoreError, BadSignal) as error:
            report.refusals.append(Refusal(shown(name), None, str(error)))
        except _DAMAGED as error:
            report.refusals.append(
                Refusal(shown(name), None, f"It is damaged and cannot be drawn: {shown(str(error))}.")
            )
        else:
            _, is_new = store.add_picture(
                page.image_rgb, name=f"{header.stem}.png", group=f"wfdb:{name}", source="rendered",
                source_record=f"wfdb:{name}",
            )  # fmt: skip
            report.pictures_added += is_new
            report.unchanged += not is_new
        progress(number, len(headers))
    return report


def _read(header: Path) -> tuple[FloatArray, float]:
    """Millivolts ``[12, n]`` in the order of ``LEADS``, at most ``LONGEST_S``, and the sampling frequency.

    Raises:
        StoreError: a lead is missing, or the header asks for what no record of 12 leads has.
        Exception: one of ``_DAMAGED``, which is what ``wfdb`` raises.
    """
    told = _checked_header(header)
    most = round(LONGEST_S * told.fs)
    until = None if told.sig_len is None else min(told.sig_len, most)
    record = wfdb.rdrecord(str(header.with_suffix("")), sampto=until)
    names = [str(name).lower() for name in record.sig_name]
    missing = [lead for lead in LEADS if lead.lower() not in names]
    if missing:
        raise StoreError(f"It lacks lead {missing[0]}.", "Twelve leads are needed.")
    order = [names.index(lead.lower()) for lead in LEADS]
    return np.nan_to_num(record.p_signal[:most, order].T), float(record.fs)


def _checked_header(header: Path, *, is_segment: bool = False) -> wfdb.Record | wfdb.MultiRecord:
    """A header that asks for nothing but what lies beside it, of a size that a record has.

    Raises:
        StoreError: it asks for more.
    """
    if not header.is_file() or header.stat().st_size > MAX_HEADER_BYTES:
        raise StoreError(f"{shown(header.name)} is missing, or too large for a header.", _EXPORT)
    told = wfdb.rdheader(str(header.with_suffix("")))
    if not FS_HZ[0] <= told.fs <= FS_HZ[1]:
        raise StoreError(f"It states {told.fs:g} samples a second; {FS_HZ[0]:g} to {FS_HZ[1]:g} can be read.", _EXPORT)
    if not 0 < (told.n_sig or 0) <= MAX_SIGNALS or (told.sig_len is not None and told.sig_len < 1):
        raise StoreError(f"It states {told.n_sig} signals of {told.sig_len} samples.", _EXPORT)
    if isinstance(told, wfdb.MultiRecord):
        if is_segment or told.sig_len is None or told.n_seg > MAX_SEGMENTS:
            raise StoreError("It is made of too many segments, or of segments in segments.", _EXPORT)
        for name in {_plain(name) for name in told.seg_name} - {"~"}:
            _checked_header(header.with_name(f"{name}.hea"), is_segment=True)
        return told
    signals = [header.with_name(_plain(name)) for name in told.file_name or ()]
    spf, skew = ([value or 0 for value in values or ()] for values in (told.samps_per_frame, told.skew))
    if not all(1 <= n <= MAX_SAMPLES_PER_FRAME for n in spf) or not all(0 <= n <= MAX_SKEW for n in skew):
        raise StoreError("Its signals are sampled in a way that cannot be read.", _EXPORT)
    if told.sig_len is None and sum(file.stat().st_size for file in set(signals)) > MAX_UNTOLD_BYTES:
        raise StoreError("It does not state how long its signals are, and they are very long.", _EXPORT)
    return told


def _plain(name: str) -> str:
    """The name of a file that lies beside the header."""
    if name != Path(name).name or "\\" in name or name in ("", "..", "."):
        raise StoreError(f"It refers to {shown(name)}, which is not beside it.", "Put all files into one folder.")
    return name
