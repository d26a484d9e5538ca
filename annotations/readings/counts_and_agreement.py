"""What the store holds: the two data sets' counts, the gallery, and how far readers agree."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from annotations.database.data_folder import DataFolder
from annotations.model import SHARED, LabelledBox, PageLabel, Reading
from annotations.patients.groups import OWN_GROUP
from annotations.readings.revisions import revisions_where
from annotations.readings.snapshots import snapshots, which_revisions
from ecgcore.geometry.boxes import iou_matrix

Show = Literal[
    "all", "unread", "normal", "abnormal", "unsure", "no label", "all boxed", "flagged", "unknown patient",
    "test set", "bin",
]  # fmt: skip
SHOWS: tuple[Show, ...] = get_args(Show)
MATCH_IOU = 0.5

_IS_KNOWN = f"""(image.group_key NOT LIKE '{OWN_GROUP}%'
    OR EXISTS (SELECT 1 FROM patient_key WHERE patient_key.group_key = image.group_key))"""
_FILTERS: dict[Show, str] = {
    "all": "1",
    "unread": "head.id IS NULL",
    "normal": "head.label = 'normal'",
    "abnormal": "head.label = 'abnormal'",
    "unsure": "head.label = 'unsure'",
    "no label": "head.id IS NOT NULL AND head.label IS NULL",
    "all boxed": "head.boxes_complete = 1",
    "flagged": """(head.flags <> '[]'
        OR (SELECT verdict FROM review WHERE revision_id = head.id ORDER BY id DESC LIMIT 1) = 'returned')""",
    "unknown patient": f"NOT {_IS_KNOWN}",
    "test set": "page_group.is_holdout = 1",
    "bin": "1",
}
_GALLERY = """
    FROM image JOIN page_group ON page_group.key = image.group_key
    LEFT JOIN annotation ON annotation.image_id = image.id AND annotation.reader = ''
    LEFT JOIN revision head ON head.id = annotation.head_revision_id
"""


@dataclass(frozen=True)
class Counts:
    """What the next training would learn from.

    Args:
        pictures: in the store, the bin left out.
        read: with a submitted reading that holds.
        held_out: of these, in the permanent test set.
        no_label: of these, without a label for the page.
        detector_pages, detector_beats: pages with all beats boxed, and their beats.
        classifier: pages by label, normal and abnormal.
        classifier_groups: patients among them.
        unknown_patients: of these, lone pictures whose patient nobody named.
        labelled_beats: beats with a label of their own on pages that train.
    """

    pictures: int
    read: int
    held_out: int
    no_label: int
    detector_pages: int
    detector_beats: int
    classifier: dict[str, int]
    classifier_groups: int
    unknown_patients: int
    labelled_beats: int


@dataclass(frozen=True)
class Agreement:
    """How far two readers of the same page agree.

    Args:
        pages: doubly read pages.
        kappa: Cohen's, of normal / abnormal / unsure; None where it is not defined.
        same_label: share of pages with the same label, None without pages.
        box_f1: of boxes at IoU 0.5, over all pages on which both boxed all beats; None without such pages.
        box_pages: how many these are.
    """

    pages: int
    kappa: float | None
    same_label: float | None
    box_f1: float | None
    box_pages: int


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """A stored page as the gallery shows it.

    Args:
        id, name, file, group_key, is_holdout: as in ``Picture``.
        label: of the reading that holds; None where it has none, or nobody has read the page.
        person: who saved that reading, None where nobody has read the page.
        is_known: whether its patient is known.
        beats: boxes of that reading.
    """

    id: int
    name: str
    file: str
    group_key: str
    label: PageLabel | None
    person: str | None
    is_holdout: bool
    is_known: bool
    beats: int


def counts(store: DataFolder, snapshot_id: int | None = None) -> Counts:
    """Counts of what holds now, or of a snapshot; the rules are those of ``ReadPage``, in SQL for their speed.

    Args:
        store: where.
        snapshot_id: None for what holds now.
    """
    condition, values = which_revisions(snapshot_id)
    row = store.row(
        f"""WITH held AS (
                SELECT revision.id, image.group_key, page_group.is_holdout, {_IS_KNOWN} AS is_known,
                    page_group.is_holdout = 0 AND instr(revision.flags, '"not an ECG"') = 0 AS may_train,
                    coalesce(revision.label, '') AS label, revision.boxes_complete
                FROM revision JOIN annotation ON annotation.id = revision.annotation_id
                JOIN image ON image.id = annotation.image_id JOIN page_group ON page_group.key = image.group_key
                WHERE {condition})
            SELECT count(*) AS read, coalesce(sum(is_holdout), 0) AS held_out,
                coalesce(sum(label = ''), 0) AS no_label,
                coalesce(sum(may_train AND boxes_complete), 0) AS detector_pages,
                coalesce(sum(may_train AND label = 'normal'), 0) AS normal,
                coalesce(sum(may_train AND label = 'abnormal'), 0) AS abnormal,
                count(DISTINCT CASE WHEN may_train AND label IN ('normal', 'abnormal') THEN group_key END) AS groups,
                count(DISTINCT CASE WHEN may_train AND label IN ('normal', 'abnormal') AND NOT is_known
                    THEN group_key END) AS unknown,
                (SELECT count(*) FROM held JOIN revision_box ON revision_id = held.id
                    WHERE may_train AND boxes_complete AND origin <> 'rejected') AS detector_beats,
                (SELECT count(*) FROM held JOIN revision_box ON revision_id = held.id
                    WHERE may_train AND held.label IN ('normal', 'abnormal') AND origin <> 'rejected'
                    AND revision_box.label IS NOT NULL) AS labelled_beats,
                (SELECT count(*) FROM image WHERE deleted_at IS NULL) AS pictures
            FROM held""",
        values,
    )
    assert row is not None
    return Counts(
        pictures=row["pictures"],
        read=row["read"],
        held_out=row["held_out"],
        no_label=row["no_label"],
        detector_pages=row["detector_pages"],
        detector_beats=row["detector_beats"],
        classifier={"normal": row["normal"], "abnormal": row["abnormal"]},
        classifier_groups=row["groups"],
        unknown_patients=row["unknown"],
        labelled_beats=row["labelled_beats"],
    )


def counts_before(store: DataFolder) -> Counts | None:
    """Counts of the newest snapshot, to tell what is new since."""
    newest = snapshots(store)
    return counts(store, newest[0].id) if newest else None


def gallery(
    store: DataFolder, show: Show, *, search: str = "", group: str | None = None, first: int = 0, size: int = 24
) -> list[GalleryPage]:
    """One screenful of pictures, newest first.

    Args:
        store: where.
        show: which of them.
        search: part of their name or group.
        group: pictures of this group are found too, whatever ``search`` says.
        first: of the list, from 0.
        size: pictures at most.
    """
    rows = store.rows(
        f"""SELECT image.id, image.name, image.file, image.group_key, head.label, head.person,
                page_group.is_holdout, {_IS_KNOWN} AS is_known,
                (SELECT count(*) FROM revision_box WHERE revision_id = head.id AND origin <> 'rejected') AS beats
            {_GALLERY} WHERE {_shown(show)} ORDER BY image.id DESC LIMIT :size OFFSET :first""",
        {"search": _like(search), "group": group, "size": size, "first": first},
    )
    return [
        GalleryPage(**{**row, "is_holdout": bool(row["is_holdout"]), "is_known": bool(row["is_known"])}) for row in rows
    ]


def gallery_size(store: DataFolder, show: Show, *, search: str = "", group: str | None = None) -> int:
    """How many pictures the gallery has with these filters; the arguments are those of ``gallery``.

    Args:
        store: where.
        show: which of them.
        search: part of their name or group.
        group: pictures of this group are found too.
    """
    row = store.row(f"SELECT count(*) AS n {_GALLERY} WHERE {_shown(show)}", {"search": _like(search), "group": group})
    assert row is not None
    return int(row["n"])


def agreement(store: DataFolder) -> Agreement:
    """Compare each blind second reading with the shared one of its page."""
    second = revisions_where(store, "annotation.reader <> '' AND revision.id = annotation.head_revision_id", ())
    shared = {
        r.image_id: r
        for r in revisions_where(
            store,
            """annotation.reader = ? AND revision.id = annotation.head_revision_id
               AND annotation.image_id IN (SELECT image_id FROM annotation WHERE reader <> '')""",
            (SHARED,),
        )
    }
    pairs = [(shared[r.image_id].reading, r.reading) for r in second if r.image_id in shared]
    labels = [(a.label, b.label) for a, b in pairs if a.label is not None and b.label is not None]
    boxed = [(a, b) for a, b in pairs if a.boxes_complete and b.boxes_complete]
    return Agreement(
        len(pairs),
        cohens_kappa(labels),
        sum(a == b for a, b in labels) / len(labels) if labels else None,
        _box_f1(boxed),
        len(boxed),
    )


def cohens_kappa(pairs: list[tuple[PageLabel, PageLabel]]) -> float | None:
    """Agreement beyond chance (Cohen 1960); None without pairs, or where chance alone would agree always."""
    if not pairs:
        return None
    n = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[label] * second[label] for label in first) / n**2
    agreed = sum(a == b for a, b in pairs) / n
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def _box_f1(pairs: list[tuple[Reading, Reading]]) -> float | None:
    matched = sum(_matches(a.beats, b.beats) for a, b in pairs)
    total = sum(len(a.beats) + len(b.beats) for a, b in pairs)
    return 2 * matched / total if total else None


def _matches(first: tuple[LabelledBox, ...], second: tuple[LabelledBox, ...]) -> int:
    """Pairs of boxes at the least IoU, best first, each box once."""
    if not first or not second:
        return 0
    iou = iou_matrix(*([box.box_photo_xyxy.as_list() for box in boxes] for boxes in (first, second)))
    taken = 0
    while iou.size and iou.max() >= MATCH_IOU:
        row, column = np.unravel_index(iou.argmax(), iou.shape)
        iou[row, :], iou[:, column] = -1, -1
        taken += 1
    return taken


def _shown(show: Show) -> str:
    where = "image.deleted_at IS NOT NULL" if show == "bin" else "image.deleted_at IS NULL"
    return f"""{where} AND {_FILTERS[show]} AND (:search = '%%' OR image.name LIKE :search ESCAPE '\\'
        OR image.group_key LIKE :search ESCAPE '\\' OR image.group_key = :group)"""


def _like(search: str) -> str:
    escaped = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
