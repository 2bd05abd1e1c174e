"""Addresses that come from outside and lead on: only those of this site are followed."""

from __future__ import annotations

from urllib.parse import urlsplit


def local(address: str, *, otherwise: str) -> str:
    """The address if it is one of ours, else the other: nobody is sent to a foreign host."""
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return otherwise
    try:
        parts = urlsplit(address)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else address
