"""Draws digital 12-lead ECGs as paper pages with the exact box of every complete beat."""

from ecgcore.lead_layout import LEADS
from ecgcore.papersim.arrangement import (
    Segment,
    plan_page,
)
from ecgcore.papersim.draw import (
    BOX_PAD_MM,
    DrawnTrace,
    SimPage,
    draw_page,
)
from ecgcore.papersim.signals import (
    KINDS,
    synthetic_ecg,
)
from ecgcore.papersim.style import (
    LAYOUTS,
    PageStyle,
    random_style,
)

__all__ = [
    "BOX_PAD_MM",
    "KINDS",
    "LAYOUTS",
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
