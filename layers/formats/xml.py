"""The one door to XML: refuses what is unsafe, names what is wrong, keeps memory flat."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Literal, cast

from lxml import etree
from lxml.etree import _Element as Element

from layers.errors import SourceFileError

XmlKind = Literal["nas", "simplified", "gml", "exception", "other"]

CHUNK = 1 << 16
MAX_PROLOG = 1 << 20  # bytes before the first element; real files have a few hundred

_SKIP = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(?P<name>[\w.-]+)[^<>]*>?")
_NAS = re.compile(r"<(?:[\w.-]+:)?A[AXP]_[A-Z]")
_COLLECTIONS = {"FeatureCollection", "Transaction", "SimpleFeatureCollection"}
_EXCEPTIONS = {"ExceptionReport", "ServiceExceptionReport", "truncatedResponse"}

# Elements that only hold features or further containers; everything else below the root is content.
_CONTAINERS = frozenset(
    {
        "member",
        "members",
        "featureMember",
        "featureMembers",
        "additionalObjects",
        "FeatureCollection",
        "SimpleFeatureCollection",
        "enthaelt",
        "geaenderteObjekte",
        "Transaction",
        "Insert",
    }
)

_NOT_WHOLE = "The file was cut off. Fetch it again and compare its size with the sender's."
_NOT_XML = "Open it in a text editor: it is another kind of file than its name says."
_UNSAFE = "Cadastral XML has no DOCTYPE. Ask the sender for a file without one."
_MALFORMED = "Look at that line, or fetch the file again."
_REFUSED = "Correct the request that made this file, then fetch it again."


def sniff_xml(head: bytes) -> XmlKind:
    """Tell what kind of XML a file is from its first bytes.

    Parameters
    ----------
    head
        The beginning of the file, unpacked; 64 KiB are plenty.

    Returns
    -------
    XmlKind
        ``nas`` for GeoInfoDok objects, ``simplified`` for the AdV simplified
        schema, ``gml`` for any other feature collection, ``exception`` for a
        service's refusal saved as a file, ``other`` for the rest (also no XML).

    Examples
    --------
    >>> sniff_xml(b'<?xml version="1.0"?><ows:ExceptionReport xmlns:ows="o">')
    'exception'
    >>> sniff_xml(b"Baumnummer;Gattung;Art")
    'other'
    """
    text = _decode(head)
    start = _prolog_end(text)
    if doctype := _DOCTYPE.match(text, start):  # told apart here, refused when it is opened
        start = _prolog_end(text, doctype.end())
    root = _ROOT.match(text, start)
    if root is None:
        return "other"
    name = root["name"]
    if name in _EXCEPTIONS:
        return "exception"
    if "alkis-vereinfacht" in text:
        return "simplified"
    if _NAS.search(text) or "adv-online.de/namespaces/adv/gid" in root[0]:
        return "nas"
    if name in _COLLECTIONS or "opengis.net/gml" in root[0]:
        return "gml"
    return "other"


def _decode(head: bytes) -> str:
    """Return the bytes as text, good enough to find ASCII markup in them."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    return head.decode("latin-1")


def _prolog_end(text: str, end: int = 0) -> int:
    """Return the position after declaration, comments and blanks."""
    while match := _SKIP.match(text, end):
        end = match.end()
    return end


def local_name(element: Element) -> str:
    """Return the element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


class XmlFeatures:
    """The features of an XML document, one after the other, in flat memory.

    Iterating yields every element that stands directly below the root or below
    a container such as ``wfs:member`` or ``wfs:Insert``: the features, and
    between them what the document says about itself (``boundedBy`` …). A root
    that is itself a feature is yielded as the only one.

    Parameters
    ----------
    stream
        The document, unpacked, open for reading bytes.
    file_name
        Name to show in errors.

    Attributes
    ----------
    root
        The document's first element; name and attributes are known from the start.

    Raises
    ------
    SourceFileError
        At once for a DOCTYPE, a server's refusal, or no XML at all; while reading
        for a document that is cut off or malformed, with the line.

    Notes
    -----
    The parser builds a tree, but what the loop body has seen is cut off it
    again, so memory grows with the largest feature, not with the file: keep no
    element beyond its turn. No entity is expanded, and nothing is opened on a
    document's word.
    """

    def __init__(self, stream: BinaryIO, file_name: str) -> None:
        self._stream = stream
        self._file_name = file_name
        head, name = self._read_prolog()
        self._parser: etree.XMLPullParser = etree.XMLPullParser(
            events=("start",),
            tag="{*}" + name,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        self.root = self._first_element(head)
        if self.root.getroottree().docinfo.internalDTD is not None:
            raise self._error("contains a DOCTYPE", _UNSAFE, found="DOCTYPE")

    def __iter__(self) -> Iterator[Element]:
        """Yield one element after the other; each is gone after its turn."""
        if local_name(self.root) in _EXCEPTIONS:
            raise self._refusal(self._whole())
        if self._root_is_feature():
            yield self._whole()
            return
        for element in self._elements():
            if local_name(element) in _EXCEPTIONS:
                raise self._refusal(element)
            yield element

    def _elements(self) -> Iterator[Element]:
        while chunk := self._stream.read(CHUNK):
            yield from _finished(self.root, whole=False)
            self._feed(chunk)
        self._close()
        yield from _finished(self.root, whole=True)

    def _root_is_feature(self) -> bool:
        named = any(str(key).endswith("}id") for key in self.root.attrib)
        return named and local_name(self.root) not in _CONTAINERS

    def _whole(self) -> Element:
        while chunk := self._stream.read(CHUNK):
            self._feed(chunk)
        self._close()
        return self.root

    def _read_prolog(self) -> tuple[bytes, str]:
        """Read up to the first element and return the bytes and its local name.

        The DOCTYPE is looked for here, before any parser has seen a byte of it.
        """
        head = b""
        while len(head) < MAX_PROLOG:
            chunk = self._stream.read(CHUNK)
            head += chunk
            text = _decode(head)
            start = _prolog_end(text)
            if text[start : start + 9].upper() == "<!DOCTYPE":
                page = text[start + 9 :].lstrip()[:4].lower() == "html"
                what = "is a web page, not data" if page else "contains a DOCTYPE"
                raise self._error(what, _NOT_XML if page else _UNSAFE, found="DOCTYPE")
            root = _ROOT.match(text, start)
            if root is not None and (root[0].endswith(">") or not chunk):
                return head, root["name"]
            if not chunk or (len(text) > start and text[start] != "<"):
                break
        found = _decode(head)[:40].strip()
        raise self._error("is no XML document", _NOT_XML, found=found or "nothing")

    def _first_element(self, head: bytes) -> Element:
        chunk = head
        while chunk:
            self._feed(chunk)
            for _, element in self._parser.read_events():
                return cast("Element", element)  # always one, for a start event
            chunk = self._stream.read(CHUNK)
        raise self._error("ends within its first tag", _NOT_WHOLE, found=_decode(head)[:40])

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            line = error.lineno or 0
            raise self._error(
                f"is malformed in line {line}: {error.msg}", _MALFORMED, line=line
            ) from error

    def _close(self) -> None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            line = error.lineno or 0
            what = f"ends too early, in line {line}" if line else "is malformed"
            raise self._error(f"{what}: {error.msg}", _NOT_WHOLE, line=line) from error

    def _refusal(self, report: Element) -> SourceFileError:
        """Return the error that hands on what the server said instead of sending data."""
        said = []
        for part in report.iter("{*}Exception", "{*}ServiceException"):
            facts = [part.get("exceptionCode") or part.get("code"), part.get("locator")]
            text = " ".join(" ".join(str(t) for t in part.itertext()).split())
            said.append(": ".join([" ".join(f for f in facts if f), text]).strip(": "))
        message = " | ".join(said) or "no reason given"
        return self._error(
            f"is a server's refusal, not data: {message}", _REFUSED, found=message[:2000]
        )

    def _error(self, what: str, advice: str, **fields: str | int) -> SourceFileError:
        return SourceFileError(
            f"{self._file_name} {what}", advice=advice, file=self._file_name, **fields
        )


def _finished(node: Element, *, whole: bool) -> Iterator[Element]:
    """Yield the node's complete children through all containers, cutting them off after use.

    A child is complete when another follows it, or when the node is (``whole``).
    """
    child = node[0] if len(node) else None
    while child is not None:
        following = child.getnext()
        done = whole or following is not None
        if local_name(child) in _CONTAINERS:
            yield from _finished(child, whole=done)
        elif done:
            yield child
        if not done:
            return
        node.remove(child)
        child = following
