"""XML that comes from outside: one parser for everything, bounded, without anything that refers elsewhere.

Document types, entities, processing instructions, comments, doubled ids and relative namespaces are refused as a
whole: no message needs them, and each has been the way round some signature.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from lxml import etree

from doorlist.saml.checks import Wrong, require

Element = etree._Element

MAX_BYTES: Final = 256 << 10
MAX_METADATA: Final = 4 << 20
_MAX_ELEMENTS: Final = 20_000
_MAX_ATTRIBUTES: Final = 50
_MAX_NAMESPACES: Final = 2_000
_XML: Final = "http://www.w3.org/XML/1998/namespace"


def parse(data: bytes, *, limit: int = MAX_BYTES) -> Element:
    """The root of a message in UTF-8. Raises `Wrong`."""
    require(len(data) <= limit, f"The message is longer than {limit} bytes.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("The message is not UTF-8.") from None
    require("<!DOCTYPE" not in text and "<!ENTITY" not in text, "The message has a document type.")
    try:
        root = etree.fromstring(data, parser=_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Wrong(f"The message is not well-formed XML: {str(error)[:120]}") from None
    _check_encoding(root)
    _check_nodes(root)
    _check_namespaces(root)
    return root


def serialize(element: Element) -> bytes:
    """An element as a document of its own, with the namespaces that it is in."""
    return etree.tostring(element, with_tail=False)


def only_child(element: Element, tag: str) -> Element | None:
    """The child of a tag, or None. Raises `Wrong` where there are several."""
    found = element.findall(tag)
    require(len(found) <= 1, f"{local_name(element)} has several {local_name_of(tag)}.")
    return found[0] if found else None


def needed_child(element: Element, tag: str) -> Element:
    """The one child of a tag. Raises `Wrong`."""
    found = only_child(element, tag)
    if found is None:
        raise Wrong(f"{local_name(element)} has no {local_name_of(tag)}.")
    return found


def text_of(element: Element) -> str:
    """The text of an element that holds nothing but text. Raises `Wrong`."""
    require(len(element) == 0, f"{local_name(element)} holds more than text.")
    return (element.text or "").strip()


def instant(text: str | None, name: str) -> datetime | None:
    """A moment of xs:dateTime in UTC, None where there is none. Raises `Wrong`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Wrong(f"{name} is no moment: {text[:40]!r}.") from None
    require(moment.tzinfo is not None, f"{name} has no time zone.")
    return moment.astimezone(UTC)


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return local_name_of(str(element.tag))


def local_name_of(tag: str) -> str:
    """The name in a tag."""
    return tag.rpartition("}")[2]


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        collect_ids=False,
    )


def _check_encoding(root: Element) -> None:
    info = root.getroottree().docinfo
    require(info.doctype == "" and info.internalDTD is None, "The message has a document type.")
    require(
        (info.encoding or "UTF-8").upper() in {"UTF-8", "US-ASCII", "ASCII"}, "The message is not declared as UTF-8."
    )
    beside = [*root.itersiblings(), *root.itersiblings(preceding=True)]
    require(not beside, "The message holds comments or processing instructions.")


def _check_nodes(root: Element) -> None:
    identifiers: set[str] = set()
    for count, node in enumerate(root.iter(), start=1):
        require(count <= _MAX_ELEMENTS, f"The message has more than {_MAX_ELEMENTS} elements.")
        require(isinstance(node.tag, str), "The message holds comments or processing instructions.")
        require(len(node.attrib) <= _MAX_ATTRIBUTES, "An element has too many attributes.")
        for name, value in node.attrib.items():
            if local_name_of(str(name)).lower() == "id":
                require(value not in identifiers, "An id occurs twice.")
                identifiers.add(str(value))
            require(
                not str(name).startswith(f"{{{_XML}}}") or name == f"{{{_XML}}}lang", "xml:id and xml:base are refused."
            )


def _check_namespaces(root: Element) -> None:
    """Relative namespaces make canonical forms fail, which some take for an empty document."""
    for count, (_, declared) in enumerate(etree.iterwalk(root, events=("start-ns",)), start=1):
        uri = str(declared[1]) if declared is not None else ""
        require(count <= _MAX_NAMESPACES, "The message declares too many namespaces.")
        require(":" in uri and not uri.startswith(":"), f"The namespace {uri[:60]!r} is not absolute.")
