"""Care of the data folder: check, and erasing a patient for good."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from annotations.artifacts.files import damaged_files
from annotations.database.data_folder import DataFolder, now
from annotations.database.stored_json import DamagedRowError
from annotations.erasure.freed_bytes import forget_bytes, note_bytes_left
from annotations.erasure.mentions import forget_mentions, note_erased
from annotations.model import StoreError
from annotations.patients.keys import hmac_key_of, names_of_group
from annotations.pictures.file_intents import at_work, delete_unnamed, note
from annotations.pictures.files import PICTURES
from annotations.readings.drafts import draft_of
from annotations.readings.revisions import revision
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import picture_hash, read_picture

Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    pass


def check(store: DataFolder, progress: Progress = _silent) -> list[str]:
    """Look for damage: the database's own checks, references, every picture and every bundle's weights against their
    hashes, and the results of trainings.

    Args:
        store: where.
        progress: called with pages done and of how many.

    Returns:
        One sentence for each finding; empty when all is well.
    """
    findings = [f"database: {row['integrity_check']}" for row in store.rows("PRAGMA integrity_check")]
    findings = [text for text in findings if text != "database: ok"]
    findings += [
        f"database: a row of {row['table']} refers to nothing" for row in store.rows("PRAGMA foreign_key_check")
    ]
    rows = store.rows("SELECT id, file, picture_hash FROM image ORDER BY id")
    for number, row in enumerate(rows, 1):
        path = store.folder / row["file"]
        try:
            (photo_rgb,) = read_picture(path, path.name)
            if picture_hash(photo_rgb) != row["picture_hash"]:
                findings.append(f"page {row['id']}: {row['file']} shows another picture than was stored")
        except UnreadablePictureError as error:
            findings.append(f"page {row['id']}: {error.cause}")
        progress(number, len(rows))
    findings += [*_damaged_rows(store), *damaged_files(store.folder)]
    if store.row("SELECT 1 FROM patient_key"):
        try:
            hmac_key_of(store)
        except StoreError as error:
            findings.append(str(error))
    known = {row["file"] for row in rows}
    for path in sorted((store.folder / PICTURES).rglob("*")):
        if path.is_file() and path.relative_to(store.folder).as_posix() not in known:
            findings.append(f"{path.relative_to(store.folder)} belongs to no page")
    return findings


def _damaged_rows(store: DataFolder) -> Iterator[str]:
    """One sentence for each reading and draft that cannot be understood."""
    for row in store.rows("SELECT id FROM revision ORDER BY id"):
        try:
            revision(store, row["id"])
        except DamagedRowError as error:
            yield error.cause
    for row in store.rows("SELECT image_id, person, reader FROM draft ORDER BY image_id"):
        try:
            draft_of(store, row["image_id"], row["person"], row["reader"])
        except DamagedRowError as error:
            yield f"{row['person']}: {error.cause}"


def pages_of_group(store: DataFolder, group: str) -> list[int]:
    """The numbers of a group's pages, those in the bin too: what ``erase_group`` would erase.

    Args:
        store: where.
        group: its key.
    """
    return [row["id"] for row in store.rows("SELECT id FROM image WHERE group_key = ? ORDER BY id", (group,))]


def erase_group(store: DataFolder, group: str, person: str) -> int:
    """Erase a patient for good: all pictures of a group with every reading, prediction and snapshot entry.

    Only a note remains that so many pictures were erased, when and by whom; the keyed hash of the patient's key goes
    too. Trainings and models forget which pages these were (``annotations.erasure.mentions``). Backups and models
    exported before keep what they hold.

    Args:
        store: where.
        group: the patient's.
        person: who erases.

    Returns:
        How many pictures were erased.

    Raises:
        StoreError: the group holds no picture; or it is erased but for a file or for bytes that cannot be deleted now,
            which the next start does.
    """
    with suppress(StoreError):
        hmac_key_of(store)  # where it is made first, that is a transaction of its own
    with at_work(store.folder), store.writing() as connection:
        # What others have added, redacted or erased until now is known here, and nothing more comes in between.
        rows = store.rows("SELECT id, file FROM image WHERE group_key = ?", (group,))
        if not rows:
            raise StoreError("No page belongs to this patient.", "Look the patient up on the Dataset page.")
        names = names_of_group(store, group)
        note(connection, [row["file"] for row in rows])
        note_bytes_left(connection)
        connection.executemany("INSERT INTO erasing VALUES (?)", [(row["id"],) for row in rows])
        note_erased(connection, names)
        for statement in _ERASE:
            connection.execute(statement)
        connection.execute("DELETE FROM patient_key WHERE group_key = ?", (group,))
        connection.execute("DELETE FROM page_group WHERE key = ?", (group,))
        connection.execute(
            "INSERT INTO erasure (person, pictures, erased_at) VALUES (?, ?, ?)", (person, len(rows), now())
        )
        connection.execute("DELETE FROM erasing")
    delete_unnamed(store, [row["file"] for row in rows])
    forget_mentions(store)
    forget_bytes(store)
    return len(rows)


_LINES = "SELECT id FROM annotation WHERE image_id IN erasing"
_REVISIONS = f"SELECT id FROM revision WHERE annotation_id IN ({_LINES})"
_PREDICTIONS = "SELECT id FROM prediction WHERE image_id IN erasing"
_ERASE = (
    "DELETE FROM snapshot_item WHERE image_id IN erasing",
    f"DELETE FROM review WHERE revision_id IN ({_REVISIONS})",
    f"DELETE FROM revision_box WHERE revision_id IN ({_REVISIONS})",
    "DELETE FROM look_alike WHERE image_id IN erasing OR twin_id IN erasing",
    "DELETE FROM former_hash WHERE image_id IN erasing",
    "DELETE FROM blackening WHERE image_id IN erasing",
    "DELETE FROM panel_corners WHERE image_id IN erasing",
    "DELETE FROM draft WHERE image_id IN erasing",
    "DELETE FROM lease WHERE image_id IN erasing",
    "UPDATE annotation SET head_revision_id = NULL WHERE image_id IN erasing",
    f"DELETE FROM revision WHERE annotation_id IN ({_LINES})",
    "DELETE FROM annotation WHERE image_id IN erasing",
    f"DELETE FROM prediction_box WHERE prediction_id IN ({_PREDICTIONS})",
    "DELETE FROM prediction WHERE image_id IN erasing",
    "DELETE FROM image WHERE id IN erasing",
)
