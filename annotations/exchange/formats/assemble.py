"""From what a format found in its files to checked pages."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path, PurePosixPath
from typing import ParamSpec, cast

from annotations.exchange.formats.bounds import MAX_COMMENT, MAX_REFUSALS
from annotations.exchange.formats.checks import (
    DECIMALS,
    check_all_boxes,
    check_boxes,
    check_pages,
    checked_box,
    number,
    plain_text,
    word,
)
from annotations.exchange.formats.files import locate, measure
from annotations.exchange.formats.foreign_json import BoxExtras, JsonObject, PageExtras, sequence
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, Refusal, quiet
from annotations.exchange.formats.shown import shown
from annotations.model import (
    BEAT_LABELS,
    FLAGS,
    ORIGINS,
    PAGE_LABELS,
    BeatLabel,
    LabelledBox,
    Origin,
    PageLabel,
    Reading,
    StoreError,
)
from ecgcore.errors import EcgError
from ecgcore.types import Box

PROPOSAL_LINK = "which prediction a box came from"
MICRO_PIXELS = "coordinates beyond a millionth of a pixel"
FILE_NAMES = "special characters in names; of two equal names one gets a number"

P = ParamSpec("P")

_HASH = re.compile(r"[0-9a-f]{64}")
_MAX_SIDE = 10**6


@dataclass(frozen=True, slots=True)
class RawBox:
    """A box as a file gives it, unchecked.

    Args:
        xyxy: x1, y1, x2, y2 on pixel edges.
        where: how messages call it.
        extras: what else the file says of it.
        is_relative: the coordinates are fractions of width and height.
    """

    xyxy: Sequence[object]
    where: str
    extras: BoxExtras = field(default_factory=BoxExtras)
    is_relative: bool = False


def page_extras(page: ExchangePage) -> PageExtras:
    """What is said of a page, as plain JSON; ``build_page`` reads it back."""
    reading = page.reading
    return PageExtras(
        name=page.name,
        picture_hash=page.picture_hash,
        group=page.group,
        source_record=page.source_record,
        label=reading.label,
        flags=sorted(reading.flags),
        comment=reading.comment,
        boxes_complete=reading.boxes_complete,
        rejected=[
            {"box": box.box_photo_xyxy.as_list(), "uid": box.uid, "label": box.label}
            for box in reading.boxes
            if box.origin == "rejected"
        ],
    )


def box_extras(box: LabelledBox) -> BoxExtras:
    """What is said of a box."""
    return BoxExtras(box.uid, box.label, box.origin)


def size(width: object, height: object) -> tuple[int, int] | None:
    """The picture size that a file states; None where it states none.

    Args:
        width: of a JSON file.
        height: the same.

    Raises:
        StoreError: no size of a picture.
    """
    if width is None and height is None:
        return None
    sides = [number(side, "The picture's size") for side in (width, height)]
    if not all(side.is_integer() and 1 <= side <= _MAX_SIDE for side in sides):
        raise StoreError(f"The stated size {shown(width)} x {shown(height)} is no picture's.", "Correct it.")
    return int(sides[0]), int(sides[1])


def build_page(
    root: Path,
    reference: str,
    extras: PageExtras,
    boxes: Iterable[RawBox] = (),
    stated_wh: tuple[int, int] | None = None,
    base: Path | None = None,
) -> ExchangePage:
    """Check everything that a file says of one picture, against the picture itself where it lies in the folder.

    Args:
        root: the folder of the import, without links; nothing outside it is ever touched.
        reference: path of the picture relative to ``base``, or to one of the usual picture folders in it.
        extras: what the file says of it.
        boxes: the beats.
        stated_wh: the size that the file states.
        base: a folder in ``root``, by default ``root`` itself.

    Raises:
        EcgError: the reason why the page cannot be used.
    """
    boxes = [*boxes, *_rejected(extras)]
    check_boxes(len(boxes))
    name = plain_text(extras.name or PurePosixPath(reference.replace("\\", "/")).name, "file name")
    picture, (width, height), digest = _identify(root, reference, extras, stated_wh, base)
    checked = _check_boxes(boxes, width, height)
    complete = extras.boxes_complete
    if complete is None:
        complete = any(box.origin != "rejected" for box in checked)
    if not isinstance(complete, bool):
        raise StoreError(f"boxes_complete is {shown(complete)}.", "Use true or false.")
    reading = Reading(
        label=None if extras.label is None else cast(PageLabel, word(extras.label, PAGE_LABELS, "label")),
        boxes=checked,
        boxes_complete=complete,
        flags=frozenset(word(flag, FLAGS, "flag") for flag in sequence(extras.flags, "The list of flags")),
        comment=plain_text(extras.comment, "comment", MAX_COMMENT),
    )
    group = plain_text(extras.group, "group")
    source_record = plain_text(extras.source_record, "source record")
    return ExchangePage(name, picture, digest, width, height, group, reading, source_record)


def _identify(
    root: Path, reference: str, extras: PageExtras, stated_wh: tuple[int, int] | None, base: Path | None
) -> tuple[Path | None, tuple[int, int], str]:
    """Where the picture lies, its size and hash; by its stated hash alone where it does not lie in the folder."""
    stated_hash = extras.picture_hash
    if stated_hash != "" and not (isinstance(stated_hash, str) and _HASH.fullmatch(stated_hash)):
        raise StoreError(f"The picture hash {shown(stated_hash)} is none.", "Remove it.")
    picture = locate(root, reference, base)
    if picture is None:
        if not stated_hash or stated_wh is None:
            raise StoreError(f"There is no picture {shown(reference)}.", "Put it into the import folder.")
        return None, stated_wh, str(stated_hash)
    width, height, found_hash = measure(picture, reference)
    if stated_wh not in (None, (width, height)):
        cause = f"{shown(reference)} is {width} x {height} pixels upright, the file states {stated_wh}."
        raise StoreError(cause, "Import the picture that was annotated, at its size and upright.")
    if stated_hash not in ("", found_hash):
        raise StoreError(f"{shown(reference)} is not the picture that was annotated.", "Import the original picture.")
    return picture, (width, height), found_hash


def _rejected(extras: PageExtras) -> Iterator[RawBox]:
    for index, value in enumerate(sequence(extras.rejected, "The list of rejected proposals")):
        where = f"Rejected proposal {index}"
        entry = JsonObject(value, where)
        yield RawBox(entry.listed("box", where), where, replace(BoxExtras.from_json(entry), origin="rejected"))


def _uids(boxes: Sequence[RawBox]) -> Iterator[str]:
    """One for each box: a box that another program added has none, and one that it copied has its original's."""
    given = [plain_text(raw.extras.uid or "", "uid of a box") for raw in boxes]
    taken = {"", *given}
    fresh = (uid for uid in map("b{}".format, count()) if uid not in taken)
    seen = {""}
    for uid in given:
        yield next(fresh) if uid in seen else uid
        seen.add(uid)


def _check_boxes(boxes: Sequence[RawBox], width: int, height: int) -> tuple[LabelledBox, ...]:
    checked = []
    for raw, uid in zip(boxes, _uids(boxes), strict=True):
        label = raw.extras.label
        checked.append(
            LabelledBox(
                uid=uid,
                box_photo_xyxy=_box(raw, width, height),
                label=None if label is None else cast(BeatLabel, word(label, BEAT_LABELS, "beat label")),
                origin=cast(Origin, word(raw.extras.origin, ORIGINS, "origin")),
            )
        )
    return tuple(checked)


def _box(raw: RawBox, width: int, height: int) -> Box:
    if not raw.is_relative:
        return checked_box(raw.xyxy, width, height, raw.where)
    scale = (width, height, width, height)
    fractions = [number(value, raw.where) for value in raw.xyxy]
    pixels = [round(value * side, DECIMALS) for value, side in zip(fractions, scale, strict=True)]
    return checked_box(pixels, width, height, raw.where)


@dataclass
class Collector:
    """Gathers pages and refusals; a second page of the same picture is refused.

    Args:
        losses: of the format.
        progress: called before each page.
    """

    losses: tuple[str, ...]
    progress: Progress = quiet
    pages: list[ExchangePage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    _files_by_hash: dict[str, str] = field(default_factory=dict)
    _added: int = 0
    _of: int = 0
    _boxes: int = 0
    _untold: int = 0

    def expect(self, pages: int) -> None:
        """Say how many pages will come.

        Raises:
            StoreError: they are too many for one import.
        """
        check_pages(pages)
        self._of = pages

    def add(
        self, file: str, line: int | None, build: Callable[P, ExchangePage], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Keep the page that ``build`` returns, or the reason why it cannot.

        Args:
            file: how the import names it.
            line: of a text file from 1, index of a JSON list from 0, None where neither applies.
            build: makes the page.
            *args: of ``build``.
            **kwargs: of ``build``.

        Raises:
            StoreError: the pages have too many boxes together.
        """
        self.progress(self._added, self._of)
        self._added += 1
        try:
            page = build(*args, **kwargs)
            if page.picture_hash in self._files_by_hash:
                first = shown(self._files_by_hash[page.picture_hash])
                raise StoreError(f"It is the same picture as {first}.", "Keep one of the two.")
            self._files_by_hash[page.picture_hash] = file
        except EcgError as error:
            self.refuse(file, line, error)
        else:
            self.pages.append(page)
            self._boxes += len(page.reading.boxes)
            check_all_boxes(self._boxes)

    def refuse(self, file: str, line: int | None, error: EcgError) -> None:
        """Note why something was not loaded.

        Args:
            file: how the import names it.
            line: of a text file from 1, index of a JSON list from 0, None where neither applies.
            error: why.
        """
        if len(self.refusals) >= MAX_REFUSALS:
            self._untold += 1
            return
        self.refusals.append(Refusal(shown(file), line, str(error)))

    def result(self) -> Loaded:
        """Everything gathered."""
        if self._untold:
            self.refusals.append(Refusal("more", None, f"{self._untold:,} more were refused."))
            self._untold = 0
        return Loaded(self.pages, self.refusals, self.losses)
