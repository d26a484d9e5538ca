"""Help for one who boxes heartbeats: find beats like a drawn one, snap a box to its beat, hint at the rhythm."""

from ecgcore.assist.hints import (
    Hint,
    rhythm_hints,
)
from ecgcore.assist.similar_beats import (
    Alike,
    find_alike,
)
from ecgcore.assist.snapping import (
    snap,
)

__all__ = [
    "Alike",
    "Hint",
    "find_alike",
    "rhythm_hints",
    "snap",
]
