"""Names of the arrays that travel: what a value is, and in how many bytes."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
"""Coordinates, signals, scores: whatever is calculated with."""
FloatPixels = npt.NDArray[np.float32]
"""Pictures and maps of places in them, whose size counts."""
ByteArray = npt.NDArray[np.uint8]
"""Pictures, ``[H, W, 3]`` or ``[h, w]``, and masks of 0 and 1."""
BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]
"""Places in another array."""
IntArray = npt.NDArray[np.int64]
"""Numbers and counts."""
