"""What an import tells of the pages that it took, left alone or refused."""

from dataclasses import dataclass, field

from annotations.database.data_folder import DataFolder
from annotations.exchange.formats.page import Refusal
from annotations.model import StoreError
from annotations.patients.keys import group_words
from annotations.pictures.near_duplicates import NearDuplicate
from annotations.pictures.stored import picture


@dataclass
class ImportReport:
    """What became of an import.

    Args:
        pictures_added: pictures that the store did not have.
        readings_added: readings saved as somebody's first word on a page.
        unchanged: pages that already say the same.
        refusals: pages that were not taken, each with its reason.
        losses: what the format cannot hold.
        near_duplicates: one sentence for each new picture that looks like another one.
    """

    pictures_added: int = 0
    readings_added: int = 0
    unchanged: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    losses: tuple[str, ...] = ()
    near_duplicates: list[str] = field(default_factory=list)


def near_duplicate_words(store: DataFolder, near_duplicate: NearDuplicate) -> str:
    """What an import says of a picture that looks like another one.

    Args:
        store: where.
        near_duplicate: both pictures.
    """
    page, other = picture(store, near_duplicate.image_id), picture(store, near_duplicate.duplicate_of_id)
    alike = f"{page.name} (page {page.id}) looks like {other.name} (page {other.id})"
    if near_duplicate.group is None:
        return f"{alike}, but cannot become one patient's by themselves: decide on the Dataset page, Near-duplicates."
    held_out = ", in the permanent test set" if page.is_holdout else ""
    return f"{alike}: both belong to {group_words(store, near_duplicate.group)} now{held_out}."


def refused_whole(refusals: list[Refusal]) -> StoreError:
    """Why nothing was taken over."""
    first = refusals[0]
    return StoreError(
        f"Import cancelled, nothing was changed: {len(refusals)} failed, first {first.file}: {first.reason}",
        'Correct them, or import without "all or nothing".',
    )
