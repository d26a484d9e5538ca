"""A digital ECG as this program takes it: named leads in millivolts on one time axis, and nothing of the patient."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.lead_layout import LEADS

EXPORT = "Export the ECG as PDF, HL7 aECG or DICOM waveform from the program that made it."
PAGE_S = 10.0
"""What a page of paper shows of a recording."""
FEW_LEADS, FEW_LEADS_S = 2, 60.0
"""So few leads, as a watch records them, are written in rows one below the other, so many seconds in all."""


@dataclass(frozen=True)
class Recording:
    """The part of a digital ECG that a page shows.

    Args:
        format: what kind of file it came from, in plain words.
        leads: names in the order of ``LEADS``; as the file calls them where none is one of the twelve.
        leads_mv: ``float32 [l, n]``, NaN where a lead was not recorded.
        fs_hz: sampling rate.
        duration_s: of the whole recording.
        start_s: where in it the part begins.
        notes: what a reader should know of it, in plain words.
    """

    format: str
    leads: tuple[str, ...]
    leads_mv: npt.NDArray[np.float32]
    fs_hz: float
    duration_s: float
    start_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def shown_s(self) -> float:
        """How long the part is."""
        return int(self.leads_mv.shape[1]) / self.fs_hz

    @property
    def is_named(self) -> bool:
        """Whether its leads are of the twelve."""
        return all(lead in LEADS for lead in self.leads)

    def to_json(self) -> dict[str, object]:
        """Where the page came from, for contract 1; without samples."""
        return {
            "format": self.format,
            "leads": list(self.leads),
            "fs_hz": round(self.fs_hz, 3),
            "duration_s": round(self.duration_s, 3),
            "start_s": round(self.start_s, 3),
            "shown_s": round(self.shown_s, 3),
        }
