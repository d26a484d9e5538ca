"""How much one import may hold: enough for any collection that people read, and a few seconds' work to refuse more."""

MAX_LABEL_BYTES = 64 * 10**6
"""Of a file of labels for many pages."""
MAX_PAGE_LABEL_BYTES = 2 * 10**6
"""Of a file of labels for one page."""
MAX_PAGES = 20_000
MAX_ALL_BOXES = 250_000
"""Of all pages together."""
MAX_FILES = 100_000
"""Below the folder that is looked through."""
MAX_NESTED, MAX_VALUES = 3_000_000, 10_000_000
"""Objects and lists, and values, of a JSON text or a table: small ones take a hundred times their text in memory."""
MAX_TEXT, MAX_COMMENT = 2000, 50_000
"""Characters of a name or key, and of a comment."""
MAX_REFUSALS = 1000
"""That are told one by one; others are counted."""
SPLIT = "Split it into smaller parts."
"""What to do with more."""
