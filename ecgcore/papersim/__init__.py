"""Draws digital 12-lead ECGs as paper pages with the exact box of every complete beat."""

from ecgcore.lead_layout import LEADS
from ecgcore.papersim.draw import (
    BOX_PAD_MM,
    DrawnTrace,
    SimPage,
    draw_page,
)
from ecgcore.papersim.page_plan import (
    Segment,
    plan_page,
)
from ecgcore.papersim.signals import (
    KINDS,
    synthetic_ecg,
)
from ecgcore.papersim.style import (
    LAYOUT_ROWS,
    PageStyle,
    random_style,
)

__all__ = [
    "BOX_PAD_MM",
    "KINDS",
    "LAYOUT_ROWS",
    "LEADS",
    "DrawnTrace",
    "PageStyle",
    "Segment",
    "SimPage",
    "draw_page",
    "plan_page",
    "random_style",
    "synthetic_ecg",
]
