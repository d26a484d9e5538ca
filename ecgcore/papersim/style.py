"""What a simulated ECG page looks like: layout, paper, grid, pen, print and wear, each drawn at random or chosen."""

from dataclasses import dataclass

import numpy as np

from ecgcore.errors import SignalError

Rgb = tuple[int, int, int]

_THREE_BY_FOUR = ((0, 3, 6, 9), (1, 4, 7, 10), (2, 5, 8, 11))
_SIX_BY_TWO = tuple((row, row + 6) for row in range(6))
LAYOUT_ROWS: dict[str, tuple[tuple[int, ...], ...]] = {
    "3x4": _THREE_BY_FOUR,
    "3x4+1": (*_THREE_BY_FOUR, (1,)),
    "3x4+3": (*_THREE_BY_FOUR, (1,), (6,), (10,)),
    "6x2": _SIX_BY_TWO,
    "6x2+1": (*_SIX_BY_TWO, (1,)),
    "12x1": tuple((row,) for row in range(12)),
}
"""Rows of lead numbers (order of ``papersim.signals.LEADS``); a row of one lead spans the whole width."""

GRID_COLOURS: tuple[tuple[Rgb, Rgb], ...] = (
    ((250, 200, 200), (240, 140, 140)),
    ((255, 178, 178), (255, 20, 20)),
    ((245, 205, 195), (225, 120, 100)),
    ((255, 220, 225), (255, 170, 185)),
    ((205, 205, 205), (150, 150, 150)),
    ((190, 190, 190), (110, 110, 110)),
    ((190, 225, 195), (110, 180, 120)),
    ((190, 210, 245), (120, 150, 220)),
    ((250, 215, 170), (240, 165, 90)),
    ((225, 190, 235), (180, 120, 200)),
    ((235, 150, 150), (200, 60, 60)),
)
"""Pairs of 1 mm and 5 mm line colours."""

PEN_COLOURS: tuple[Rgb, ...] = (
    (0, 0, 0),
    (15, 15, 20),
    (40, 40, 45),
    (60, 60, 60),
    (10, 10, 120),
    (0, 0, 178),
    (20, 40, 90),
)


@dataclass(frozen=True, slots=True)
class PageStyle:
    """Every choice that turns a signal into a page; lengths in millimetres of paper, times in seconds.

    Attributes:
        grid: "lines" (1 and 5 mm), "dots" (1 mm dots, 5 mm lines), "coarse" (5 mm only) or "none".
        minor_mm, major_mm: line widths of the 1 mm and the 5 mm grid.
        pulse: where the 1 mV calibration pulse of 0.2 s stands: "left", "right" or "none".
        ticks: whether seconds are numbered below every row, as plotting programs do.
        separators: how neighbouring leads of a row are told apart: "none", "tick", "line" or "gap".
        margin_mm: white paper around the grid: left, top, right, bottom; header and footer are printed there.
        text_on_grid: whether the grid runs on under header and footer, which then name a patient.
        footer_words: what the footer says; by default speed, gain and a filter drawn at random.
        label_lift_mm: how far above its baseline a lead's name stands; by default drawn at random.
        wander_mv, noise_mv, mains_mv: amplitudes of baseline wander, muscle noise and 50 Hz mains.
        rotation_deg, blur_px, sensor_noise, shade: wear of the scan; ``jpeg_quality`` None leaves it out.
    """

    layout: str = "3x4+1"
    px_per_mm: float = 6.0
    paper_speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0
    column_s: float | None = None
    row_pitch_mm: float = 30.0
    pad_mm: tuple[float, float, float, float] = (5.0, 4.0, 5.0, 4.0)
    margin_mm: tuple[float, float, float, float] = (8.0, 25.0, 8.0, 10.0)
    paper: Rgb = (255, 255, 255)
    grid: str = "lines"
    grid_colours: tuple[Rgb, Rgb] = GRID_COLOURS[0]
    minor_mm: float = 0.12
    major_mm: float = 0.25
    frame: bool = True
    pen: Rgb = (0, 0, 0)
    pen_mm: float = 0.3
    pulse: str = "left"
    separators: str = "none"
    font: int = 0
    label_mm: float = 3.0
    labels: bool = True
    header: bool = True
    footer: bool = True
    ticks: bool = False
    text_on_grid: bool = False
    footer_words: str | None = None
    label_lift_mm: float | None = None
    wander_mv: float = 0.0
    noise_mv: float = 0.0
    mains_mv: float = 0.0
    rotation_deg: float = 0.0
    blur_px: float = 0.0
    sensor_noise: float = 0.0
    shade: float = 0.0
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        if self.layout not in LAYOUT_ROWS:
            raise SignalError(f"There is no page layout {self.layout!r}.", f"Choose one of {', '.join(LAYOUT_ROWS)}.")
        if self.px_per_mm <= 0 or self.paper_speed_mm_s <= 0 or self.gain_mm_mv <= 0:
            raise SignalError("Scale, paper speed and gain must be positive.", "Correct the page style.")

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """Lead numbers of every row."""
        return LAYOUT_ROWS[self.layout]

    @property
    def gap_mm(self) -> float:
        """Paper without a trace at the end of every lead."""
        return 1.5 if self.separators == "gap" else 0.0

    @property
    def columns(self) -> int:
        """How many columns of leads the layout has."""
        return max(len(row) for row in self.rows)


def random_style(
    rng: np.random.Generator, *, column_s_max: float | None = None, layout: str | None = None
) -> PageStyle:
    """Draw a page style as varied as the printers, scanners and programs that a clinic meets.

    Args:
        rng: source of chance; the same state gives the same style.
        column_s_max: longest stretch of signal that one column can be given, None for a page of 10 s.
        layout: a key of ``LAYOUT_ROWS``; drawn at random by default.
    """
    drawn = str(rng.choice(list(LAYOUT_ROWS), p=[0.16, 0.30, 0.10, 0.17, 0.12, 0.15]))
    layout = layout or drawn
    columns = max(len(row) for row in LAYOUT_ROWS[layout])
    speed = float(rng.choice([25.0, 50.0], p=[0.93, 0.07]))
    column_s = min((10.0 if speed == 25 else 5.0) / columns, column_s_max or np.inf)
    rows = len(LAYOUT_ROWS[layout])
    pitch_range_mm = {3: (24, 42), 4: (20, 40), 6: (14, 28), 7: (13, 24), 12: (10, 18)}[rows]
    grid = str(rng.choice(["lines", "dots", "coarse", "none"], p=[0.58, 0.17, 0.08, 0.17]))
    bare = rng.random() < 0.35
    heavy = rng.random() < 0.25
    margin = (0.0,) * 4 if bare else tuple(float(v) for v in rng.uniform((0, 4, 0, 2), (15, 45, 15, 15)))
    pad = tuple(float(v) for v in rng.uniform((0, 0, 0, 0), (10, 12, 10, 12)))
    worn = rng.random() < 0.5
    return PageStyle(
        layout=layout,
        px_per_mm=float(np.exp(rng.uniform(np.log(3.2), np.log(8.5)))),
        paper_speed_mm_s=speed,
        gain_mm_mv=float(rng.choice([5.0, 10.0, 20.0], p=[0.08, 0.86, 0.06])),
        column_s=column_s,
        row_pitch_mm=float(rng.uniform(*pitch_range_mm)),
        pad_mm=pad,  # type: ignore[arg-type]
        margin_mm=margin,  # type: ignore[arg-type]
        paper=tuple(int(v) for v in 255 - rng.uniform(0, 1, 3) * (rng.random() < 0.5) * [12, 18, 24]),  # type: ignore[arg-type]
        grid=grid,
        grid_colours=GRID_COLOURS[rng.integers(len(GRID_COLOURS))],
        minor_mm=float(rng.uniform(0.1, 0.3) if heavy else rng.uniform(0.06, 0.16)),
        major_mm=float(rng.uniform(0.3, 0.6) if heavy else rng.uniform(0.12, 0.35)),
        frame=bool(grid != "none" and rng.random() < 0.5),
        pen=PEN_COLOURS[rng.choice(len(PEN_COLOURS), p=[0.4, 0.15, 0.12, 0.08, 0.08, 0.1, 0.07])],
        pen_mm=float(np.exp(rng.uniform(np.log(0.1), np.log(0.6)))),
        pulse=str(rng.choice(["left", "right", "none"], p=[0.55, 0.15, 0.3])),
        separators=str(rng.choice(["none", "tick", "line", "gap"], p=[0.45, 0.2, 0.25, 0.1])),
        font=int(rng.integers(6)),
        label_mm=float(rng.uniform(2.2, 4.5)),
        labels=bool(rng.random() < 0.92),
        header=bool(rng.random() < 0.8),
        footer=bool(rng.random() < 0.7),
        wander_mv=float(rng.uniform(0, 0.15) * (rng.random() < 0.4)),
        noise_mv=float(rng.uniform(0, 0.03) * (rng.random() < 0.4)),
        mains_mv=float(rng.uniform(0, 0.02) * (rng.random() < 0.2)),
        rotation_deg=float(rng.normal(0, 0.4) * (rng.random() < 0.3)),
        blur_px=float(rng.uniform(0.3, 1.1) * (rng.random() < 0.35)),
        sensor_noise=float(rng.uniform(1, 7) * worn),
        shade=float(rng.uniform(0, 0.12) * (rng.random() < 0.3)),
        jpeg_quality=int(rng.integers(45, 96)) if rng.random() < 0.7 else None,
        ticks=bool(rng.random() < 0.2),
    )
