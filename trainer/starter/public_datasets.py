"""Public data sets as published, or in a compact form, read into records and page pictures for the starter bundle."""

import ast
import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from annotations.exchange.wfdb_records import read_marks, read_record
from ecgcore.errors import DataError
from ecgcore.page.decode.read import PICTURE_ENDINGS
from ecgcore.papersim import LEADS
from ecgcore.types import FloatArray

LONGEST_S = 60.0
"""No more of a record is read; both data sets have ten seconds."""
ABNORMAL_SUPERCLASSES = frozenset({"MI", "STTC", "CD", "HYP"})
ABNORMAL_RHYTHMS = frozenset({"AFIB", "AFLT", "BIGU", "PAC", "PACE", "PSVT", "PVC", "STACH", "SVARR", "SVTAC", "TRIGU"})
"""SCP statements of rhythms that a screener must not call normal; PTB-XL's superclasses know no rhythm.

Of 4,006 records 82 of the 1,783 that are NORM alone have one, and 62 without a label. Sinus arrhythmia and sinus
bradycardia are left out: the statements do not tell the harmless ones.
"""
_KHAN_PUBLISHED_FOLDERS = {
    "normal": "normal",
    "abnormal": "abnormal_heartbeat",
    "history": "history_mi",
    "infarction": "mi",
}


@dataclass(frozen=True)
class Record:
    """One digital 12-lead ECG.

    Args:
        source_record: data set and number, by which a bundle remembers what it has seen.
        group: what must stay on one side of a split (the patient where known, else the record).
        label: 0 normal, 1 abnormal, None unknown or mixed.
        signals_mv: ``[12, n]`` in the order of ``LEADS``.
        fs_hz: sampling frequency.
        beats_s: per lead ``[k, 2]``, onset and end of every complete marked beat in seconds; None where nobody marked.
        stretches_s: per lead ``[m, 2]``, stretches in which every beat is marked complete.
        statements: SCP statements and diagnostic superclasses; empty where unknown.
        fold: of the data set's own division by patient; None where it has none.
    """

    source_record: str
    group: str
    label: int | None
    signals_mv: FloatArray
    fs_hz: float
    beats_s: list[FloatArray] | None = None
    stretches_s: list[FloatArray] | None = None
    statements: frozenset[str] = frozenset()
    fold: int | None = None


def screening_label(record: Record) -> int | None:
    """0 normal, 1 abnormal by superclass or by rhythm, None unknown or mixed: what a screening network is taught."""
    return 1 if record.statements & ABNORMAL_RHYTHMS else record.label


@dataclass(frozen=True, slots=True)
class Picture:
    """One published page picture with its label, diagnosis and group."""

    path: Path
    label: int
    diagnosis: str
    group: str


def load_ludb(folder: Path) -> list[Record]:
    """Read the Lobachevsky University Database (Kalyakulina et al. 2020): 12 leads with marked P, QRS and T.

    Args:
        folder: holds the WFDB records, in itself or in a folder below.

    Raises:
        DataError: no record with its annotations is found.
    """
    headers = sorted(folder.rglob("*.hea"), key=lambda path: (len(path.stem), path.stem))
    records = [_ludb_record(path.with_suffix("")) for path in headers if path.with_suffix(".ii").exists()]
    if not records:
        raise DataError(f"{folder} holds no LUDB record.", "Point --ludb to the folder of 1.hea, 1.dat, 1.i and so on.")
    return records


def _ludb_record(stem: Path) -> Record:
    header = stem.with_suffix(".hea")
    signals_mv, fs_hz = read_record(header, LONGEST_S)
    marked = [_complete_beats(read_marks(header, lead.lower()), fs_hz) for lead in LEADS]
    return Record(
        source_record=f"ludb:{stem.name}",
        group=f"ludb:{stem.name}",
        label=None,
        signals_mv=signals_mv,
        fs_hz=fs_hz,
        beats_s=[beats for beats, _ in marked],
        stretches_s=[np.clip(stretches, 0, signals_mv.shape[1] / fs_hz) for _, stretches in marked],
    )


def _complete_beats(annotation: wfdb.Annotation, fs_hz: float) -> tuple[FloatArray, FloatArray]:
    """Complete beats, and the stretches between whose ends every beat is complete.

    A beat runs from P onset, or QRS onset where no P is marked since the beat before, to T end. A QRS without a marked
    T end has no box, and a stretch ends before it.
    """
    waves: list[tuple[str, float, float]] = []
    symbols, samples = annotation.symbol, annotation.sample / fs_hz
    for index, symbol in enumerate(symbols):
        if symbol in "pNt" and 0 < index < len(symbols) - 1:
            opened, closed = symbols[index - 1] == "(", symbols[index + 1] == ")"
            onset_s = samples[index - 1] if opened else np.nan
            waves.append((symbol, float(onset_s), float(samples[index + 1] if closed else np.nan)))
    beats: list[tuple[float, float]] = []
    runs: list[list[tuple[float, float]]] = [[]]
    for index, (symbol, onset_s, _) in enumerate(waves):
        if symbol != "N":
            continue
        before = waves[index - 1] if index and waves[index - 1][0] == "p" else None
        after = waves[index + 1] if index + 1 < len(waves) and waves[index + 1][0] == "t" else None
        start_s = before[1] if before and not np.isnan(before[1]) else onset_s
        end_s = after[2] if after else np.nan
        if np.isnan(start_s) or np.isnan(end_s):
            runs.append([])
            continue
        beats.append((start_s, end_s))
        runs[-1].append((start_s, end_s))
    margin_s = 0.04
    stretches = [(run[0][0] - margin_s, run[-1][1] + margin_s) for run in runs if run]
    return np.array(beats).reshape(-1, 2), np.array(stretches).reshape(-1, 2)


def load_ptbxl(folder: Path) -> list[Record]:
    """Read PTB-XL (Wagner et al. 2020), as published or in the compact form (``ptbxl.npz`` with ``ptbxl.csv``).

    Normal is the superclass NORM alone, abnormal any of MI, STTC, CD, HYP without NORM; others get no label. Groups are
    patients where known.

    Raises:
        DataError: neither form is found in ``folder``.
    """
    if (folder / "ptbxl.npz").exists():
        return list(_ptbxl_compact(folder))
    if (folder / "ptbxl_database.csv").exists():
        return list(_ptbxl_published(folder))
    raise DataError(f"{folder} holds no PTB-XL.", "Point --ptbxl to the folder with ptbxl_database.csv or ptbxl.npz.")


def _ptbxl_compact(folder: Path) -> Iterator[Record]:
    with np.load(folder / "ptbxl.npz", allow_pickle=False) as arrays:
        steps = np.cumsum(arrays["delta"], axis=-1, dtype="int16")
    rows = _read_csv(folder / "ptbxl.csv")
    for row, record_steps in zip(rows, steps, strict=True):
        label = {"normal": 0, "abnormal": 1}.get(row["label"])
        statements = {*row.get("superclasses", "").split("|"), *_codes(row)} - {""}
        yield _ptbxl_record(row, label, statements, record_steps * 0.005, 250.0)


def _ptbxl_published(folder: Path) -> Iterator[Record]:
    superclass = {
        row[""]: row["diagnostic_class"] for row in _read_csv(folder / "scp_statements.csv") if row["diagnostic_class"]
    }
    for row in _read_csv(folder / "ptbxl_database.csv"):
        codes = _codes(row)
        classes = {superclass[code] for code in codes if code in superclass}
        label = 0 if classes == {"NORM"} else 1 if classes and classes <= ABNORMAL_SUPERCLASSES else None
        signals_mv, fs_hz = read_record((folder / row["filename_hr"]).with_suffix(".hea"), LONGEST_S)
        yield _ptbxl_record(row, label, classes | set(codes), signals_mv, fs_hz)


def _codes(row: Mapping[str, str]) -> dict[str, float]:
    """The SCP statements with their likelihoods, as the published table writes them."""
    codes: dict[str, float] = ast.literal_eval(row.get("scp_codes") or "{}")
    return codes


def _ptbxl_record(
    row: Mapping[str, str], label: int | None, statements: Collection[str], signals_mv: FloatArray, fs_hz: float
) -> Record:
    number, patient, fold = (_whole(row.get(name)) for name in ("ecg_id", "patient_id", "fold"))
    fold = _whole(row.get("strat_fold")) if fold is None else fold  # its name in the published table
    group = f"ptbxl:record:{number}" if patient is None else f"ptbxl:patient:{patient}"
    return Record(f"ptbxl:{number}", group, label, signals_mv, fs_hz, statements=frozenset(statements), fold=fold)


def _whole(cell: str | None) -> int | None:
    return int(float(cell)) if cell else None


def load_khan(folder: Path) -> list[Picture]:
    """List the pages of Khan, Hussain and Malik (Mendeley gwbz3fsgp8 v1), as published or with a ``khan.csv``.

    The published folders name the class only; the group is then the picture itself, and copies are found by content.

    Raises:
        DataError: no page is found.
    """
    if (folder / "khan.csv").exists():
        return [
            Picture(folder / "khan" / r["file"], int(r["label"] == "abnormal"), r["diagnosis"], f"khan:{r['group']}")
            for r in _read_csv(folder / "khan.csv")
        ]
    pictures = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURE_ENDINGS:
            name = path.parent.name.lower()
            # "abnormal" contains "normal", and the history folder names the infarction too: most telling word first.
            words = [word for word in ("history", "abnormal", "infarction", "normal") if word in name]
            if words:
                diagnosis = _KHAN_PUBLISHED_FOLDERS[words[0]]
                pictures.append(Picture(path, int(diagnosis != "normal"), diagnosis, f"khan:{path.stem}"))
    if not pictures:
        raise DataError(
            f"{folder} holds no Khan page.", "Point --khan to the folder with khan.csv or the Mendeley folders."
        )
    return pictures


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))
