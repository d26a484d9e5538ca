"""What people have read in the store -> the pages that train, the pages that are held out, and everybody's fold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from annotations.model import Reading, StoreError
from annotations.patients.keys import group_in_files
from annotations.readings.panel_corners import every_corners
from annotations.readings.snapshots import ReadPage, Snapshot, read_pages, snapshots
from annotations.runs.group_folds import STORE_FOLDS, fix_folds, folds_of_groups
from annotations.store import Store
from ecgcore.types import FloatArray
from trainer.data.folds import extend_folds
from trainer.data.page import LABELS, BeatLabels, PageItem

FOLD_SEED = 0


@dataclass(frozen=True)
class StorePages:
    """The readings of a snapshot, or of now, as a training sees them.

    Args:
        train: pages with a label, or with all beats boxed, or both; the key is the picture's file in the data folder,
            the group is named as files may name it (``patients.keys.group_in_files``).
        held_out: pages of held-out groups, which only measure.
        skipped: how many pages do neither, by reason.
    """

    train: list[PageItem]
    held_out: list[PageItem]
    skipped: dict[str, int]


def find_snapshot(store: Store, name_or_id: str | int) -> Snapshot:
    """A snapshot by its number or its name.

    Args:
        store: the data folder.
        name_or_id: its name, or its number.

    Raises:
        StoreError: there is none.
    """
    for snapshot in snapshots(store):
        if str(name_or_id) in (str(snapshot.id), snapshot.name):
            return snapshot
    raise StoreError(f"There is no snapshot {name_or_id}.", "Look at the Snapshots tab of the Dataset page.")


def pages_of_store(store: Store, snapshot_id: int | None = None) -> StorePages:
    """Sort the pages of a snapshot (None: what holds now) into those that train, those that measure and the others.

    Asked again while nobody wrote anything, it answers at once: a page asks at each rerun.

    Args:
        store: the data folder.
        snapshot_id: the snapshot; None for what holds now.
    """
    connection = store.db.conn
    (others_writes,) = connection.execute("PRAGMA data_version").fetchone()
    return _pages_of_store(store, snapshot_id, (connection, connection.total_changes, others_writes))


@lru_cache(maxsize=4)
def _pages_of_store(store: Store, snapshot_id: int | None, _state: tuple[object, ...]) -> StorePages:
    train: list[PageItem] = []
    held_out: list[PageItem] = []
    skipped: Counter[str] = Counter()
    name_group = group_in_files(store)
    corners = every_corners(store)
    for page in read_pages(store, snapshot_id):
        reason = _reason_to_skip(page)
        if reason is not None:
            skipped[reason] += 1
        else:
            item = _item(store, page, corners.get(page.picture.id), name_group(page.picture.group_key))
            (held_out if page.picture.is_holdout else train).append(item)
    return StorePages(train, held_out, dict(skipped))


def left_out_words(store: Store, left_out: Mapping[str, str]) -> list[str]:
    """Which pages could not be used, by their numbers: what happened in a run is kept for good, and the name of a
    picture's file tells which one it was.

    Args:
        store: where.
        left_out: the reason by file.
    """
    numbers = {row["file"]: f"page {row['id']}" for row in store.rows("SELECT id, file FROM image")}
    named = [(file, numbers.get(file, "a page that was erased"), reason) for file, reason in left_out.items()]
    return [f"left out {page}: {reason.replace(file, page)}" for file, page, reason in named]


def folds_for(store: Store, items: Sequence[PageItem], n_folds: int) -> dict[str, int]:
    """The fold of each group: the one it has, or for a new group the one that needs it most; nothing is written.

    Args:
        store: knows the folds that groups have.
        items: the pages that train.
        n_folds: 2 to ``STORE_FOLDS``; with fewer, folds of the store are put together, so that none is ever split.
    """
    return {group: fold % n_folds for group, fold in _store_folds(store, items).items()}


def fix_folds_for(store: Store, items: Sequence[PageItem]) -> None:
    """Give every new group its fold for good.

    Args:
        store: keeps the folds.
        items: the pages that train.
    """
    key_of = _keys_of_groups(store)
    fix_folds(store, {key_of[group]: fold for group, fold in _store_folds(store, items).items()})


def _store_folds(store: Store, items: Sequence[PageItem]) -> dict[str, int]:
    if not items:
        return {}
    key_of = _keys_of_groups(store)
    keys = [key_of[item.group] for item in items]
    folds = extend_folds(STORE_FOLDS, [item.label for item in items], keys, FOLD_SEED, folds_of_groups(store))
    return {item.group: int(fold) for item, fold in zip(items, folds, strict=True)}


def _keys_of_groups(store: Store) -> dict[str, str]:
    """From a group's name in files to its key in the store."""
    name_group = group_in_files(store)
    return {name_group(row["key"]): row["key"] for row in store.rows("SELECT key FROM page_group")}


def _reason_to_skip(page: ReadPage) -> str | None:
    reading = page.revision.reading
    if page.picture.deleted_at is not None:
        return "in the bin"
    if "not an ECG" in reading.flags:
        return "flagged as no ECG"
    if reading.label in LABELS or reading.boxes_complete:
        return None
    return "labelled unsure" if reading.label == "unsure" else "neither labelled nor all beats boxed"


def _item(store: Store, page: ReadPage, corners_photo_xy: FloatArray | None, group: str) -> PageItem:
    reading, picture = page.revision.reading, page.picture
    boxes: FloatArray | None = None
    if reading.boxes_complete:
        boxes = np.array([box.box_photo_xyxy.as_list() for box in reading.beats], dtype=np.float64).reshape(-1, 4)
    return PageItem(
        key=picture.file,
        path=store.picture_path(picture),
        label=LABELS.get(reading.label or ""),
        group=group,
        boxes_photo_xyxy=boxes,
        source=picture.source,
        source_record=picture.source_record,
        beat_labels_photo=_beat_labels(reading),
        corners_photo_xy=corners_photo_xy,
        picture_hash=picture.picture_hash,
    )


def _beat_labels(reading: Reading) -> BeatLabels | None:
    """The beats that the reader labelled one by one, whether or not all beats are boxed."""
    labelled = [(box.box_photo_xyxy.as_list(), LABELS[box.label]) for box in reading.beats if box.label is not None]
    if not labelled:
        return None
    boxes, labels = zip(*labelled, strict=True)
    return BeatLabels(np.array(boxes, dtype=np.float64), np.array(labels, dtype=np.float64))
