"""Help for one who boxes heartbeats: find beats like a drawn one, snap a box to its beat, hint at the rhythm."""

from ecgcore.assist.hints import (
    Hint,
    rhythm_hints,
)
from ecgcore.assist.similar_beats import (
    SimilarBeats,
    find_similar_beats,
)
from ecgcore.assist.snapping import (
    snap,
)

__all__ = [
    "Hint",
    "SimilarBeats",
    "find_similar_beats",
    "rhythm_hints",
    "snap",
]
