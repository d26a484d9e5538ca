"""Fits the gate's weights (``ecgcore/page/quality/gate.json``) on ink that is drawn here.

python -m fits.page_gate.weights --ptbxl DIR

Half of the ECGs are records of PTB-XL that starters train on, half artificial ones, rare rhythms among them. All is
drawn straight onto the standard panel raster and worn there: turned, torn, specked, blurred, thickened.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ecgcore.page.ink import keep_strokes
from ecgcore.page.quality.features import NAMES, trace_features
from ecgcore.page.quality.gate import WEIGHTS, standardised
from ecgcore.papersim import KINDS, LAYOUT_ROWS, LEADS, synthetic_ecg
from ecgcore.types import ByteArray, FloatArray
from fits.page_gate.drawn import NO_ECG_SHEETS, NO_ECG_SIGNALS, rare_rhythm
from fits.page_gate.figures import NO_ECG_CURVES, NO_ECG_INKS
from trainer.starter.pages import split_records
from trainer.starter.public_datasets import load_ptbxl

PAIRS = 520
RECORDS = 300
FS_HZ = 250.0
RIDGE = 0.1
REFUSE_BELOW = -3.0
"""Log-odds below which a page is refused for its strokes alone; from there to the limit of doubt its beats decide."""
LOST_DOUBTED = 0.03
"""Share of the ECGs, out of fold, below the limit of doubt."""
STRIPS = 0.15
"""Share of the drawings of signals that show one to four of their leads."""
FOLDS = 5
_PITCH_MM = {1: (18, 45), 2: (18, 45), 3: (24, 42), 4: (20, 40), 6: (14, 28), 7: (13, 24), 12: (10, 18)}


def panel_ink(signals_mv: FloatArray, fs_hz: float, rng: np.random.Generator) -> ByteArray:
    """Draw twelve signals as rows of a random layout, at a scale that is a few percent wrong, with lead numbers."""
    layout = list(LAYOUT_ROWS.values())[rng.integers(len(LAYOUT_ROWS))]
    if rng.random() < STRIPS:  # a few rows of one lead each, as monitors and watches print
        layout = tuple((int(lead),) for lead in rng.choice(12, int(rng.integers(1, 5)), replace=False))
    speed = 25 * (1 if rng.random() < 0.93 else 2) * np.exp(rng.normal(0, 0.08))
    gain = 10 * rng.choice([0.5, 1, 2], p=[0.1, 0.8, 0.1]) * np.exp(rng.normal(0, 0.08))
    pitch = rng.uniform(*_PITCH_MM[len(layout)])
    duration_s = min(10.0, signals_mv.shape[1] / fs_hz, 250 / speed)
    width, height = int(duration_s * speed * 4) + 40, int(pitch * len(layout) * 4) + 20
    large = np.zeros((2 * height, 2 * width), np.uint8)
    names = [str(number) for number in range(12)] if rng.random() < 0.4 else LEADS
    thickness = max(1, round(rng.uniform(0.15, 0.5) * 8))
    for number, row in enumerate(layout):
        for column, lead in enumerate(row):
            column_s = duration_s / len(row)
            first = int(column * column_s * fs_hz) if len(row) > 1 else 0
            value_mv = signals_mv[lead, first : first + int(column_s * fs_hz)]
            x = 20 + (column * column_s + np.arange(len(value_mv)) / fs_hz) * speed * 4
            y = 10 + (number + 0.5) * pitch * 4 - (value_mv - np.median(value_mv)) * gain * 4
            points = np.round(np.column_stack([x, y]) * 2 * 16).astype(np.int32).reshape(-1, 1, 2)
            cv2.polylines(large, [points], False, 255, thickness, cv2.LINE_AA, shift=4)
            if rng.random() < 0.8:
                at = (int(2 * x[0]), int(2 * (10 + (number + 0.3) * pitch * 4)))
                cv2.putText(large, names[lead], at, 0, 0.8, 255, 2)
    _print_around(large, rng, 2 * pitch * 4, len(layout), 2 * speed * 4)
    return np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _print_around(ink: ByteArray, rng: np.random.Generator, pitch_px: float, rows: int, second_px: float) -> None:
    """What some machines print besides: a frame, lines between the columns, the seconds below each row."""
    height, width = ink.shape
    if rng.random() < 0.12:
        cv2.rectangle(ink, (2, 2), (width - 3, height - 3), 255, 2)
    if rng.random() < 0.12:
        for x in np.linspace(0, width, int(rng.integers(3, 6)))[1:-1]:
            cv2.line(ink, (int(x), 0), (int(x), height), 255, 2)
    if rng.random() < 0.15:
        for second, x in enumerate(np.arange(40, width - 40, second_px)):
            for row in range(rows):
                cv2.putText(ink, str(second), (int(x), int((row + 0.97) * pitch_px)), 0, 0.7, 255, 2)


def sheet_ink(sheet_rgb: ByteArray, rng: np.random.Generator) -> ByteArray:
    """What is darker than the sheet, at a scale near that of the standard raster."""
    dark = 255 - sheet_rgb.min(axis=2)
    dark = np.clip(dark.astype(int) - int(np.median(dark)), 0, 255)
    scale = rng.uniform(0.8, 1.3)
    strokes = np.where(dark < 90, 0, np.clip(dark * 1.5, 0, 255)).astype(np.uint8)
    return np.asarray(cv2.resize(strokes, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def worn(ink: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Wear ink as flattened photographs are: turned a little, with specks and holes, blurred, thick."""
    height, width = ink.shape
    if rng.random() < 0.4:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 1.2), np.exp(rng.normal(0, 0.1)))
        ink = np.asarray(cv2.warpAffine(ink, turn, (width, height)), dtype=np.uint8)
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(5, 300))):
            x, y = int(rng.integers(width)), int(rng.integers(height))
            w, h = int(rng.integers(1, 12)), int(rng.integers(1, 8))
            ink[y : y + h, x : x + w] = 255 if rng.random() < 0.6 else 0
    if rng.random() < 0.3:
        blurred = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.5, 1.1))
        ink = np.clip(blurred * 1.6, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        ink = np.asarray(cv2.dilate(ink, np.ones((2, 2), np.uint8)), dtype=np.uint8)
    return keep_strokes(np.ascontiguousarray(ink))


def ecg_ink(number: int, records_mv: list[FloatArray]) -> ByteArray:
    """One ECG, from a record or artificial in turn."""
    rng = np.random.default_rng([1, number])
    fs_hz, kinds = FS_HZ, [*KINDS, "vt", "flutter", "slow", "low"]
    kind = kinds[number // 2 % len(kinds)]
    if number % 2 == 0:
        signals_mv = records_mv[number // 2 * 7 % len(records_mv)]
    elif kind in KINDS:
        signals_mv, fs_hz, _ = synthetic_ecg(kind, int(rng.integers(2**31)), fs_hz=FS_HZ)
    else:
        signals_mv = rare_rhythm(rng, kind)
    return worn(panel_ink(signals_mv, fs_hz, rng), rng)


def other_ink(number: int) -> ByteArray:
    """One drawing that is no ECG; signals come twice as often as sheets."""
    rng = np.random.default_rng([51, number])
    kinds: list[Callable[[np.random.Generator], ByteArray]] = [
        *(_drawn(make) for make in NO_ECG_SIGNALS.values()),
        *(lambda rng, draw=draw: sheet_ink(draw(rng), rng) for draw in NO_ECG_SHEETS.values()),
        *(_drawn(make) for make in NO_ECG_SIGNALS.values()),
        *(_drawn(make) for make in NO_ECG_CURVES.values()),
        *NO_ECG_INKS.values(),
        NO_ECG_INKS["charts"],
    ]
    return worn(kinds[number % len(kinds)](rng), rng)


def _drawn(make: Callable[[np.random.Generator, int], FloatArray]) -> Callable[[np.random.Generator], ByteArray]:
    return lambda rng: panel_ink(make(rng, round(10 * FS_HZ)), FS_HZ, rng)


def fit(features: FloatArray, is_ecg: FloatArray) -> dict[str, FloatArray]:
    """Ridge logistic regression on standardised features and their squares, by Newton's method."""
    scale = {"mean": features.mean(axis=0), "spread": np.maximum(features.std(axis=0), 0.05)}
    design = np.column_stack([np.ones(len(features)), standardised(features, scale)])
    penalty = RIDGE * np.diag([0.0, *np.ones(design.shape[1] - 1)])

    def loss(weights: FloatArray) -> float:
        signed = (1 - 2 * is_ecg) * (design @ weights)
        return float(np.logaddexp(0, signed).sum() + weights @ penalty @ weights / 2)

    weights = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        curvature = (design * np.maximum(p * (1 - p), 1e-6)[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, design.T @ (is_ecg - p) - penalty @ weights)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-9:
            step = step / 2  # whole steps overshoot where the classes part well
        weights = weights + step
    return {**scale, "bias": weights[:1], "weights": weights[1:]}


def scores(features: FloatArray, fitted: dict[str, FloatArray]) -> FloatArray:
    """Log-odds of being an ECG."""
    result: FloatArray = fitted["bias"] + standardised(features, fitted) @ fitted["weights"]
    return result


def fit_and_write(features: FloatArray, is_ecg: FloatArray, path: Path) -> None:
    """Fit on everything, set the limits by out-of-fold scores, write the file and print how well the classes part."""
    fold, out_of_fold = np.arange(len(is_ecg)) // 2 % FOLDS, np.zeros(len(is_ecg))
    for held_out in range(FOLDS):
        fitted = fit(features[fold != held_out], is_ecg[fold != held_out])
        out_of_fold[fold == held_out] = scores(features[fold == held_out], fitted)
    of_ecgs, of_others = out_of_fold[is_ecg == 1], out_of_fold[is_ecg == 0]
    doubt_below = float(np.quantile(of_ecgs, LOST_DOUBTED))
    fitted = fit(features, is_ecg)
    linear, squared = np.split(fitted["weights"], 2)
    columns = zip(NAMES, fitted["mean"], fitted["spread"], linear, squared, strict=True)
    content = {
        "made_by": "python -m fits.page_gate.weights",
        "refuse_below": REFUSE_BELOW,
        "doubt_below": round(doubt_below, 3),
        "bias": round(float(fitted["bias"][0]), 4),
        "features": {
            name: dict(zip(("mean", "spread", "linear", "squared"), np.round(row, 4).tolist(), strict=True))
            for name, *row in columns
        },
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{len(is_ecg)} drawings, out of fold: {(of_others < REFUSE_BELOW).mean():.3f} of the others are refused")
    print(f"and {(of_ecgs < REFUSE_BELOW).mean():.3f} of the ECGs; in doubt below {doubt_below:.2f}")


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True)
    options = parser.parse_args()
    labelled = [record for record in load_ptbxl(options.ptbxl) if record.label is not None]
    records_mv = [record.signals_mv for record in split_records(labelled)[0][:RECORDS]]
    drawn = [ink for number in range(PAIRS) for ink in (ecg_ink(number, records_mv), other_ink(number))]
    fit_and_write(np.array([trace_features(ink) for ink in drawn]), np.tile([1.0, 0.0], PAIRS), WEIGHTS)


if __name__ == "__main__":
    main()
