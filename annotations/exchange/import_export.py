"""The way in and out of the store: other programs' files become pictures and readings, and the other way round."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from annotations.database.data_folder import DataFolder, now
from annotations.exchange.formats.page import ExchangePage, Format, Progress, Refusal, quiet
from annotations.exchange.import_report import ImportReport, near_duplicate_words, refused_whole
from annotations.model import DatabaseUnusableError, Reading, StoreError
from annotations.patients.groups import PATIENT
from annotations.patients.keys import imported_group, join_patient
from annotations.pictures.file_intents import Incoming, incoming
from annotations.pictures.insert import NewPicture, PictureFacts
from annotations.pictures.near_duplicates import NearDuplicate, merge_near_duplicates
from annotations.pictures.stored import picture_by_hash, picture_path
from annotations.privacy.retention import retention_setting
from annotations.readings.revisions import revision
from annotations.readings.saving import add_revision, line_head
from annotations.readings.snapshots import read_pages, which_pages
from ecgcore.errors import NotScreenableError, UnreadablePictureError
from ecgcore.page.crop import cut_panel
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import picture_hash
from ecgcore.page.prepare import prepare_page
from ecgcore.types import Box, ByteArray


def import_from(
    store: DataFolder,
    form: Format,
    path: Path,
    person: str,
    *,
    whole_or_nothing: bool = False,
    keep_names: bool = False,
    patient_key: str = "",
    progress: Progress = quiet,
) -> ImportReport:
    """Take pages over from files. What a person has said here is never replaced by an import.

    All rows are added in one transaction: a crash, a full disk or a stop leaves the store as it was.

    Args:
        store: where to.
        form: the files' format.
        path: folder or main file.
        person: under whose name the readings are saved.
        whole_or_nothing: take nothing where anything is refused.
        keep_names: call pictures as their files are called; else they get neutral names, since a file's name often is
            a person's.
        patient_key: of the pages for which the files name no patient.
        progress: called with pages done and of how many: while they are read, while their pictures are written, while
            their rows are added, and while they are compared with the others. What it raises ends the import.

    Raises:
        StoreError: the files cannot be used at all, or something was refused and the whole was asked for, or nothing
            but results may be kept.
    """
    retention = retention_setting(store)
    if retention == "result":
        raise StoreError(
            "Only results are stored here, so no pages can be imported.",
            "Change on the Screen page what is stored.",
        )
    loaded = form.load(path, progress)
    report = ImportReport(refusals=list(loaded.refusals), losses=loaded.losses)
    pages = _with_groups(store, loaded.pages, patient_key, report)
    if whole_or_nothing and report.refusals:
        raise refused_whole(report.refusals)
    news: dict[str, NewPicture] = {}
    with incoming(store) as pictures:
        ready = _write_pictures(
            store, pictures, pages, news, report, progress, cut=retention == "panel", named=keep_names
        )
        with store.writing() as connection:
            near_duplicates = _add_rows(store, connection, ready, news, person, report, progress)
            if whole_or_nothing and report.refusals:
                raise refused_whole(report.refusals)
    report.near_duplicates = [near_duplicate_words(store, near_duplicate) for near_duplicate in near_duplicates]
    return report


def _with_groups(
    store: DataFolder, pages: list[ExchangePage], patient_key: str, report: ImportReport
) -> list[ExchangePage]:
    """The pages with their groups as the store keeps them, keys of patients as keyed hashes."""
    taken = []
    for page in pages:
        try:
            taken.append(replace(page, group=imported_group(store, page.group.strip() or patient_key)))
        except StoreError as error:
            report.refusals.append(Refusal(page.name, None, str(error)))
    return taken


def _write_pictures(
    store: DataFolder,
    pictures: Incoming,
    pages: list[ExchangePage],
    news: dict[str, NewPicture],
    report: ImportReport,
    progress: Progress,
    *,
    cut: bool,
    named: bool,
) -> list[ExchangePage]:
    """Write the files of pictures that are new into ``news``, by their hash; returns the pages that can be taken."""
    ready = []
    for number, page in enumerate(pages, 1):
        try:
            if cut:
                ready.append(_cut_page(store, pictures, page, news, named=named))
            else:
                new = _picture_to_add(store, pictures, page, named=named)
                ready.append(page)
                news |= {} if new is None else {page.picture_hash: new}
        except DatabaseUnusableError:
            raise  # no other page would fare better
        except (StoreError, UnreadablePictureError, NotScreenableError) as error:
            report.refusals.append(Refusal(page.name, None, str(error)))
        progress(number, len(pages))
    return ready


def _add_rows(
    store: DataFolder,
    connection: sqlite3.Connection,
    pages: list[ExchangePage],
    news: dict[str, NewPicture],
    person: str,
    report: ImportReport,
    progress: Progress,
) -> list[NearDuplicate]:
    """Add pictures and readings as part of a transaction; returns the new pictures that look like another one."""
    added = []
    for number, page in enumerate(pages, 1):
        progress(number, len(pages))
        new = news.get(page.picture_hash)
        added_id = None if new is None else new.insert(connection, store.folder, now())
        if added_id is not None:
            added.append(added_id)
        (image_id,) = connection.execute(
            """SELECT id FROM image WHERE picture_hash = :hash
               UNION SELECT image_id FROM former_hash WHERE picture_hash = :hash""",
            {"hash": page.picture_hash},
        ).fetchone()
        if added_id is None and page.group.startswith(PATIENT):
            try:
                join_patient(connection, image_id, page.group)
            except StoreError as error:
                report.refusals.append(Refusal(page.name, None, f"Its patient was not taken over. {error}"))
        if page.reading == Reading():
            continue
        head_id = line_head(connection, image_id)
        if head_id is None:
            add_revision(connection, image_id, person, page.reading, parent_id=None)
            report.readings_added += 1
        elif comparable(revision(store, head_id).reading) == comparable(page.reading):
            report.unchanged += 1
        else:
            report.refusals.append(
                Refusal(page.name, None, f"Page {image_id} was read here already; change it in Review.")
            )
    report.pictures_added = len(added)
    return merge_near_duplicates(connection, added, progress)


def export_to(
    store: DataFolder,
    form: Format,
    folder: Path,
    *,
    snapshot_id: int | None = None,
    progress: Progress = quiet,
) -> int:
    """Write what holds now, or a snapshot, in a new folder; a few hundred pages are in memory at a time.

    Args:
        store: where from.
        form: the files' format.
        folder: new or empty.
        snapshot_id: None for what holds now.
        progress: called with pages done and of how many.

    Returns:
        How many pages were written.

    Raises:
        StoreError: there is nothing to write, or the folder is not empty or cannot be written.
    """
    count = 0

    def pages() -> Iterator[ExchangePage]:
        nonlocal count
        for page in read_pages(store, snapshot_id, progress):
            count += 1
            picture = page.picture
            yield ExchangePage(
                name=picture.name if Path(picture.name).suffix else picture.name + Path(picture.file).suffix,
                picture=picture_path(store, picture),
                picture_hash=picture.picture_hash,
                width=picture.width,
                height=picture.height,
                group=picture.group_key,
                reading=page.revision.reading,
                source_record=picture.source_record,
            )

    if not which_pages(store, snapshot_id):
        raise StoreError("There is no page with a submitted reading.", "Correct some pages first.")
    form.save(folder, pages())
    return count


def comparable(reading: Reading) -> object:
    """What a reading says, without identities and order, so that two can be compared."""
    boxes = sorted((*(round(v, 3) for v in b.box_photo_xyxy.as_list()), b.label or "") for b in reading.beats)
    return reading.label, boxes, reading.boxes_complete, reading.flags, reading.comment.strip()


def _picture_to_add(store: DataFolder, pictures: Incoming, page: ExchangePage, *, named: bool) -> NewPicture | None:
    """The page's picture with its file written; None where the store has it already."""
    known = picture_by_hash(store, page.picture_hash)
    if known is not None:
        if (known.width, known.height) != (page.width, page.height):
            raise StoreError("Only its panel is kept here.", "Import it while only the panel is kept.")
        return None
    content, photo_rgb = _decoded(page)
    return _new_picture(pictures, page, photo_rgb, page.picture_hash, content, named=named)


def _cut_page(
    store: DataFolder, pictures: Incoming, page: ExchangePage, news: dict[str, NewPicture], *, named: bool
) -> ExchangePage:
    """The page cut down to its panel, boxes moved with it, and its file written where it is new."""
    known = picture_by_hash(store, page.picture_hash)
    if known is not None and (known.width, known.height) == (page.width, page.height):
        return page
    _, photo_rgb = _decoded(page)
    prepared = prepare_page(photo_rgb)
    cut = cut_panel(photo_rgb, prepared.frame, prepared.ink)
    cut = cut.redacted(cut.text_boxes)  # print; nobody looks at each page of an import
    height, width = cut.picture_rgb.shape[:2]
    if known is not None and (known.width, known.height) != (width, height):
        raise StoreError("An earlier version of this program cut its panel elsewhere.", "Correct that page in Review.")
    digest = picture_hash(cut.picture_rgb)
    if known is None and picture_by_hash(store, digest) is None and digest not in news:
        news[digest] = _new_picture(
            pictures, page, cut.picture_rgb, digest, None, named=named, former_hash=page.picture_hash
        )
    mapped = [(box, cut.boxes(np.array(box.box_photo_xyxy.as_list()))[0]) for box in page.reading.boxes]
    boxes = tuple(
        replace(box, box_photo_xyxy=Box(*place.tolist()))
        for box, place in mapped
        if place[0] < place[2] and place[1] < place[3]
    )
    reading = replace(page.reading, boxes=boxes)
    return replace(
        page, picture_hash=known.picture_hash if known else digest, width=width, height=height, reading=reading
    )


def _decoded(page: ExchangePage) -> tuple[bytes, ByteArray]:
    """The page's file and its pixels, which must be those that were announced."""
    if page.picture is None:
        raise StoreError("Its picture is neither here nor in the store.", "Put the pictures beside the file.")
    content = page.picture.read_bytes()
    (photo_rgb,) = read_untrusted(content, page.name)
    if picture_hash(photo_rgb) != page.picture_hash:
        raise StoreError("Its picture changed while it was read.", "Import it again.")
    return content, photo_rgb


def _new_picture(
    pictures: Incoming,
    page: ExchangePage,
    photo_rgb: ByteArray,
    digest: str,
    content: bytes | None,
    *,
    named: bool,
    former_hash: str = "",
) -> NewPicture:
    facts = PictureFacts(page.name if named else "", page.group, "import", page.source_record, former_hash)
    return NewPicture.of(pictures, photo_rgb, digest, content, facts)
