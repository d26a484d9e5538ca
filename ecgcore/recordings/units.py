"""What files call their unit of voltage, in millivolts."""

_MV = {"nv": 1e-6, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "mv": 1.0, "v": 1e3}
_WORDS = {"nanovolt": "nv", "microvolt": "uv", "microv": "uv", "millivolt": "mv", "volt": "v"}


def mv_per(unit: str) -> float | None:
    """Millivolts in one of the unit; None where it is none of voltage.

    Args:
        unit: as in the file: ``uV``, ``µV``, ``MICROVOLTS``, ``mV``.
    """
    word = unit.strip().lower()
    return _MV.get(_WORDS.get(word.rstrip("s"), word))
