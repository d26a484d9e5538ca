"""The same ECG as a recording and as a page: are decision, probability and rate the same?

PTB-XL records of its fold 9 are written as DICOM waveform, HL7 aECG, SCP-ECG and GE MUSE, and as a page (3x4 and a
rhythm strip at 25 mm/s and 10 mm/mV) that another program, ecg-plot, draws: as a PDF, and as a PNG of 200 dpi. All are
screened as files, and every pair of files of a record is compared.

    python -m benchmarks.page.recordings --ptbxl DIR [--records 20] [--bundle DIR] [--json OUT.json]
"""

import argparse
import io
import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import ecg_plot
import matplotlib as mpl

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.lead_layout import LEADS
from ecgcore.pipeline import screen_pages
from ecgcore.types import Prediction
from tests.support.recording_files import aecg_file, dicom_file, muse_file
from tests.support.scp_files import scp_file
from trainer.starter.public_datasets import Record, load_ptbxl

mpl.use("Agg")

FOLD = 9
PNG_DPI = 200
P_WITHIN, BPM_WITHIN = 0.05, 1.0
RECORDINGS = ("dicom", "aecg", "scp", "muse")


@dataclass(frozen=True)
class Pair:
    """Two files of one record, and where they differ."""

    record: str
    files: str
    decisions: tuple[str | None, str | None]
    p_difference: float | None
    bpm_difference: float | None

    @property
    def is_same(self) -> bool:
        """Same decision, and probability and rate within the bounds."""
        p, bpm = self.p_difference, self.bpm_difference
        return (
            self.decisions[0] == self.decisions[1]
            and p is not None
            and p <= P_WITHIN
            and (bpm is not None and bpm <= BPM_WITHIN)
        )


def files_of(record: Record) -> dict[str, bytes]:
    """The record in every form.

    Args:
        record: of ten seconds.
    """
    writers = {"dicom": dicom_file, "aecg": aecg_file, "scp": scp_file, "muse": muse_file}
    files = {name: write(record.signals_mv, record.fs_hz) for name, write in writers.items()}
    chart = ecg_plot.plot(
        record.signals_mv, sample_rate=record.fs_hz, lead_names=list(LEADS), title="ECG", layout="12lead",
        time_mode="sequential", rhythm_lead="II",
    )  # fmt: skip
    figure, _ = chart.to_matplotlib()
    for kind in ("pdf", "png"):
        saved = io.BytesIO()
        figure.savefig(saved, format=kind, dpi=PNG_DPI)
        files[kind] = saved.getvalue()
    return files


def compare(record: Record, bundle: Bundle) -> list[Pair]:
    """Screen a record in every form and compare each two.

    Args:
        record: of ten seconds.
        bundle: which screens it.
    """
    said = {
        name: next(iter(screen_pages(content, bundle, file=f"ecg.{name}")))[0]
        for name, content in files_of(record).items()
    }
    for name, prediction in said.items():
        print(
            record.source_record, name, prediction.decision or prediction.status, prediction.p_abnormal,
            prediction.heart_rate_bpm, prediction.leads_found, flush=True,
        )  # fmt: skip
    return [_pair(record, (one, said[one]), (other, said[other])) for one, other in combinations(said, 2)]


def _pair(record: Record, one: tuple[str, Prediction], other: tuple[str, Prediction]) -> Pair:
    first, second = one[1], other[1]
    return Pair(
        record.source_record,
        f"{one[0]}-{other[0]}",
        (first.decision, second.decision),
        _difference(first.p_abnormal, second.p_abnormal),
        _difference(first.heart_rate_bpm, second.heart_rate_bpm),
    )


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else abs(one - other)


def _summary(pairs: list[Pair]) -> dict[str, float | int]:
    p = [pair.p_difference for pair in pairs if pair.p_difference is not None]
    bpm = [pair.bpm_difference for pair in pairs if pair.bpm_difference is not None]
    return {
        "pairs": len(pairs),
        "same": sum(pair.is_same for pair in pairs),
        "same decision": sum(pair.decisions[0] == pair.decisions[1] for pair in pairs),
        "probability within": sum(value <= P_WITHIN for value in p),
        "rate within": sum(value <= BPM_WITHIN for value in bpm),
        "largest difference of probability": round(max(p, default=0.0), 4),
        "largest difference of rate": round(max(bpm, default=0.0), 2),
    }


def main() -> None:
    """Write, screen, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True, help="holds ptbxl.npz and ptbxl.csv")
    parser.add_argument("--bundle", type=Path, default=None, help="default: the starter")
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle or starter_folder(), "cpu")
    records = [record for record in load_ptbxl(options.ptbxl) if record.fold == FOLD and record.label is not None]
    pairs = [pair for record in records[: options.records] for pair in compare(record, bundle)]
    kinds = {
        "recordings among each other": [p for p in pairs if set(p.files.split("-")) <= set(RECORDINGS)],
        "a recording and a page": [p for p in pairs if len(set(p.files.split("-")) & set(RECORDINGS)) == 1],
        "PDF and PNG": [p for p in pairs if p.files == "pdf-png"],
    }
    found = {kind: _summary(of_kind) for kind, of_kind in kinds.items()}
    print(json.dumps(found, indent=1))
    for pair in pairs:
        if not pair.is_same:
            print(pair)
    if options.json is not None:
        options.json.write_text(json.dumps({"figures": found, "pairs": [vars(pair) for pair in pairs]}, indent=1))


if __name__ == "__main__":
    main()
