"""What the pictures of this folder are drawn with: a canvas of Pillow's, fonts and words, figures of matplotlib."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from ecgcore.papersim import KINDS, synthetic_ecg
from ecgcore.types import ByteArray, FloatArray

Rng = np.random.Generator
Colour = tuple[int, ...]

_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
_WORDS = """
heart rate rhythm patient study result mean group control follow cases average week report figure table sample
model data training normal abnormal risk clinic ward nurse doctor dose plan day night sleep steps energy water walk
message today tomorrow meeting project review budget chapter lesson summary objective question answer example
"""


def words(rng: Rng, low: int, high: int) -> str:
    """So many words, the first with a capital."""
    return " ".join(rng.choice(_WORDS.split(), int(rng.integers(low, high)))).capitalize()


def font(size: float, *, bold: bool = False, mono: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu, which comes with matplotlib."""
    name = f"DejaVuSans{'Mono' if mono else ''}{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(str(_FONTS / name), max(7, round(size)))


def bright(rng: Rng) -> Colour:
    """A colour as programs fill things with."""
    return tuple(int(v) for v in rng.permutation([rng.integers(0, 90), rng.integers(60, 200), rng.integers(150, 240)]))


class Canvas:
    """A picture to draw on; ``paper`` and ``ink`` are light on dark in a third of them where ``may_be_dark``."""

    def __init__(self, rng: Rng, wh: tuple[int, int], *, may_be_dark: bool = True) -> None:
        self.rng, (self.width, self.height) = rng, wh
        self.is_dark = may_be_dark and bool(rng.random() < 0.35)
        light, dark = tuple(int(v) for v in rng.integers(236, 256, 3)), tuple(int(v) for v in rng.integers(5, 50, 3))
        self.paper, self.ink = (dark, light) if self.is_dark else (light, dark)
        self.image = Image.new("RGB", wh, self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self, xy: tuple[float, float], text: str, size: float, fill: Colour | None = None, bold: bool = False
    ) -> None:
        """Write a line from its top left."""
        self.draw.text(xy, text, font=font(size, bold=bold), fill=fill or self.ink)

    def curve(self, x: FloatArray, y: FloatArray, fill: Colour, width: int = 2) -> None:
        """Draw a line through points."""
        self.draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill, width, joint="curve")

    def paste(self, picture: ByteArray, xy: tuple[float, float], wh: tuple[float, float]) -> None:
        """Lay a picture over this one, in the size given."""
        small = Image.fromarray(picture).resize((max(1, round(wh[0])), max(1, round(wh[1]))), Image.Resampling.LANCZOS)
        self.image.paste(small, (round(xy[0]), round(xy[1])))

    def done(self) -> ByteArray:
        """``uint8 [height, width, 3]``."""
        return np.array(self.image)


def figure_rgb(rng: Rng, draw: Callable[[Figure], None], wh_inch: tuple[float, float] | None = None) -> ByteArray:
    """What matplotlib draws, in its own look or another, 80 to 130 dots an inch."""
    wh = wh_inch or (rng.uniform(6, 12), rng.uniform(4.5, 8))
    look = str(rng.choice(["default", "ggplot", "dark_background", "fivethirtyeight", "bmh", "default"]))
    with style.context(look):
        figure = Figure(figsize=wh, dpi=float(rng.uniform(80, 130)), layout="tight")
        draw(figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def leads_mv(rng: Rng) -> tuple[FloatArray, float]:
    """Twelve leads of an artificial rhythm ``[12, n]`` in millivolts, and their rate in Hz."""
    signals_mv, fs_hz, _ = synthetic_ecg(str(rng.choice(list(KINDS))), int(rng.integers(2**31)))
    return signals_mv, fs_hz
