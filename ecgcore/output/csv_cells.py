"""Cells of a CSV that a spreadsheet shows as text and never takes for a formula, and their way back.

A cell that begins with one of ``=+-@`` is computed by Excel, LibreOffice and others, so that a file's name could send
what stands beside it to another host (OWASP, "CSV Injection"). An apostrophe before it makes it text.
"""

import re

_COMPUTED = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""What begins like a formula, with or without apostrophes before it: each of these gets one more, so that ``from_cell``
knows how many there were."""
_GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")


def to_cell(text: str) -> str:
    """``text`` as a cell; numbers are to be written as numbers."""
    return f"'{text}" if _COMPUTED.match(text) else text


def from_cell(cell: str) -> str:
    """The text of a cell that ``to_cell`` wrote, or that a person wrote by the same habit."""
    return cell[1:] if _GUARDED.match(cell) else cell
