"""Memory that is free goes back to the system."""

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Give what was freed back to the system, where the C library keeps it (glibc): some 30 ms.

    A page of 2213 x 1572 px leaves 300 MB of freed arrays in the C library's hands; among them lie small ones that
    stay, so that the next page takes further room.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], object] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return None
