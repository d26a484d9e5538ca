"""The sheet of paper in a photo: the four sides that set it off from the desk it lies on."""

from collections.abc import Iterator
from itertools import combinations, product

import cv2
import numpy as np

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, FloatPixels

WORK_PX = 480
"""Longer side of the picture in which the sheet is looked for."""
PRINT_PX = 9
"""Strokes and grid lines are thinner than this there."""
MIN_SHARE, MAX_SHARE = 0.15, 0.97
"""Of the photo that a sheet may cover."""
NEAR = 0.02
"""How far, as a share of the longer side, a side may bulge, and how far beyond the sheet the desk is looked at."""
STEP_LAB = 5.0
"""How much the colour must change across a side, in CIELAB."""
MIN_SUPPORT = 0.5
"""Share of each side along which it does. This, ``MIN_TURN`` and ``MOST_SPREAD`` were chosen with a
look at 40 drawn photos; on 90, 3 sheets are missed, and none of 134 Khan pages is taken for one (D-093)."""
MIN_TURN = 0.8
"""Sine of the angle between two sides: a sheet seen from farther aside is read by nobody."""
STEP_PX = 4
"""Over which the colour must change."""
MOST_SPREAD = 0.42
"""Sine of the angle between opposite sides; beyond it one of them is the edge of a shadow."""
ON_SIDE_PX = 2.0
SAMPLES = 60
BEYOND_PX, BEYOND_LAB = 14, -60.0
"""What lies beyond the photo is drawn this wide and darker than anything can be."""
LINES, QUADS = 9, 16
"""How many straight edges of each direction are paired, and how many of the shapes between them are looked at."""


def find_sheet(photo_rgb: ByteArray, *, may_leave: bool = False) -> FloatArray | None:
    """Find the sheet by its four sides, each of which must lie in the photo and be seen along most of its length.

    Candidates are the large shapes that lightness, colour or edges set apart; the one is taken whose four straight
    sides are borne out best by a change of colour across them.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.
        may_leave: let the sheet leave the photo by up to two sides, which are then the photo's own; it must be lighter
            than its desk.

    Returns:
        Its corners in photo pixels, clockwise, the first the one nearest to the photo's top left, ``[4, 2]``; None
        where there is none, as in a scan.
    """
    scale = min(1.0, WORK_PX / max(photo_rgb.shape[:2]))
    small = cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # what is printed on paper is darker than it: closing leaves the paper
    paper = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, np.ones((PRINT_PX, PRINT_PX), np.uint8))
    lab = np.asarray(cv2.cvtColor(paper.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), dtype=np.float64)
    pad = BEYOND_PX if may_leave else 0
    if may_leave:
        lab = np.pad(lab, ((pad, pad), (pad, pad), (0, 0)), constant_values=BEYOND_LAB)
    best, found = 0.0, None
    for quad in _candidates(lab):
        refined = _refine_quad(lab, quad)
        if refined is not None and refined[1] > best and (not may_leave or _is_lighter_than_desk(lab, refined[0])):
            found, best = refined
    if found is None:
        return None
    height, width = small.shape[:2]
    inside = np.clip(found - pad, 0, (width, height))
    return np.asarray(inside / (width / photo_rgb.shape[1], height / photo_rgb.shape[0]))


def _is_lighter_than_desk(lab: FloatArray, quad: FloatArray) -> bool:
    """Whether two sides or more lie in the photo, and the sheet is lighter than what lies beyond each of these."""
    height, width = lab.shape[:2]
    seen = 0
    for first, last in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        along = last - first
        outward = np.array([along[1], -along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
        points = first + along * np.linspace(0.1, 0.9, SAMPLES)[:, None]
        near, far = (np.round(points + outward * d).astype(int) for d in (-BEYOND_PX / 2, BEYOND_PX / 2))
        near, far = (np.clip(p, 0, (width - 1, height - 1)) for p in (near, far))
        outside = lab[far[:, 1], far[:, 0], 0]
        if (outside <= BEYOND_LAB).mean() > 0.5:
            continue
        seen += 1
        if np.median(lab[near[:, 1], near[:, 0], 0] - outside) < STEP_LAB:
            return False
    return seen >= 2


def _candidates(lab: FloatArray) -> Iterator[FloatArray]:
    """Quadrilaterals about the large shapes of the picture."""
    height, width = lab.shape[:2]
    yield from _between_lines(lab)
    masks = []
    for channel in range(3):
        plane = lab[..., channel]
        levels = np.clip(255 * (plane - plane.min()) / max(float(np.ptp(plane)), 1e-6), 0, 255).astype(np.uint8)
        otsu, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
        cuts = {otsu, *np.quantile(levels, (0.2, 0.35, 0.5))} if channel == 0 else {otsu}
        for cut in cuts:
            above = (levels > cut).astype(np.uint8)
            masks += [above, 1 - above] if channel else [above]
    grey = np.clip(lab[..., 0] * 2.55, 0, 255).astype(np.uint8)
    for low in (15, 40):
        edges = cv2.dilate(cv2.Canny(grey, low, 3 * low), np.ones((3, 3), np.uint8))
        masks.append((edges == 0).astype(np.uint8))
    for mask in masks:
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
        contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            hull = cv2.convexHull(contour)
            if MIN_SHARE * height * width < cv2.contourArea(hull) < MAX_SHARE * height * width:
                quad = _four_corners(hull)
                if quad is not None:
                    yield quad


def _between_lines(lab: FloatArray) -> list[FloatArray]:
    """Quadrilaterals between long straight edges: a sheet's sides show even where it touches other paper or shade."""
    height, width = lab.shape[:2]
    edges = np.zeros((height, width), np.uint8)
    for channel, (low, high) in enumerate(((12, 36), (6, 18), (6, 18))):
        plane = np.clip(lab[..., channel] * 2 + (0 if channel == 0 else 128), 0, 255).astype(np.uint8)
        edges = np.maximum(edges, np.asarray(cv2.Canny(plane, low, high), dtype=np.uint8))
    lines = cv2.HoughLines(edges, 1, np.pi / 360, max(25, min(height, width) // 5))
    if lines is None:
        return []
    strongest = _suppress_duplicate_lines(lines[:400, 0].astype(np.float64))
    turn = np.abs((strongest[:, 1] - strongest[0, 1] + np.pi / 2) % np.pi - np.pi / 2)
    like, across = strongest[turn < np.radians(35)][:LINES], strongest[turn > np.radians(55)][:LINES]
    pairs = [np.array(list(combinations(family, 2))) for family in (like, across)]
    if not all(len(pair) for pair in pairs):
        return []
    first, second = (np.array(way) for way in zip(*product(*pairs), strict=True))
    quads = np.stack(
        [_intersect(first[:, i], second[:, j]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))], axis=1
    )  # [n, 4, 2]
    x, y = quads[..., 0], quads[..., 1]
    area = np.abs(np.sum(x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1), axis=1)) / 2
    margin = NEAR * max(height, width)
    inside = np.all((quads > -margin) & (quads < np.array([width, height]) + margin), axis=(1, 2))
    good = inside & (area > MIN_SHARE * height * width) & (area < MAX_SHARE * height * width)
    quads, area = quads[good], area[good]
    away = cv2.distanceTransform((edges == 0).astype(np.uint8), cv2.DIST_L2, 3)
    steps = np.linspace(0.05, 0.95, SAMPLES)[:, None]
    points = quads[:, :, None] + (np.roll(quads, -1, axis=1) - quads)[:, :, None] * steps
    columns, rows = (np.clip(np.round(points[..., i]), 0, n - 1).astype(int) for i, n in ((0, width), (1, height)))
    support = (away[rows, columns] < margin / 3).mean(axis=2).min(axis=1)
    order = np.argsort(-support * np.sqrt(area), kind="stable")[:QUADS]
    return [_clockwise(quads[i]) for i in order if support[i] > MIN_SUPPORT / 2]


def _suppress_duplicate_lines(lines: FloatArray) -> FloatArray:
    """The strongest of lines that lie together, ``[n, 2]`` of distance in px and angle, strongest first."""
    kept: list[FloatArray] = []
    for rho, theta in lines:
        same = any(
            min(
                abs(rho - r) + 100 * abs(theta - t),
                abs(rho + r) + 100 * abs(np.pi - abs(theta - t)),
            )
            < 14
            for r, t in kept
        )
        if not same:
            kept.append(np.array([rho, theta]))
    return np.array(kept)


def _intersect(first: FloatArray, second: FloatArray) -> FloatArray:
    """Where lines of two families cross, ``[n, 2]``; far outside where they are parallel."""
    (r1, t1), (r2, t2) = first.T, second.T
    turn = np.sin(t2 - t1)
    turn = np.where(np.abs(turn) < 1e-3, 1e-3, turn)
    return np.stack([r1 * np.sin(t2) - r2 * np.sin(t1), r2 * np.cos(t1) - r1 * np.cos(t2)], axis=1) / turn[:, None]


def _four_corners(hull: np.ndarray) -> FloatArray | None:
    """The hull simplified to four corners, clockwise; None where four do not describe it."""
    around = cv2.arcLength(hull, True)
    for share in (0.01, 0.02, 0.03, 0.05, 0.08):
        simple = cv2.approxPolyDP(hull, share * around, True)
        if len(simple) == 4:
            return _clockwise(simple[:, 0].astype(np.float64))
        if len(simple) < 4:
            break
    return None


def _clockwise(quad: FloatArray) -> FloatArray:
    x, y = quad.T
    if float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) < 0:
        quad = quad[::-1]
    return np.asarray(np.roll(quad, -int(np.argmin(quad.sum(axis=1))), axis=0))


def _refine_quad(lab: FloatArray, quad: FloatArray) -> tuple[FloatArray, float] | None:
    """The quadrilateral with its sides moved to where the colour changes, and how well that bears it out, 0..1."""
    height, width = lab.shape[:2]
    sides = []
    for first, last in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        side = _side(lab.astype(np.float32), first, last)
        if side is None:
            return None
        sides.append(side)
    if any(
        abs(a * e - b * d) > MOST_SPREAD * np.hypot(a, b) * np.hypot(d, e)
        for (a, b, *_), (d, e, *_) in zip(sides[:2], sides[2:], strict=True)
    ):
        return None
    corners = []
    for (a, b, c, _), (d, e, f, _) in zip([sides[-1], *sides[:-1]], sides, strict=True):
        turn = a * e - b * d
        if abs(turn) < MIN_TURN * np.hypot(a, b) * np.hypot(d, e):
            return None
        corners.append(((c * e - b * f) / turn, (a * f - c * d) / turn))
    refined = np.array(corners)
    share = cv2.contourArea(refined.astype(np.float32)) / (height * width)
    convex = cv2.isContourConvex(refined.astype(np.float32)[:, None])
    if not convex or share < MIN_SHARE or np.abs(refined - quad).max() > 4 * NEAR * max(height, width):
        return None
    return refined, float(np.prod([support for *_, support in sides]) * share)


def _side(lab: FloatPixels, first: FloatArray, last: FloatArray) -> tuple[float, float, float, float] | None:
    """The straight line ``a x + b y = c`` along which the colour changes near a side, and on what share of it it does.

    None where too little of the side is seen, or where it is the photo's own edge.
    """
    height, width = lab.shape[:2]
    reach = NEAR * max(height, width)
    along = last - first
    length = float(np.linalg.norm(along))
    if length < 8 * reach:
        return None
    outward = np.array([along[1], -along[0]]) / length
    points = first + along * np.linspace(0.04, 0.96, SAMPLES)[:, None]
    at_edge = ((points < reach / 4) | (points > np.array([width, height]) - reach / 4)).any(axis=1)
    if at_edge.mean() > 0.3:
        return None
    offsets = np.arange(-1.5 * reach, 1.5 * reach + 0.5)
    x, y = np.moveaxis(points[:, None] + outward * offsets[:, None], -1, 0).astype(np.float32)
    colours = cv2.remap(lab, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    change = np.linalg.norm(colours[:, STEP_PX:] - colours[:, :-STEP_PX], axis=2)
    seen = change.max(axis=1) > STEP_LAB
    place, shift = np.linspace(0, 1, SAMPLES)[seen], offsets[change.argmax(axis=1) + STEP_PX // 2][seen]
    if len(shift) < MIN_SUPPORT * SAMPLES:
        return None
    parabola, on_it = _fit_parabola(place, shift)
    support = float(on_it.sum()) / SAMPLES
    if support < MIN_SUPPORT:
        return None
    start, end = (points[i] + outward * np.polyval(parabola, i % 2) for i in (0, -1))
    a, b = end[1] - start[1], start[0] - end[0]
    return a, b, a * start[0] + b * start[1], support


def _fit_parabola(place: FloatArray, shift: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The parabola that most shifts lie on, by reweighting (Tukey 1977), and which do: a bent sheet's side bulges."""
    curve = np.array([0.0, 0.0, np.median(shift)])
    for within in (12.0, 6.0, 3.0, 3.0):
        weight = np.clip(1 - ((shift - np.polyval(curve, place)) / within) ** 2, 0, 1)
        if np.count_nonzero(weight) < 8:
            break
        curve = np.polyfit(place, shift, 2, w=weight)
    return curve, np.abs(shift - np.polyval(curve, place)) < ON_SIDE_PX
