"""How the six limb leads follow from any two of them."""

from collections.abc import Mapping

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import LEADS

LIMB_LEADS = LEADS[:6]

_FROM_I_AND_II = dict(
    zip(LIMB_LEADS, ((1.0, 0.0), (0.0, 1.0), (-1.0, 1.0), (-0.5, -0.5), (1.0, -0.5), (-0.5, 1.0)), strict=True)
)
"""Each limb lead as so much of I and of II: III = II - I (Einthoven 1912), aVR = -(I + II) / 2 and so on (Goldberger
1942)."""


def missing_limb_leads(leads_mv: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The limb leads that are not there, from two that are; none where fewer than two are there.

    Args:
        leads_mv: samples on one time axis by the lead's name, ``[n]`` each, NaN where not recorded.
    """
    known = [lead for lead in LIMB_LEADS if lead in leads_mv]
    if len(known) < 2:
        return {}
    two = known[:2]
    i_and_ii = np.linalg.solve(np.array([_FROM_I_AND_II[lead] for lead in two]), np.stack([leads_mv[k] for k in two]))
    return {lead: np.array(_FROM_I_AND_II[lead]) @ i_and_ii for lead in LIMB_LEADS if lead not in leads_mv}
