"""Names that administrators give: what is accepted, and the slug of an organization. Pure; refuses with `BadInput`."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from doorlist.errors import BadInput

MAX_NAME: Final = 200
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,255}")


def fault_of_name(text: str) -> str | None:
    """What is wrong with a name, as the rest of a sentence that starts with it, or None."""
    if not text.strip():
        return "must not be empty"
    if len(text) > MAX_NAME:
        return f"has {len(text)} characters; {MAX_NAME} is the most"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        return "has a control character"
    return None


def clean_name(text: str, *, place: str) -> str:
    """The name without blanks around it. Raises `BadInput`."""
    fault = fault_of_name(text)
    if fault is not None:
        raise BadInput(f"The name {fault}.", place=place)
    return text.strip()


def clean_email(text: str, *, place: str) -> str:
    """An address of the form name@domain. Raises `BadInput`; whether it exists is not for us to know."""
    if not _EMAIL.fullmatch(text.strip()):
        raise BadInput(f"{text!r} is not an e-mail address.", place=place)
    return text.strip()


def clean_slug(text: str) -> str:
    """A slug as it stands. Raises `BadInput`."""
    if not _SLUG.fullmatch(text):
        raise BadInput("A slug has 1 to 63 characters of a-z, 0-9 and inner hyphens.", place="slug")
    return text


def derive_slug(name: str, taken: set[str]) -> str:
    """A slug made of a name, with the first free number behind it where it is taken."""
    stem = slug_stem(name)
    number = 1
    slug = stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def slug_stem(name: str) -> str:
    """The slug that a name gives when nobody has it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:50].strip("-") or "organization"
