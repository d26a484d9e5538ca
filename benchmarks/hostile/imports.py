"""Mutated label files, waveforms and bundles through the importers: errors without a type, and pages that do not open.

python -m benchmarks.hostile.imports --count 2000

Half are data sets of every format and WFDB records, half bundles. JSON is mutated by its values, everything else by its
bytes. What is taken in lies in one data folder, on which all five pages are opened at the end.
"""

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import wfdb
from PIL import Image
from streamlit.testing.v1 import AppTest

from annotations.exchange.drawn_records import import_records
from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.page import ExchangePage
from annotations.exchange.import_export import import_from
from annotations.model import LabelledBox, Reading
from annotations.store import Store
from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.errors import EcgError
from ecgcore.networks.build import Networks
from ecgcore.networks.configs import DetectorConfig, FusionConfig, GlobalConfig, LocalConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.operating_point import OperatingPoint
from ecgcore.page.decode.read import picture_hash
from ecgcore.papersim import LEADS, synthetic_ecg
from ecgcore.types import Box
from tests.support.app_pages import APP
from tests.support.hostile_values import mutated, mutated_bytes
from trainer.registry import bundles
from trainer.registry.bundle_file import import_bundle
from trainer.registry.unusable import unusable_bundles

PAGES = ("screen", "review", "dataset", "training", "models")
SLOW_S = 10.0
FIGURES = {"some_set": {"fused": {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95}, "n_normal": {"value": 9}}}}


class Tally:
    """What became of the files."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.untyped = 0
        self.slowest_s = 0.0

    def take(self, kind: str, work: Callable[[], object]) -> None:
        """Do one import and note how it ended."""
        began = time.monotonic()
        try:
            work()
            self.outcomes[f"{kind} taken"] += 1
        except EcgError:
            self.outcomes[f"{kind} refused"] += 1
        except Exception as error:  # noqa: BLE001 - that there is any other is what is looked for
            self.untyped += 1
            print(f"{kind}: {type(error).__name__}: {error}"[:500], file=sys.stderr)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def write_data_sets(folder: Path) -> None:
    """An honest data set of every format, and a WFDB record."""
    draw, pages = np.random.default_rng(0), []
    (folder / "pictures").mkdir(parents=True)
    for number in range(2):
        file = folder / "pictures" / f"{number}.png"
        photo_rgb = draw.integers(0, 256, (240, 320, 3), dtype=np.uint8)
        Image.fromarray(photo_rgb).save(file)
        boxes = (LabelledBox("a", Box(10, 20, 60, 90), "normal"), LabelledBox("b", Box(80, 20, 130, 90)))
        reading = Reading("normal", boxes, True, frozenset(), "a comment")
        pages.append(ExchangePage(file.name, file, picture_hash(photo_rgb), 320, 240, "MRN 1", reading))
    for name, form in FORMATS.items():
        form.save(folder / name, [replace(page, name=f"{name}-{page.name}") for page in pages])
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 3)
    (folder / "wfdb").mkdir()
    wfdb.wrsamp("one", fs=fs_hz, units=["mV"] * 12, sig_name=list(LEADS), p_signal=signals_mv.T, fmt=["16"] * 12,
                write_dir=str(folder / "wfdb"))  # fmt: skip


def write_bundle(folder: Path) -> None:
    """A bundle of tiny networks."""
    local, global_ = LocalConfig(px=32, width=16), GlobalConfig(px_per_mm=0.5, growth_rate=4, block_config=(1, 1, 1, 1))
    head = FusionHead(FusionConfig("mean", 8, global_.feature_dim, local.feature_dim))
    detector = BeatDetector(DetectorConfig(width=0.03, px_per_mm=2.0, hidden=16, max_beats=12))
    nets = Networks(detector, LocalNet(local), GlobalNet(global_), head)
    seen = [("0" * 64, "group-a", "record-a"), ("1" * 64, "", "")]
    provenance = Provenance(version="honest", recipe={"name": "tiny"}, trained_on=seen, metrics=FIGURES)
    save_bundle(folder, nets, OperatingPoint(0.5, 1.0, 0.3, 0.7), provenance)


def import_data_set(store: Store, honest: Path, name: str, draw: random.Random) -> None:
    """Import one mutated data set."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / name
        shutil.copytree(honest / name, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        labels = [path for path in files if path.suffix != ".png"] or files
        for file in draw.sample(labels, min(len(labels), draw.randint(1, 2))):
            content = file.read_bytes()
            if file.suffix == ".json" and draw.random() < 0.8:
                file.write_text(json.dumps(mutated(json.loads(content), draw)))
            else:
                file.write_bytes(mutated_bytes(content, draw))
        if name == "wfdb":
            import_records(store, folder)
        else:
            import_from(store, FORMATS[name], folder, "Ada", whole_or_nothing=draw.random() < 0.1)


def import_mutated_bundle(store: Store, honest: Path, draw: random.Random) -> None:
    """Import one mutated bundle."""
    content = {path.name: path.read_bytes() for path in sorted(honest.iterdir())}
    if draw.random() < 0.8:
        manifest = mutated(json.loads(content["bundle.json"]), draw)
        if isinstance(manifest, dict) and manifest.get("version") == "honest":
            manifest["version"] = f"mutant-{draw.randrange(10**9)}"
        content["bundle.json"] = json.dumps(manifest).encode()
    else:
        name = draw.choice(sorted(content))
        content[name] = mutated_bytes(content[name], draw)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    packed = stream.getvalue()
    import_bundle(store, io.BytesIO(mutated_bytes(packed, draw) if draw.random() < 0.1 else packed))


def pages_that_fail(folder: Path) -> Sequence[str]:
    """Which of the app's pages have a traceback on this data folder."""
    failed = []
    with patch.dict("os.environ", {"ECG_DATA_DIR": str(folder)}):
        app = AppTest.from_file(str(APP), default_timeout=600)
        app.session_state["person"] = "Ada"
        app.run()
        for page in PAGES:
            app.switch_page(f"pages/{page}.py").run()
            failed += [f"{page}: {error.message} {error.stack_trace[-1:]}" for error in app.exception]
    return failed


def main() -> int:
    """Print how the files ended; 1 where one ended without a typed error or a page does not open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, tally = random.Random(options.seed), Tally()
    with tempfile.TemporaryDirectory() as temporary:
        honest, store = Path(temporary) / "honest", Store(Path(temporary) / "data")
        store.add_person("Ada")
        write_data_sets(honest)
        write_bundle(honest / "bundle")
        for number in range(options.count):
            if number % 2:
                tally.take("bundle", lambda: import_mutated_bundle(store, honest / "bundle", draw))
            else:
                name = draw.choice([*FORMATS, "wfdb"])
                tally.take(name, lambda name=name: import_data_set(store, honest, name, draw))
        print(f"outcomes: {dict(sorted(tally.outcomes.items()))}")
        print(f"models taken: {len(bundles(store)) - 1}, of which unusable: {len(unusable_bundles(store))}")
        failed = pages_that_fail(store.folder)
    print("\n".join(failed), file=sys.stderr)
    is_slow = tally.slowest_s > SLOW_S
    print(f"untyped errors: {tally.untyped} of {options.count}; pages that fail: {len(failed)} of {len(PAGES)}; "
          f"slowest import {tally.slowest_s:.1f} s")  # fmt: skip
    return int(tally.untyped > 0 or bool(failed) or is_slow)


if __name__ == "__main__":
    sys.exit(main())
