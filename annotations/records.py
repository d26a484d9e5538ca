"""Digital ECGs in PhysioNet's form become pages of the store, drawn by the simulator as a machine would print them."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import wfdb

from annotations.formats.page import Refusal
from annotations.import_report import ImportReport
from annotations.model import StoreError
from annotations.store import Store
from ecgcore.errors import BadSignal
from ecgcore.papersim import LEADS, draw_page, plan_page, random_style
from ecgcore.types import FloatArray

LONGEST_S = 10.0
"""What a page of 12 leads holds at 25 mm/s."""

DESCRIPTION = "WFDB records (PhysioNet): 12-lead signals, drawn as ECG pages"


def import_records(
    store: Store, folder: Path, *, progress: Callable[[int, int], None] = lambda done, of: None
) -> ImportReport:
    """Draw every 12-lead record below ``folder`` as a page; looks depend on the record's name alone.

    Pages come without a reading: nobody has looked at them yet.

    Raises:
        StoreError: there is no record.
    """
    headers = sorted(path for path in folder.rglob("*.hea") if path.is_file())
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
        except (OSError, ValueError, IndexError, TypeError, KeyError, BadSignal) as error:
            report.refusals.append(Refusal(name, None, f"It cannot be drawn: {error}"))
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
        ValueError: a lead is missing.
    """
    record = wfdb.rdrecord(str(header.with_suffix("")))
    names = [str(name).lower() for name in record.sig_name]
    missing = [lead for lead in LEADS if lead.lower() not in names]
    if missing:
        raise ValueError(f"it lacks lead {missing[0]}; 12 leads are needed.")
    order = [names.index(lead.lower()) for lead in LEADS]
    samples = round(min(LONGEST_S, record.sig_len / record.fs) * record.fs)
    return np.nan_to_num(record.p_signal[:samples, order].T), float(record.fs)
