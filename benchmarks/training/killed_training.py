"""A cross-validation killed at random moments: does it go on each time, and do its numbers end as if undisturbed?

python -m benchmarks.training.killed_training [--kills 20] [--seed 0]
"""

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg

PATIENTS = 8
FOLDS = 2
SHARE_BEFORE_KILL, MOST_KILLS_A_RUN = 0.8, 12
"""Kills come within so much of an undisturbed run's time; after so many, a run may go on."""
TIMES = ("seconds", "seconds_of_stages", "was_resumed")


def draw_data(folder: Path) -> Path:
    """Draw a page a patient, every other one abnormal, all beats boxed; returns the table that lists them."""
    folder.mkdir()
    abnormal = [kind for kind in KINDS if kind != "normal"]
    table = folder / "table.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "boxes"))
        for patient in range(PATIENTS):
            kind = abnormal[patient % len(abnormal)] if patient % 2 else "normal"
            signals_mv, fs_hz, beats_s = synthetic_ecg(kind, patient)
            page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=3.0), patient, beats_s=beats_s)
            cv2.imwrite(str(folder / f"{patient}.png"), cv2.cvtColor(page.image_rgb, cv2.COLOR_RGB2BGR))
            label = "abnormal" if patient % 2 else "normal"
            writer.writerow((f"{patient}.png", label, f"patient {patient}", json.dumps(page.boxes_xyxy.tolist())))
    return table


def start(data: Path, cache: Path, out: Path) -> subprocess.Popen[bytes]:
    """Start, or go on with, the cross-validation in ``out`` as a process."""
    options = ["--data", data, "--csv", data / "table.csv", "--cache", cache, "--out", out, "--folds", FOLDS]
    options += ["--recipe", "tiny", "--start", "random", "--device", "cpu", "--resume"]
    command = [sys.executable, "-m", "trainer", "crossval", *map(str, options)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> str:
    """Wait for the end; returns what it complained of, empty when all went well."""
    _, errors = process.communicate()
    return "" if process.returncode == 0 else errors.decode("utf-8", "replace")[-500:]


def numbers(out: Path) -> tuple[str, str]:
    """All that a run found, without the time that it took."""
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for facts in summary["fold_facts"]:
        for name in TIMES:
            facts.pop(name)
    return (out / "predictions.csv").read_text(encoding="utf-8"), json.dumps(summary, sort_keys=True)


def stage_reached(out: Path) -> str:
    """Where a killed run stood, by its files."""
    folds = [fold for fold in range(FOLDS) if (out / f"fold-{fold}").exists()]
    if not folds:
        return "before the first fold"
    folder = out / f"fold-{folds[-1]}"
    if (folder / "fold.json").exists():
        return f"after fold {folds[-1]}"
    stages = sorted(path.name.removesuffix(".history.json") for path in folder.glob("*.history.json"))
    return f"fold {folds[-1]}, kept: {', '.join(stages) or 'nothing yet'}"


def main() -> int:
    """Run the benchmark; exit 0 when every killed run ended with the undisturbed one's numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    same = 0
    with tempfile.TemporaryDirectory(prefix="ecg-killed-") as name:
        root = Path(name)
        draw_data(root / "data")
        arguments = root / "data", root / "cache"
        finish(start(*arguments, root / "warm"))  # pages are prepared, the program is in the disk's cache
        began = time.monotonic()
        complaint = finish(start(*arguments, root / "undisturbed"))
        lasts_s = time.monotonic() - began
        if complaint:
            print(f"The undisturbed run failed: {complaint}")
            return 1
        expected = numbers(root / "undisturbed")
        print(f"undisturbed: {lasts_s:.1f} s")
        kills = runs = 0
        while kills < options.kills:
            runs += 1
            killed = kill_until_it_ends(arguments, root / f"run-{runs}", lasts_s * SHARE_BEFORE_KILL, rng)
            complaint = finish(start(*arguments, root / f"run-{runs}"))
            is_same = not complaint and numbers(root / f"run-{runs}") == expected
            same += is_same
            kills += len(killed)
            outcome = "same numbers" if is_same else complaint or "OTHER NUMBERS"
            print(f"run {runs}, {kills} kills by now: {'; '.join(killed) or 'not killed'}: {outcome}", flush=True)
            shutil.rmtree(root / f"run-{runs}")
    print(f"{same} of {runs} runs, killed {kills} times, ended with the undisturbed run's numbers")
    return 0 if same == runs else 1


def kill_until_it_ends(arguments: tuple[Path, Path], out: Path, within_s: float, rng: random.Random) -> list[str]:
    """Kill one run again and again, each time at a random moment, until it ends first; returns where it stood."""
    killed: list[str] = []
    while True:
        process = start(*arguments, out)
        time.sleep(rng.uniform(0, within_s))
        has_ended = process.poll() is not None
        process.kill()
        process.communicate()
        if has_ended or len(killed) == MOST_KILLS_A_RUN:
            return killed
        killed.append(stage_reached(out))


if __name__ == "__main__":
    sys.exit(main())
