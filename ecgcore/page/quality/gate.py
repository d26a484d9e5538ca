"""The gate: whether a picture shows an ECG, and whether it shows it well enough to be believed."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.ink_levels import STROKE_INK
from ecgcore.page.quality.features import NAMES, trace_features
from ecgcore.page.quality.hopeless import MIN_TRACE_COLUMNS, is_endless, is_too_dark, trace_columns
from ecgcore.page.quality.steep_strokes import falls_as_it_rises
from ecgcore.types import PageImage

WEIGHTS = Path(__file__).with_name("gate.json")
"""Written by ``python -m fits.page_gate.weights``."""

NO_ECG = (
    "The picture does not look like an ECG.",
    "Use a picture of a printed ECG that shows the whole page. If it is one, a clinician should read it.",
)
RETAKE = "Use a picture that shows the whole ECG page, upright and in focus."
NO_TRACES = "No ECG traces were found in the picture.", RETAKE
TOO_DARK = "The picture is too dark or too noisy to tell traces from paper.", RETAKE
MIN_SIDE_PX = 200
"""In a smaller picture nothing is looked for."""
REGULAR = (0.55, 0.5), (0.7, -0.7)
"""Autocorrelation of the steep strokes, and log-odds, from which a page passes whatever its beats: the detector knows
few of ventricular tachycardia's, which come again as exactly as hardly anything else. Set, as the two below, on 271
other pictures of seed 77 and rendered rhythms of seed 20 003 of ``benchmarks/page/gate.py`` (decision D-086)."""
FAINT_LOGIT = 2.0
"""Log-odds below which a page read as faint ink is not believed for that: what is left of the grid comes again as
exactly. Of ECGs read so none had less than 2.1 (three), of other pictures none more than 1.7 (six; D-242)."""
BEATS_BELOW = 6.5
"""Log-odds below which a page's beats must speak for it too: out of fold none of 560 other drawings of the fit has more
than 6.2 (D-086, D-235)."""
FEWEST_BEATS, BELIEVED_SHARE = 3, 0.5
"""So many of them, and the middle one so far on the way from the detector's threshold to certainty: on 530
rendered pages the middle score was never below 0.8, on charts 0.6 to 0.75 (D-086)."""
BELIEVED_SHARE_ALONE = 0.75
"""The same where nothing but strokes and beats speaks for an ECG: neither a grid nor a pulse nor print. Of
14 drawn ECGs without a grid the middle score was 0.99 or more on 13, and 0.62 on one whose names were all read; of
circuits, diagrams, bursts of muscle and charts 0.55 to 0.83 (seed 40 005 of ``benchmarks/page/gate.py``, D-238)."""
BELIEVED_SHARE_OF_PULSES = 0.95
"""The same where steep strokes only rise, as those of pressure do, or where there are none: of 20 such pages the
middle score was at most 0.95, which is a share of 0.89 (D-242)."""
MIN_PANEL_MM, WHOLE_PANEL_MM = 50.0, 110.0
"""Two seconds at 25 mm/s hold one beat or two; the narrowest whole pages hold 4.5 s of each lead."""
MIN_PX_PER_MM = 2.5
"""A QRS of 2.5 mm is then 6 pixels wide."""
DARK_PAPER = 70
"""Brightness of the paper, of 255."""
BLUR_MM, UNREADABLE_BLUR_MM = 0.45, 1.0
"""One sigma. A QRS is some 2.5 mm wide, a P wave 0.5 mm high. Operating rules, as all limits of a poor page are
(D-080): no data here tell how far wear moves an answer."""
EDGE_MM = 0.75
CUT_COLUMNS_MM = 2.0
OUTSIDE_SHARE = 0.02

CUT_OFF = "The page is cut off at the picture's edge: show the whole page."


def assess_quality(page: PageImage, darkness: ByteArray) -> PageImage:
    """Judge a page after its panel was cut out; of millimetres nothing is said where its scale was assumed.

    Letters and specks do not run on as traces, and a page without a grid that is longer than any is a page of letters.

    Args:
        page: the prepared page.
        darkness: its panel before it was flattened, ``uint8 [h, w]``, 0 = paper, at about the picture's resolution.

    Returns:
        The page with its faults.

    Raises:
        NotScreenableError: too dark, no traces, no ECG, a strip in a slide, too small a part of a page, or blurred
            beyond reading.
    """
    if is_too_dark(page.ink):
        raise NotScreenableError(*TOO_DARK)
    if is_endless(page.ink, page.has_grid) or trace_columns(page.ink) < MIN_TRACE_COLUMNS:
        raise NotScreenableError(*NO_TRACES)
    features = trace_features(page.ink)
    score, limits = ecg_score(features), _weights()
    if score < limits["refuse_below"]:
        raise NotScreenableError(*NO_ECG)
    page = replace(page, ecg_logit=score, periodicity=float(features[NAMES.index("periodicity")]))
    width_mm = np.inf if page.px_per_mm is None else page.ink.shape[1] / STANDARD_PX_PER_MM
    if width_mm < MIN_PANEL_MM:
        raise NotScreenableError(f"Only {width_mm / 10:.1f} cm of the ECG can be seen.", "Show the whole page.")
    blur_mm = _blur_px(darkness) * page.ink.shape[1] / darkness.shape[1] / STANDARD_PX_PER_MM
    if blur_mm > UNREADABLE_BLUR_MM:
        raise NotScreenableError("The picture is too blurred to be read.", "Hold the camera still and let it focus.")
    checks = (
        (score < limits["doubt_below"], "The traces are hard to tell from other marks: use a clean, flat page."),
        (width_mm < WHOLE_PANEL_MM, "Only a part of the page can be seen: show the whole page."),
        (_is_cut(page), CUT_OFF),
        ((page.px_per_mm or np.inf) < MIN_PX_PER_MM, "The page has few pixels: go nearer, or scan it at 150 dpi."),
        (blur_mm > BLUR_MM, "The picture is blurred: hold the camera still and let it focus."),
        (_paper_brightness(page.photo_rgb) < DARK_PAPER, "The picture is dark: photograph the page in better light."),
    )
    return with_faults(page, *(fault for is_found, fault in checks if is_found))


def check_beats(
    page: PageImage, scores: FloatArray, min_score: float, *, is_named: bool = False, has_speed: bool = False
) -> None:
    """Refuse a page that neither its print nor its strokes nor its beats show clearly to be an ECG.

    Args:
        page: one that passed :func:`assess_quality`.
        scores: of the beats found on it, ``[n]``, 0..1.
        min_score: the detector's threshold.
        is_named: whether its print names leads in a layout.
        has_speed: whether it prints a paper speed.

    Raises:
        NotScreenableError: the page is in doubt, or nothing else speaks for it, and so are its beats.
    """
    has_scale = page.px_per_mm is not None
    if is_named and (has_scale or has_speed):
        return
    may_be_clear = has_scale or has_speed or is_named
    if may_be_clear and page.ecg_logit >= BEATS_BELOW:
        return
    is_pulse = not falls_as_it_rises(page.ink)
    if may_be_clear and not is_pulse and _is_regular(page):
        return
    share = BELIEVED_SHARE_OF_PULSES if is_pulse else BELIEVED_SHARE if may_be_clear else BELIEVED_SHARE_ALONE
    found = scores[scores >= min_score]
    if len(found) < FEWEST_BEATS or float(np.median(found)) < min_score + share * (1 - min_score):
        raise NotScreenableError(*NO_ECG)


def _is_regular(page: PageImage) -> bool:
    """Whether the strokes of a page come again so exactly that they are beats."""
    if (page.strategy or "").endswith("faint_ink") and page.ecg_logit < FAINT_LOGIT:
        return False
    return any(page.periodicity >= regular and page.ecg_logit >= logit for regular, logit in REGULAR)


def with_faults(page: PageImage, *faults: str) -> PageImage:
    """The page with these faults besides those that it has."""
    return replace(page, faults=tuple(dict.fromkeys((*page.faults, *faults))))


def ecg_score(features: FloatArray) -> float:
    """Log-odds that what was measured is an ECG, by a logistic regression on the features and their squares.

    Args:
        features: ``[15]`` from ``trace_features``.
    """
    weights = _weights()
    return float(weights["bias"] + standardised(features[None], weights)[0] @ weights["weights"])


def standardised(features: FloatArray, weights: dict[str, Any]) -> FloatArray:
    """Features ``[n, k]`` in units of their spread, and the squares of these, ``[n, 2 k]``."""
    z = np.clip((features - weights["mean"]) / weights["spread"], -4, 4)
    return np.concatenate([z, z**2 - 1], axis=1)


@lru_cache(maxsize=1)
def _weights() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    columns = [[row[part] for row in read["features"].values()] for part in ("mean", "spread", "linear", "squared")]
    assert tuple(read["features"]) == NAMES
    mean, spread, linear, squared = (np.array(column) for column in columns)
    return {**read, "mean": mean, "spread": spread, "weights": np.concatenate([linear, squared])}


def _is_cut(page: PageImage) -> bool:
    """Whether the panel reaches beyond the picture, or ends with it while a stroke runs over its edge.

    Above and below that is a steep stroke; at the sides a trace, which on a grid may well end with the paper.
    """
    height, width = page.photo_rgb.shape[:2]
    corners = page.frame.corners_photo_xy
    outside_px = max(0.0, -corners.min(), *(corners - (width, height)).max(axis=0))
    panel_px = float(np.ptp(corners[:, 0]))
    if outside_px > OUTSIDE_SHARE * panel_px:
        return True
    edge = round(EDGE_MM * STANDARD_PX_PER_MM)
    strokes = page.ink > STROKE_INK
    ends_with_picture = (corners[:2, 1].min() < 1.5, corners[2:, 1].max() > height - 1.5)
    bands = (strokes[:edge], strokes[-edge:])
    cut = [band.all(axis=0).sum() for band, ends in zip(bands, ends_with_picture, strict=True) if ends]
    if max(cut, default=0) > CUT_COLUMNS_MM * STANDARD_PX_PER_MM:
        return True
    sides = (
        (corners[[0, 3], 0].min() < 1.5, strokes[:, :edge]),
        (corners[1:3, 0].max() > width - 1.5, strokes[:, -edge:]),
    )
    return not page.has_grid and any(ends and bool(band.all(axis=1).any()) for ends, band in sides)


def _blur_px(darkness: ByteArray) -> float:
    """One sigma of the sharpest edges: their contrast over their slope (an ideal edge under a Gaussian)."""
    rows = darkness[::3].astype(np.float32)
    slope = np.abs(rows[:, 2:] - rows[:, :-2])[:, ::2] / 2
    contrast = float(np.quantile(rows[:, ::3], 0.995) - np.median(rows[:, ::3]))
    return contrast / max(float(np.quantile(slope, 0.998)), 1e-3) / float(np.sqrt(2 * np.pi))


def _paper_brightness(photo_rgb: ByteArray) -> float:
    """How bright the lighter parts of the picture are."""
    return float(np.quantile(photo_rgb[::7, ::7].max(axis=2), 0.8))
