"""Small copies of WFDB data sets for the trainer's tests."""

from pathlib import Path

import numpy as np
import wfdb

from ecgcore.papersim import LEADS, synthetic_ecg
from trainer.starter.public_datasets import Record


def write_ludb_record(folder: Path, number: int = 1) -> Record:
    """Write one artificial record as LUDB publishes them, marked lead by lead; lead II lacks the T of one beat."""
    name = str(number)
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 2 + number)
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name, fs=fs_hz, units=["mV"] * 12, sig_name=[n.lower() for n in LEADS], p_signal=signals_mv.T, fmt=["16"] * 12,
        write_dir=str(folder),
    )  # fmt: skip
    for lead in LEADS:
        samples, symbols = [], []
        for index, (onset_s, end_s) in enumerate(beats_s[0]):
            marks = [(onset_s, "("), (onset_s + 0.04, "p"), (onset_s + 0.08, ")")]
            marks += [(onset_s + 0.12, "("), (onset_s + 0.16, "N"), (onset_s + 0.2, ")")]
            if not (lead == "II" and index == 3):  # one beat without a marked T
                marks += [(onset_s + 0.28, "("), (end_s - 0.05, "t"), (end_s, ")")]
            samples += [round(t * fs_hz) for t, _ in marks]
            symbols += [s for _, s in marks]
        # LUDB's extensions hold digits (".v1"), which wfdb reads but refuses to write.
        wfdb.wrann(name, "lead", np.array(samples), symbol=symbols, write_dir=str(folder))
        (folder / f"{name}.lead").rename(folder / f"{name}.{lead.lower()}")
    return Record(f"ludb:{name}", f"ludb:{name}", None, signals_mv, fs_hz, beats_s)


def _header(first: str, signal: str = "bad.dat 16 1000/mV 16 0 0 0 0") -> str:
    return "\n".join([first, *(f"{signal} {lead}" for lead in LEADS), ""])


BAD = {
    "44 GiB": (_header("bad 12 500 500000000"), "damaged"),
    "no frequency": (_header("bad 12 0 5000"), "0 samples a second"),
    "too high": (_header("bad 12 1e9 5000"), "samples a second"),
    "itself": ("bad/2 12 500 5000\nbad 2500\nbad 2500\n", "segments in segments"),
    "a missing segment": ("bad/2 12 500 5000\nx 2500\n~ 2500\n", "missing"),
    "many segments": (f"bad/{10**9} 12 500 5000\nx 2500\n", ""),
    "outside": (_header("bad 12 500 5000", "../../secret.dat 16 1000/mV 16 0 0 0 0"), "damaged"),
    "absolute": (_header("bad 12 500 5000", "/etc/passwd 16 1000/mV 16 0 0 0 0"), "damaged"),
    "many samples a frame": (_header("bad 12 500 5000", "bad.dat 16x10000000 1000/mV 16 0 0 0 0"), "cannot be read"),
    "a long skew": (_header("bad 12 500 5000", "bad.dat 16:1000000000 1000/mV 16 0 0 0 0"), "cannot be read"),
    "no signal": ("bad 0 500 5000\n", "0 signals"),
    "a billion signals": ("bad 1000000000 500 5000\n", ""),
    "no gain": (_header("bad 12 500 5000", "bad.dat 16 0/mV 16 0 0 0 0"), ""),
    "an unknown format": (_header("bad 12 500 5000", "bad.dat 99 1000/mV 16 0 0 0 0"), ""),
    "words": ("what is this\n", ""),
    "nothing": ("", ""),
    "a long line": ("bad " + "1" * 5000 + " 500 5000\n", ""),
}
"""By what is wrong with it, a header, and words of its refusal."""
