"""Which row and column of a page is which lead: by place, as the twelve leads are printed everywhere.

A layout is believed where the beats tell as many columns as it has, or where its limb leads obey what holds of all
limb leads recorded at once: II = I + III, and aVR + aVL + aVF = 0 (Einthoven, Goldberger). Rhythm strips are named by
what they are like.
"""

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import CABRERA_ORDER, LEADS, LIMB_COUNT, Layout

STROKES = (0, 1, 2)
"""I, II and III: their names are strokes."""
EINTHOVEN_HOLDS = 0.6
"""Share of the limb leads' power that their law explains, from which it is taken to hold."""
STRIP_ALIKE = 0.9
"""Concordance of a rhythm strip with the same lead's stretch."""
CLEARLY = 0.05
"""Another lead than the usual one must be so much more like the strip."""
USUAL_STRIPS = {1: (1,), 3: (1, 6, 10)}
"""What rhythm strips show where nothing tells, II or II, V1 and V5; two strips are printed of any two leads."""


def einthoven_agreement(stretches_mv: FloatArray, layout: Layout) -> float:
    """Share of the limb leads' power that their law explains, 1 at most.

    Args:
        stretches_mv: every row's stretch in every column, on one time axis each, ``[r, c, n]``, NaN where not read.
        layout: what is tried.
    """
    limb = np.stack([stretches_mv[lead % layout.rows, lead // layout.rows] for lead in range(LIMB_COUNT)])
    limb = limb - np.nanmedian(limb, axis=1, keepdims=True)
    residuals = np.stack([limb[0] + limb[2] - limb[1], limb[3:].sum(axis=0)])
    known = np.isfinite(residuals)
    power = np.stack([(limb[:3] ** 2).sum(axis=0), (limb[3:] ** 2).sum(axis=0)])
    total = float(power[known].sum())
    return 1 - float((residuals[known] ** 2).sum()) / total if total > 0 else 0.0


def avr_upside_down(stretches_mv: FloatArray, layout: Layout) -> int:
    """-1 where aVR is drawn upside down, as in Cabrera's order it mostly is; else 1.

    There aVL, I and aVR stand in one column, and aVR = aVL - 1.5 I (from Einthoven's and Goldberger's laws).

    Args:
        stretches_mv: every row's stretch in every column, ``[r, c, n]``, NaN where not read.
        layout: the page's.
    """
    if layout.order[:LIMB_COUNT] != CABRERA_ORDER[:LIMB_COUNT] or layout.rows < LIMB_COUNT // 2:
        return 1
    avl, i, avr = (row - np.nanmedian(row) for row in stretches_mv[:3, 0])
    return 1 if np.nansum(avr * (avl - 1.5 * i)) >= 0 else -1


def choose_layout(tried: list[tuple[Layout, float]], column_count: int) -> Layout | None:
    """The layout that beats and limb leads speak for; None where neither does.

    Args:
        tried: layouts with the right number of rows, and how well the limb leads' law holds in each.
        column_count: in how many columns the rows seem to change their lead together.
    """
    if not tried:
        return None
    best, law = max(tried, key=lambda found: found[1])
    if law >= EINTHOVEN_HOLDS or best.rows == len(LEADS):
        return best
    agreeing = [layout for layout, _ in tried if layout.columns == column_count]
    return agreeing[0] if agreeing else None


def strip_leads(strips_mv: FloatArray, stretches_mv: FloatArray, layout: Layout) -> list[int | None]:
    """Which lead each rhythm strip shows; None where it is like none and there is no usual one.

    Printed names of strips are believed, but for I, II and III, which are misread for each other.

    Args:
        strips_mv: each strip cut into the columns, ``[s, c, n]``, NaN where not read.
        stretches_mv: likewise the rows of leads, ``[r, c, n]``.
        layout: the page's.
    """
    usual = USUAL_STRIPS.get(layout.strips, (None,) * layout.strips)
    printed = layout.strip_order or (None,) * layout.strips
    return [
        name if name is not None and name not in STROKES else _lead_by_form(strip, stretches_mv, layout, default, name)
        for strip, default, name in zip(strips_mv, usual, printed, strict=True)
    ]


def _lead_by_form(
    strip_mv: FloatArray, stretches_mv: FloatArray, layout: Layout, usual: int | None, name: int | None
) -> int | None:
    """The lead that a strip is clearly more like than the named or usual one; with a name, of I, II and III alone."""
    default = usual if name is None else name
    alike = np.array([[_concordance(strip_mv[c], row[c]) for c in range(layout.columns)] for row in stretches_mv])
    leads = np.array(layout.order).reshape(layout.columns, layout.rows).T
    if name is not None:
        alike[~np.isin(leads, STROKES)] = 0.0
    is_shown = default is not None and default in layout.order
    as_default = float(alike[layout.place_of(default)]) if is_shown and default is not None else 0.0
    is_other = alike.max() >= max(STRIP_ALIKE, as_default + CLEARLY)
    return int(leads.ravel()[alike.argmax()]) if is_other else default


def _concordance(first: FloatArray, second: FloatArray) -> float:
    """Lin's coefficient of two stretches, means apart: 1 where they are the same, in height too."""
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < len(first) / 2:
        return 0.0
    a, b = first[both] - first[both].mean(), second[both] - second[both].mean()
    power = float((a**2).sum() + (b**2).sum())
    return 2 * float((a * b).sum()) / power if power > 0 else 0.0
