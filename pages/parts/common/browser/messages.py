"""What the browser says: the one place where messages of components are checked before anything believes them.

A component runs in the browser, and so does whatever else is made to look like it. A message of another shape than its
component sends is ignored as a whole, with a notice; what was there before stays.
"""

from typing import Annotated, Literal, TypeVar

import streamlit as st
from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError

from annotations.model import MAX_BOXES

IGNORED = "The browser sent something that cannot be used. It was ignored, and nothing was changed."
TOO_MANY = f"More than {MAX_BOXES:,} boxes on one page: the drawing was not taken over. Delete some."
_UNTOLD = "messages-ignored"

CanvasShape = dict[str, str | float | bool | list[int] | None]
"""A Fabric object as a canvas is given it."""

_Message = TypeVar("_Message")
_Pixels = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e6, le=1e6)]
_Origin = Literal["left", "center", "right", "top", "bottom"]
_Number = Annotated[StrictInt, Field(ge=0, le=10**9)]
_Id = Annotated[StrictStr, Field(max_length=200)]


class DrawnShape(BaseModel):
    """A shape of the canvas, in its pixels; all else that Fabric says of it is not used."""

    type: Annotated[StrictStr, Field(max_length=40)]
    left: _Pixels
    top: _Pixels
    width: _Pixels = 0.0
    height: _Pixels = 0.0
    scaleX: _Pixels = 1.0
    scaleY: _Pixels = 1.0
    radius: _Pixels | None = None
    originX: _Origin = "left"
    originY: _Origin = "top"
    strokeWidth: _Pixels | None = None
    strokeDashOffset: _Pixels | None = None


class _Raw(BaseModel):
    objects: Annotated[list[DrawnShape], Field(max_length=MAX_BOXES + 1)] = []  # one marks the seed


class _Drawing(BaseModel):
    raw: _Raw | None = None


class _Fit(BaseModel):
    naturalWidth: _Pixels
    naturalHeight: _Pixels
    scaleX: _Pixels
    scaleY: _Pixels
    offsetX: _Pixels
    offsetY: _Pixels


class _Canvas(BaseModel):
    drawing: _Drawing | None = None
    backgroundFit: _Fit | None = None


class _Press(BaseModel):
    n: _Number
    what: Annotated[StrictStr, Field(max_length=80)]
    view: Annotated[StrictStr, Field(max_length=80)]
    page: Annotated[StrictStr, Field(max_length=80)] = ""


class PressLog(BaseModel):
    """What was pressed in Review since the server last heard, under the name of the browser's list."""

    id: Annotated[StrictStr, Field(min_length=1, max_length=80)]
    presses: Annotated[list[_Press], Field(max_length=1000)]


class Chosen(BaseModel):
    """A row of the list of pages, and the number of the press that chose it."""

    id: _Id
    number: _Number


class Drop(BaseModel):
    """Names of files that the drop zone kept to itself, and whether nothing else was dropped."""

    names: Annotated[list[Annotated[StrictStr, Field(max_length=1000)]], Field(max_length=1000)] = []
    alone: StrictBool = False


class _Box(BaseModel):
    x: tuple[_Pixels, _Pixels]
    y: tuple[_Pixels, _Pixels]


class _Point(BaseModel):
    customdata: _Number | None = None
    """Which beat; other marks have none."""


class Selection(BaseModel):
    """What was clicked or dragged on the picture of a page."""

    box: Annotated[list[_Box], Field(max_length=100)] = []
    points: Annotated[list[_Point], Field(max_length=10_000)] = []


class _Ticks(BaseModel):
    rows: Annotated[list[_Number], Field(max_length=100_000)] = []


class _Table(BaseModel):
    selection: _Ticks = _Ticks()


_CANVAS, _TABLE = TypeAdapter(_Canvas), TypeAdapter(_Table)
ROW_ID: TypeAdapter[str] = TypeAdapter(_Id)
"""Of the list of pages."""
PRESS_LOG, CHOSEN, DROP, SELECTION = (
    TypeAdapter(PressLog),
    TypeAdapter(Chosen),
    TypeAdapter(Drop),
    TypeAdapter(Selection),
)


def checked(kind: TypeAdapter[_Message], received: object, *, in_callback: bool = False) -> _Message | None:
    """A message of this kind; None, with a notice, where it is none.

    Args:
        kind: one of this module's.
        received: what came.
        in_callback: nothing can be drawn yet; ``warn_ignored`` tells it.
    """
    try:
        return kind.validate_python(received)
    except ValidationError as error:
        if in_callback:
            st.session_state[_UNTOLD] = True
        else:
            too_many = any(wrong["type"] == "too_long" for wrong in error.errors(include_input=False))
            st.warning(TOO_MANY if too_many and kind is _CANVAS else IGNORED)
        return None


def warn_ignored() -> None:
    """Tell once that a message was ignored before anything was drawn."""
    if st.session_state.pop(_UNTOLD, False):
        st.warning(IGNORED)


def drawn_on(key: str) -> list[DrawnShape] | None:
    """What a canvas shows; None before its first answer, and where that cannot be used.

    Args:
        key: of the canvas, in the session.
    """
    received = st.session_state.get(key)
    if not received:
        return None
    message = checked(_CANVAS, received)
    drawing = None if message is None else message.drawing
    return None if drawing is None or drawing.raw is None else drawing.raw.objects


def ticked_rows(key: str) -> list[int]:
    """The rows of a table that are ticked, by their numbers from 0; there may be fewer rows than they say."""
    received = st.session_state.get(key)
    table = checked(_TABLE, received) if received else None
    return [] if table is None else table.selection.rows


def is_page_number(address: str) -> bool:
    """Whether a page's address may name a page: SQLite's numbers have 63 bits."""
    return address.isascii() and address.isdecimal() and len(address) <= 18


def is_canvas(received: object) -> bool:
    """Whether the canvas's own Python side can read what its browser side is said to have sent."""
    try:
        _CANVAS.validate_python(received or {})
    except ValidationError:
        return False
    return True
