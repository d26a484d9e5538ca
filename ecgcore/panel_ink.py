"""A panel's ink packed small, so that a result can carry it and nothing need prepare its page again."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray


@dataclass(frozen=True, slots=True)
class PanelInk:
    """The standard panel raster as PNG, lossless and some sixty kilobytes."""

    png: bytes

    @classmethod
    def of(cls, ink: ByteArray) -> "PanelInk":
        """Pack a raster, ``uint8 [h, w]``."""
        _, packed = cv2.imencode(".png", ink, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        return cls(packed.tobytes())

    def raster(self) -> ByteArray:
        """The raster, ``uint8 [h, w]``, as it was."""
        ink = cv2.imdecode(np.frombuffer(self.png, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert ink is not None, "cv2 reads what it wrote"
        return np.asarray(ink, dtype=np.uint8)
