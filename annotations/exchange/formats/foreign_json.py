"""Objects of foreign JSON files, whose values nobody has checked; and the keys for what formats have no place for.

What is said of a page beside its picture, size and beats has the same keys in every format that can hold it: COCO's
``ecg`` and ``attributes``, VOC's ``<ecg>``, Label Studio's ``data.ecg``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotations.exchange.formats.shown import shown
from annotations.model import StoreError


class JsonObject:
    """An object of a JSON file; nothing counts as an empty one.

    Args:
        value: what the file holds.
        what: how messages call it.

    Raises:
        StoreError: it is something else.
    """

    def __init__(self, value: object, what: str) -> None:
        if value is not None and not isinstance(value, dict):
            raise StoreError(f"{what} is {shown(value)}, not an object.", "Export it again.")
        self._values = value or {}

    def get(self, key: str, absent: object = None) -> object:
        """One value, unchecked.

        Args:
            key: its key.
            absent: what stands for a key that is not there.
        """
        value: object = self._values.get(key, absent)
        return value

    def part(self, key: str, what: str) -> "JsonObject":
        """An object within.

        Args:
            key: its key.
            what: how messages call it.

        Raises:
            StoreError: it is something else.
        """
        return JsonObject(self.get(key), what)

    def listed(self, key: str, what: str) -> Sequence[object]:
        """A list within.

        Args:
            key: its key.
            what: how messages call it.

        Raises:
            StoreError: it is something else.
        """
        return sequence(self.get(key), what)


def sequence(value: object, what: str) -> Sequence[object]:
    """A JSON list; nothing counts as an empty one.

    Args:
        value: of a JSON file.
        what: how messages call it.

    Raises:
        StoreError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise StoreError(f"{what} is {shown(value)}, not a list.", "Export it again.")
    return value


@dataclass(frozen=True, slots=True)
class PageExtras:
    """Everything of a page but its picture, size and beats, in the order of its keys; unchecked where a file says it.

    Args:
        name: the picture's file name; nothing for the name that refers to it.
        picture_hash: sha256 of contract 2, "" unknown.
        group, source_record: as in ``ExchangePage``.
        label, flags, comment: as in ``Reading``.
        boxes_complete: None where nothing is said: then a page with boxes is complete, as foreign formats mean it.
        rejected: proposals that a person removed, each an object with ``box``, ``uid`` and ``label``.
    """

    name: object = None
    picture_hash: object = ""
    group: object = ""
    source_record: object = ""
    label: object = None
    flags: object = None
    comment: object = ""
    boxes_complete: object = None
    rejected: object = None

    @classmethod
    def from_json(cls, values: JsonObject) -> "PageExtras":
        """What a file says.

        Raises:
            StoreError: ``boxes_complete`` is there and null.
        """
        complete = values.get("boxes_complete", absent=_NOT_SAID)
        if complete is None:
            raise StoreError("boxes_complete is None.", "Use true or false.")
        return cls(
            values.get("name"),
            values.get("picture_hash", ""),
            values.get("group", ""),
            values.get("source_record", ""),
            values.get("label"),
            values.get("flags"),
            values.get("comment", ""),
            None if complete is _NOT_SAID else complete,
            values.get("rejected"),
        )


_NOT_SAID = object()


@dataclass(frozen=True, slots=True)
class BoxExtras:
    """Everything of a box but its coordinates, in the order of its keys; unchecked where a file says it.

    Args:
        uid, label, origin: as in ``LabelledBox``; nothing for a new uid, and for no label.
    """

    uid: object = None
    label: object = None
    origin: object = "drawn"

    @classmethod
    def from_json(cls, values: JsonObject) -> "BoxExtras":
        """What a file says."""
        return cls(values.get("uid"), values.get("label"), values.get("origin", "drawn"))
