"""What files call the leads, and which of the twelve is meant."""

import re

from ecgcore.lead_layout import LEADS

_STANDARD = {lead.upper(): lead for lead in LEADS}
_OTHERWISE = {"D1": "I", "D2": "II", "D3": "III", "DI": "I", "DII": "II", "DIII": "III",
              "L1": "I", "L2": "II", "L3": "III",
              "MLI": "I", "MLII": "II", "MLIII": "III"}  # fmt: skip
"""D: Spanish, French and Portuguese; ML: with the limb electrodes on the trunk (Mason and Likar 1966), as monitors and
Holter recorders have them."""
_AROUND = re.compile(
    r"^(MDC_ECG_LEAD_|MDC_ECG_ELEC_POTL_|ECG[ _]+LEAD[ _]+|LEAD[ _]+|ECG[ _]+|KANAL[ _]+)+", re.IGNORECASE
)
_BEHIND = re.compile(r"\s*[\[(].*$")


def standard_lead(name: str) -> str | None:
    """Which of ``LEADS`` a file means; None for any other channel.

    Args:
        name: as in the file: ``aVR``, ``AVR``, ``Lead I (Einthoven)``, ``MDC_ECG_LEAD_V1``, ``DII``, ``ECG Lead II``.
    """
    bare = _AROUND.sub("", _BEHIND.sub("", name.strip())).upper().replace("-", "").replace(" ", "")
    return _STANDARD.get(bare) or _STANDARD.get(_OTHERWISE.get(bare, "").upper())
