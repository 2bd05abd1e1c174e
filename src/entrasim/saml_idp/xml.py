"""XML as the identity provider reads and writes it: no document type, no entity, nothing fetched, bounded. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lxml import etree

from entrasim.refusals import BadMessage

Element = Any
"""An element of lxml, which ships no types."""

LONGEST = 256 * 1024


def parse(text: bytes) -> Element:
    """Parse a message. Raises `BadMessage` for what is no XML, too long, or has a document type."""
    if len(text) > LONGEST:
        raise BadMessage(f"The message is longer than {LONGEST} bytes.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadMessage(f"The message is not XML: {error}.") from error
    if root.getroottree().docinfo.doctype:
        raise BadMessage("The message has a document type.")
    return root


def element(namespace: str, tag: str, text: str | None = None, **attributes: str | None) -> Element:
    """Return a new element; attributes that are None are left out."""
    made = etree.Element(f"{{{namespace}}}{tag}", nsmap={_PREFIXES.get(namespace): namespace})
    for name, value in attributes.items():
        if value is not None:
            made.set(name, value)
    made.text = text
    return made


def below(parent: Element, namespace: str, tag: str, text: str | None = None, **attributes: str | None) -> Element:
    """Return a new last child."""
    made = element(namespace, tag, text, **attributes)
    parent.append(made)
    return made


def serialize(root: Element) -> bytes:
    """Spell an element without a declaration."""
    spelled: bytes = etree.tostring(root)
    return spelled


def instant(moment: datetime) -> str:
    """Spell a time as xs:dateTime in UTC, to the millisecond."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


_PREFIXES = {
    "urn:oasis:names:tc:SAML:2.0:assertion": "saml",
    "urn:oasis:names:tc:SAML:2.0:protocol": "samlp",
    "urn:oasis:names:tc:SAML:2.0:metadata": "md",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
    "http://www.w3.org/2001/04/xmlenc#": "xenc",
}
