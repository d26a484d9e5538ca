"""XML from outside as a tree, within bounds: no entities, no DTDs, no depth or number of elements without end."""

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.recordings.recording import EXPORT

MAX_BYTES = 32 * 2**20
"""Ten minutes of twelve leads as decimal numbers have some 20 MiB."""
MAX_DEPTH, MAX_ELEMENTS = 64, 500_000
"""ECG files are some 15 deep and have some thousands of elements; those of long annotated recordings many more."""
_HEAD_BYTES = 16_384
_BEFORE_XML = b"\xef\xbb\xbf?\r\n\t "
"""A byte order mark, white space, and the question mark that some programs have made of the mark."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PLAIN_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+[\w.:-]+(?:\s+(?:SYSTEM|PUBLIC)(?:\s+(?:"[^"<>]*"|'[^'<>]*'))+)?\s*>""")
"""Names a DTD in another file, which is never fetched, and declares nothing: GE's files have one."""
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_ASIDE = re.compile(rb"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>", re.DOTALL)
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")


class _BoundedTree(TreeBuilder):
    """Builds the tree with bare names, as far as the bounds let it."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise ParseError("too deep or too many elements")
        return super().start(_bare(tag), {_bare(name): value for name, value in attrs.items()})

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(_bare(tag))


def is_xml(data: bytes) -> bool:
    """Whether the bytes begin as an XML document does."""
    return _as_bytes(data[:_HEAD_BYTES])[:1] == b"<"


def root_name(data: bytes) -> str:
    """The bare name of the first element, "" where the document's beginning has none.

    Args:
        data: the document, or its beginning.
    """
    found = _ROOT.search(_ASIDE.sub(b"", _as_bytes(data[:_HEAD_BYTES])))
    return re.split(r"[.:]", found[1].decode("utf-8", "replace"))[-1] if found else ""


def xml_tree(data: bytes, name: str) -> Element:
    """The document's root; names of elements and attributes without their namespaces.

    Args:
        data: the document.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is too large, too deep, damaged, or declares entities or a DTD.
    """
    if len(data) > MAX_BYTES:
        raise UnreadablePictureError(f"{name} is an XML file of over {MAX_BYTES // 2**20} MiB.", EXPORT)
    document = _PLAIN_DOCTYPE.sub(b"", _as_bytes(data), count=1)
    parser = DefusedXMLParser(target=_BoundedTree(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(document)
        root: Element = parser.close()
    except DefusedXmlException as error:
        cause = f"{name} is an XML file that declares entities or a DTD, which no ECG needs."
        raise UnreadablePictureError(cause, EXPORT) from error
    except ParseError as error:
        raise UnreadablePictureError(f"{name} is a damaged XML file.", EXPORT) from error
    return root


def text_of(element: Element, path: str, default: str = "") -> str:
    """The stripped text at a path below an element.

    Args:
        element: where the path begins.
        path: as ``Element.find`` takes it.
        default: where there is none.
    """
    return (element.findtext(path) or "").strip() or default


def numbers_of(text: str) -> FloatArray:
    """Numbers that stand between commas, semicolons or white space.

    Args:
        text: of an element.

    Raises:
        ValueError: something else stands there.
    """
    return np.array([float(word) for word in re.split(r"[\s,;]+", text) if word])


def _bare(name: str) -> str:
    return re.split(r"[}.]", name)[-1]


def _as_bytes(data: bytes) -> bytes:
    """The document from its first character, UTF-16 as UTF-8."""
    if data[:2] in _UTF_16:
        return _DECLARATION.sub("", data.decode("utf-16", "replace").lstrip("\ufeff \t\r\n")).lstrip().encode()
    return data.lstrip(_BEFORE_XML)
