"""Upright pages to learn from and to be asked about which way up they lie: real, drawn, and drawn and photographed."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import random_style
from ecgcore.papersim.photo.photograph import photograph, random_damage
from ecgcore.types import ByteArray
from trainer.data.code_version import code_version
from trainer.data.page import PreparedPage
from trainer.starter.pages import (
    DRAWING_SEEDS,
    cached_pages,
    khan_pages,
    ludb_pages,
    ptbxl_pages,
    ptbxl_records,
    split_records,
)
from trainer.starter.public_datasets import Record, load_ludb, load_ptbxl
from trainer.starter.synthetic_pages import drawing_version, render_page

PHOTOGRAPHED = {"train": 200, "inner": 60, "test": 150}
LUDB_STYLES = (10, 3, 4)


def photographed_pages(records: list[Record], count: int, seed: int) -> Iterator[PreparedPage]:
    """Drawn pages with random damage, straightened as a user's photo is and turned upright by the truth."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        record = records[int(rng.integers(len(records)))]
        page = render_page(record, number, replace(random_style(rng), rotation_deg=0.0))
        photo = photograph(page, random_damage(rng, long_px=1800), number)
        try:
            prepared = prepare_page(photo.image_rgb)
        except NotScreenableError:
            continue
        truth, found = photo.corners_photo_xy, prepared.frame.corners_photo_xy
        misses = [float(np.linalg.norm(np.roll(found, turn, axis=0) - truth, axis=1).mean()) for turn in range(4)]
        ink = np.ascontiguousarray(np.rot90(prepared.ink, -int(np.argmin(misses))))
        yield PreparedPage(
            key=f"{record.source_record}/photo {number}",
            source="photo",
            group=record.group,
            label=record.label,
            ink=ink,
            boxes_panel_xyxy=None,
            picture_hash="",
            has_grid=prepared.has_grid,
        )


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Arguments that name the data folders and the one where prepared pages are kept."""
    for name in ("khan", "ludb", "ptbxl", "pages"):
        parser.add_argument(f"--{name}", type=Path, required=True)


def upright_inks(folders: argparse.Namespace, part: str) -> dict[str, list[ByteArray]]:
    """Ink of one part ("train", "inner" or "test", no group in two of them) by where it is from."""
    number = list(DRAWING_SEEDS).index(part)
    records = [
        *split_records(load_ludb(folders.ludb))[number],
        *split_records([record for record in load_ptbxl(folders.ptbxl) if record.label is not None])[number],
    ]
    photographed = cached_pages(
        folders.pages / f"photo-{part}.pages",
        lambda: photographed_pages(records, PHOTOGRAPHED[part], DRAWING_SEEDS[part]),
        f"{drawing_version()}-{code_version(photographed_pages)}",
    )
    found = {
        "khan": getattr(khan_pages(folders.khan, folders.pages, folders.pages), part),
        "ludb": getattr(ludb_pages(folders.ludb, folders.pages, LUDB_STYLES), part),
        "ptbxl": getattr(ptbxl_pages(ptbxl_records(folders.ptbxl), folders.pages), part),
        "photo": photographed,
    }
    return {name: [page.ink for page in these] for name, these in found.items()}
