"""Where a page lies in a picture that shows several."""

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE_SIDE = 0.8
"""What takes so much of the picture's width or height is not called its left or right, its top or bottom."""
UPRIGHT, LEVEL = ("top", "bottom"), ("left", "right")
MIDDLE = 0.42, 0.58
"""A page whose middle lies between these shares of the picture's side is in the middle."""


@dataclass(frozen=True)
class PicturePart:
    """Where a page lies in a picture that shows several.

    Args:
        number, of: which of how many, from 1.
        box_xyxy: its place in the picture, whole pixels.
        picture_wh: size of the picture, pixels.
    """

    number: int
    of: int
    box_xyxy: tuple[int, int, int, int]
    picture_wh: tuple[int, int]

    @property
    def place(self) -> str:
        """Where a person finds it in the picture: ``left``, ``top right`` ..."""
        down, across = (self._place_along(axis, *words) for axis, words in ((1, UPRIGHT), (0, LEVEL)))
        return f"{down} {across}".strip()

    def _place_along(self, axis: int, low: str, high: str) -> str:
        begin, end = self.box_xyxy[axis] / self.picture_wh[axis], self.box_xyxy[axis + 2] / self.picture_wh[axis]
        if end - begin >= WHOLE_SIDE:
            return ""
        middle = (begin + end) / 2
        return low if middle < MIDDLE[0] else high if middle > MIDDLE[1] else "middle"

    @property
    def note(self) -> str:
        """The same in a sentence for who reads the page."""
        return f"The picture shows {self.of} pages: this is page {self.number} of them ({self.place})."

    def in_picture(self, xy: Sequence[float]) -> list[float]:
        """Coordinates x, y, x, y ... of the page as those of the whole picture, in hundredths of a pixel."""
        return [round(value + self.box_xyxy[axis % 2], 2) for axis, value in enumerate(xy)]

    def to_json(self) -> dict[str, int | list[int]]:
        """The object of contract 1."""
        return {"number": self.number, "of": self.of, "box": list(self.box_xyxy)}
