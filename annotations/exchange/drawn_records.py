"""Digital ECGs in PhysioNet's form become pages of the store, drawn by the simulator as a machine would print them."""

import zlib
from pathlib import Path

import numpy as np

from annotations.database.data_folder import DataFolder
from annotations.exchange.formats.checks import check_pages
from annotations.exchange.formats.files import existing_folder, walk
from annotations.exchange.formats.page import Progress, Refusal, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.import_report import ImportReport
from annotations.exchange.wfdb_records import DAMAGED, read_record
from annotations.model import StoreError
from annotations.patients.groups import RECORD
from annotations.pictures.insert import PictureFacts, add_picture
from ecgcore.errors import SignalError
from ecgcore.papersim import draw_page, plan_page, random_style

LONGEST_S = 10.0
"""What a page of 12 leads holds at 25 mm/s; no more of a record is read."""
DESCRIPTION = "WFDB records (PhysioNet): 12-lead signals, drawn as ECG pages"


def import_records(store: DataFolder, folder: Path, *, progress: Progress = quiet) -> ImportReport:
    """Draw every 12-lead record below ``folder`` as a page; looks depend on the record's name alone.

    Pages come without a reading: nobody has looked at them yet.

    Args:
        store: where.
        folder: looked through with all below it.
        progress: called with records done and of how many.

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
            signals_mv, fs_hz = read_record(header, LONGEST_S)
            seed = zlib.crc32(name.encode())
            style = random_style(np.random.default_rng(seed))
            page = draw_page(signals_mv, fs_hz, style, seed, plan=plan_page(style, signals_mv.shape[1] / fs_hz))
        except (StoreError, SignalError) as error:
            report.refusals.append(Refusal(shown(name), None, str(error)))
        except DAMAGED as error:
            report.refusals.append(Refusal(shown(name), None, f"It cannot be drawn: {shown(str(error))}."))
        else:
            facts = PictureFacts(f"{header.stem}.png", f"{RECORD}{name}", "rendered", f"{RECORD}{name}")
            _, is_new = add_picture(store, page.image_rgb, facts)
            report.pictures_added += is_new
            report.unchanged += not is_new
        progress(number, len(headers))
    return report
