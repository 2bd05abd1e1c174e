"""What handlers read from addresses and forms, bounded."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request


def text(form: FormData, name: str, *, longest: int = 4096) -> str:
    """Return a field without blanks around it, empty where there is none."""
    value = form.get(name)
    return value.strip()[:longest] if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Return every value of a field that may be there several times."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


def asked_text(request: Request, name: str = "q") -> str:
    """Return a parameter of the address, without blanks around it."""
    return request.query_params.get(name, "").strip()[:200]


def asked_page(request: Request) -> int:
    """Return which page of a list is asked for, from 1."""
    number = request.query_params.get("page", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 1


def choice(value: str, allowed: Mapping[str, object] | tuple[str, ...], *, otherwise: str) -> str:
    """Return a value where it is one of those allowed."""
    return value if value in allowed else otherwise
