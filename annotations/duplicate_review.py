"""Pairs of stored pictures that look alike: shown to people, who put them together or tell them apart."""

from collections.abc import Callable
from dataclasses import dataclass

from annotations.database.data_folder import DataFolder, now
from annotations.model import Picture, StoreError
from annotations.patients.groups import move_to_group, own_group
from annotations.patients.keys import group_words
from annotations.pictures.near_duplicates import find_near_duplicates, merge_groups_of_pictures
from annotations.pictures.perceptual_hash import perceptual_hash
from annotations.pictures.stored import picture
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import read_picture

# Pairs that nobody has told apart and that are not in the bin; one group is what tells joined ones from open ones.
_PAIRS = """
    FROM look_alike JOIN image ON image.id = look_alike.image_id JOIN image twin ON twin.id = twin_id
    WHERE not_the_same_by IS NULL AND image.deleted_at IS NULL AND twin.deleted_at IS NULL
      AND (image.group_key = twin.group_key) = :joined
"""


@dataclass(frozen=True)
class Pair:
    """Two pictures that look alike.

    Args:
        later, earlier: in the order in which they came.
        distance: of their perceptual hashes; 1 is the limit.
    """

    later: Picture
    earlier: Picture
    distance: float


def pairs(store: DataFolder, *, joined: bool = False, first: int = 0, size: int = 5) -> list[Pair]:
    """Some pairs, the most alike first: those that wait for a person, or those that are one group already.

    Args:
        store: where.
        joined: those that are one group already.
        first: of the list, from 0.
        size: pairs at most.
    """
    rows = store.rows(
        f"SELECT look_alike.* {_PAIRS} ORDER BY distance, image_id, twin_id LIMIT :size OFFSET :first",
        {"joined": joined, "size": size, "first": first},
    )
    return [Pair(picture(store, row["image_id"]), picture(store, row["twin_id"]), row["distance"]) for row in rows]


def count_pairs(store: DataFolder, *, joined: bool = False) -> int:
    """How many such pairs there are.

    Args:
        store: where.
        joined: those that are one group already.
    """
    row = store.row(f"SELECT count(*) AS n {_PAIRS}", {"joined": joined})
    assert row is not None
    return int(row["n"])


def same_patient(store: DataFolder, pair: Pair) -> None:
    """Put both pictures, and whatever shares a group with them, into one group.

    Args:
        store: where.
        pair: both pictures.

    Raises:
        StoreError: both groups are held out or have a fold, or somebody told pictures of theirs apart.
    """
    later, earlier = (group_words(store, page.group_key) for page in (pair.later, pair.earlier))
    with store.writing() as connection:
        if merge_groups_of_pictures(connection, pair.later.id, pair.earlier.id, said_by_person=True) is None:
            raise StoreError(
                f"The pages of {later} and of {earlier} cannot become one patient's: both are in the permanent test "
                "set or have a fold of earlier trainings, or somebody said of two of their pages that they differ.",
                "Put one of the two pages into the bin, or add both patients to the permanent test set.",
            )


def not_the_same(store: DataFolder, pair: Pair, person: str) -> None:
    """Remember that a person told two pictures apart; the later one leaves the group that they share.

    Args:
        store: where.
        pair: both pictures.
        person: who says so.

    Raises:
        StoreError: the shared group is held out or has a fold, which nothing leaves.
    """
    if pair.later.group_key == pair.earlier.group_key:
        with store.writing() as connection:
            move_to_group(connection, [pair.later.id], own_group(pair.later.picture_hash), now())
    with store.writing() as connection:
        connection.execute(
            "UPDATE look_alike SET not_the_same_by = ?, decided_at = ? WHERE image_id = ? AND twin_id = ?",
            (person, now(), pair.later.id, pair.earlier.id),
        )


def count_unhashed(store: DataFolder) -> int:
    """How many pictures have not been compared yet: those that came before this program compared them."""
    row = store.row("SELECT count(*) AS n FROM image WHERE look_hash = ''")
    assert row is not None
    return int(row["n"])


def compare_older(store: DataFolder, progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
    """Give every picture without a perceptual hash its own and note which pictures it looks like; no group changes.

    Unreadable pictures are left out; ``check_and_erase.check`` names them.

    Args:
        store: where.
        progress: called with pictures done and of how many.

    Returns:
        How many pairs look alike.
    """
    rows = store.rows("SELECT id, file FROM image WHERE look_hash = '' ORDER BY id")
    found = 0
    for number, row in enumerate(rows, 1):
        try:
            (photo_rgb,) = read_picture(store.folder / row["file"], row["file"])
        except UnreadablePictureError:
            continue
        phash = perceptual_hash(photo_rgb)
        with store.writing() as connection:
            connection.execute("UPDATE image SET look_hash = ? WHERE id = ?", (phash, row["id"]))
            found += len(find_near_duplicates(connection, [row["id"]]))
        progress(number, len(rows))
    return found
