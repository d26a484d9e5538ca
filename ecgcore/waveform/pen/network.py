"""A small network that tells where inside the ink of a column the pen ran.

Four layers along the row, some 37,000 weights; ``python -m fits.pen`` draws the pages and fits them.
"""

from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from ecgcore.geometry.arrays import FloatPixels

WEIGHTS = Path(__file__).with_name("network.safetensors")
STEPS = 5
"""Places in a column of the raster at which the pen is looked for: 2 ms apart at 25 mm/s."""


@cache
def pen_weights() -> tuple[tuple[FloatPixels, FloatPixels], ...]:
    """Kernel ``[k, inputs, outputs]`` and bias ``[outputs]`` of every layer."""
    stored = load_file(WEIGHTS)
    layers = range(len(stored) // 2)
    return tuple((stored[f"{n}.kernel"].astype(np.float32), stored[f"{n}.bias"].astype(np.float32)) for n in layers)


def places_in_ink(features: FloatPixels) -> FloatPixels:
    """Where in each column the pen ran at its ``STEPS`` places, in halves of its ink from the middle down.

    Args:
        features: ``float32 [r, w, f]``, see :func:`ecgcore.waveform.pen.features.pen_columns`.

    Returns:
        ``float32 [r, w, STEPS]``.
    """
    layers = pen_weights()
    values = features
    for number, (kernel, bias) in enumerate(layers):
        reach = len(kernel) // 2
        padded = np.pad(values, ((0, 0), (reach, reach), (0, 0)))
        width = values.shape[1]
        values = sum(padded[:, k : k + width] @ weights for k, weights in enumerate(kernel)) + bias
        if number < len(layers) - 1:
            values = np.maximum(values, 0)
    return values
