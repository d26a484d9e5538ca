"""The frontal axis of the QRS, from its net area in whichever limb leads were read."""

import numpy as np

from ecgcore.measurements import ByLead

LIMB_LEAD_DEG_STRENGTH = {
    "I": (0.0, 1.0),
    "II": (60.0, 1.0),
    "III": (120.0, 1.0),
    "aVR": (-150.0, 3**0.5 / 2),
    "aVL": (-30.0, 3**0.5 / 2),
    "aVF": (90.0, 3**0.5 / 2),
}
"""Direction of each limb lead (Einthoven's triangle, Bailey's hexaxial system), and how strongly it sees a dipole along
it (Goldberger's leads are smaller)."""
INDETERMINATE_MV_S = 0.004
"""A net area below this, a tenth of a usual one, has no direction."""


def frontal_axis_deg(net_area_mv_s: ByLead) -> float | None:
    """Direction of the dipole that fits the limb leads best, over -180 to 180 degrees, 0 along I, 90 along aVF.

    None where fewer than two limb leads are known, or where the areas cancel (an indeterminate axis). AHA/ACCF/HRS part
    III (Circulation 2009; 119:e235-e240) takes the axis as the QRS's main direction in the frontal plane.
    """
    known = [
        (*LIMB_LEAD_DEG_STRENGTH[lead], area)
        for lead in LIMB_LEAD_DEG_STRENGTH
        if (area := net_area_mv_s[lead]) is not None
    ]
    if len(known) < 2:
        return None
    degrees, strength, area = np.array(known).T
    lead_axes = strength[:, None] * np.column_stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    (x, y), *_ = np.linalg.lstsq(lead_axes, area, rcond=None)
    if np.hypot(x, y) < INDETERMINATE_MV_S:
        return None
    return float(np.degrees(np.arctan2(y, x)))
