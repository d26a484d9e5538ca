"""What people say of pages: drafts, saved revisions, reviews, and which page comes next."""

from annotations.model import (
    Reading,
    Revision,
)
from annotations.readings.drafts import (
    draft_of,
    drop_draft,
    reading_from_json,
    reading_to_json,
    save_draft,
)
from annotations.readings.revisions import (
    head,
    history,
    revision,
    revisions_where,
)
from annotations.readings.saving import (
    add_review,
    add_revision,
    line_head,
    restore_revision,
    review_of_head,
    reviews_of,
    save,
    skip,
)

__all__ = [
    "Reading",
    "Revision",
    "add_review",
    "add_revision",
    "draft_of",
    "drop_draft",
    "head",
    "history",
    "line_head",
    "reading_from_json",
    "reading_to_json",
    "restore_revision",
    "review_of_head",
    "reviews_of",
    "revision",
    "revisions_where",
    "save",
    "save_draft",
    "skip",
]
