"""The store as the app opens it: the data folder, brought up to date, with its people and pictures."""

from collections.abc import Iterable
from pathlib import Path

from annotations.database.data_folder import DATABASE, DataFolder, data_dir, now
from annotations.database.upgrade import upgrade
from annotations.erasure.freed_bytes import forget_bytes_left
from annotations.erasure.mentions import forget_mentions_left
from annotations.model import Picture, StoreError
from annotations.patients.groups import move_to_group
from annotations.pictures.file_intents import finish_left
from annotations.pictures.files import PICTURES
from annotations.pictures.insert import PictureFacts, add_picture
from annotations.pictures.stored import picture, picture_by_hash, picture_path
from annotations.temporary_folders import delete_left
from ecgcore.output.files import for_owner_alone
from ecgcore.types import ByteArray

__all__ = ["DATABASE", "Store", "data_dir", "now"]


class Store(DataFolder):
    """A data folder; may be shared by threads and opened by many processes.

    Args:
        folder: made when missing, readable by its owner alone.

    Attributes:
        finished: files that were deleted at this start, since a program was killed while it took them in or out.

    Raises:
        StoreError: the folder cannot be made or written, or its database is lost, damaged or newer than this program.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / PICTURES).mkdir(exist_ok=True, mode=0o700)
            for_owner_alone(folder, 0o700)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}.", "Choose another data folder.") from error
        _refuse_lost_database(folder)
        upgrade(self.database_path)
        for_owner_alone(self.database_path, 0o600)
        delete_left(folder)
        self.finished = finish_left(self)
        forget_mentions_left(self)
        forget_bytes_left(self)

    def add_person(self, name: str) -> str:
        """Remember a person's name; returns it trimmed.

        Raises:
            StoreError: the name is empty or longer than 80 characters.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= 80:
            raise StoreError("A name has 1 to 80 characters.", "Enter your name or initials.")
        with self.writing() as connection:
            connection.execute("INSERT INTO person VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now()))
        return name

    def people(self) -> list[str]:
        """All names, in alphabetical order."""
        return [row["name"] for row in self.rows("SELECT name FROM person ORDER BY name COLLATE NOCASE")]

    def add_picture(
        self,
        photo_rgb: ByteArray,
        *,
        original: bytes | None = None,
        name: str = "",
        group: str = "",
        source: str = "upload",
        source_record: str = "",
        former_hash: str = "",
    ) -> tuple[Picture, bool]:
        """Keep a picture, once: it is recognised by its pixels, and joins the group of one that it looks like.

        Args:
            photo_rgb: upright, ``uint8 [H, W, 3]``.
            original: the file it was decoded from; a JPEG is kept as it is but for its metadata.
            name: how people call it; the day and the first letters of its hash by default.
            group: of ``patients.keys.patient_group``, or of a drawn record; the picture is its own group by default.
            source: where it came from.
            source_record: of a rendered signal, its record.
            former_hash: of the picture that this one was cut from, so that it is recognised when it comes again.

        Returns:
            The picture, and whether it is new.
        """
        return add_picture(self, photo_rgb, PictureFacts(name, group, source, source_record, former_hash), original)

    def picture(self, image_id: int) -> Picture:
        """One picture.

        Raises:
            StoreError: there is none of that number.
        """
        return picture(self, image_id)

    def picture_by_hash(self, digest: str) -> Picture | None:
        """The picture with these pixels, or that had them before something was cut off or painted over."""
        return picture_by_hash(self, digest)

    def picture_path(self, of: Picture) -> Path:
        """Where a picture's file lies."""
        return picture_path(self, of)

    def bin(self, image_ids: Iterable[int], *, restore: bool = False) -> None:
        """Put pictures into the bin, from where nothing is trained or shown, or take them out again.

        Args:
            image_ids: numbers of the pictures.
            restore: take them out.
        """
        at = None if restore else now()
        with self.writing() as connection:
            connection.executemany("UPDATE image SET deleted_at = ? WHERE id = ?", [(at, i) for i in image_ids])

    def hold_out(self, groups: Iterable[str]) -> None:
        """Keep groups out of training for ever; there is no way back."""
        with self.writing() as connection:
            connection.executemany("UPDATE page_group SET is_holdout = 1 WHERE key = ?", [(g,) for g in groups])

    def join_group(self, image_ids: Iterable[int], group: str) -> None:
        """Say that pictures show the same patient. A held-out group makes them held out too.

        Args:
            image_ids: numbers of the pictures.
            group: the patient's.

        Raises:
            StoreError: a picture would leave a held-out group, or a group whose fold is fixed.
        """
        with self.writing() as connection:
            move_to_group(connection, image_ids, group, now())


def _refuse_lost_database(folder: Path) -> None:
    """Begin no new database where there are pictures: it would know nothing of them, and be in a restore's way."""
    path = folder / DATABASE
    is_lost = not path.exists() or (path.is_file() and path.stat().st_size == 0)
    if is_lost and any(file.is_file() for file in (folder / PICTURES).rglob("*")):
        raise StoreError(
            f"{folder} holds pictures, but its database {DATABASE} is missing or empty.",
            "Put it back, or restore a backup into this folder: python -m annotations restore BACKUP.",
        )
