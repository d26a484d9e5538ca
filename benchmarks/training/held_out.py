"""The groups that every starter leaves aside, for the measurements in this folder."""

from pathlib import Path

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import DataError
from trainer.starter.pages import ptbxl_records, split_records
from trainer.starter.public_datasets import Record, load_ludb


def held_out_ludb(folder: Path, bundle: Bundle) -> list[Record]:
    """Marked records that ``bundle`` has not seen."""
    return _unseen(split_records(load_ludb(folder))[2], bundle)


def held_out_ptbxl(folder: Path, bundle: Bundle) -> list[Record]:
    """Labelled records of PTB-XL's fold 9 that ``bundle`` has not seen."""
    return _unseen(ptbxl_records(folder, bundle).test, bundle)


def _unseen(records: list[Record], bundle: Bundle) -> list[Record]:
    seen = [r.source_record for r in records if bundle.was_trained_on(group=r.group, source_record=r.source_record)]
    if seen:
        raise DataError(
            f"Bundle {bundle.version} was trained on {len(seen)} of the {len(records)} held-out records.",
            "Measure a bundle that was trained with the same split.",
        )
    return records
