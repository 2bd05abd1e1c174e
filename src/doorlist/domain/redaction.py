"""What may be remembered of a request: passwords, tokens and secrets taken out, the rest bounded. Pure.

A secret is known by the name it goes under (a JSON member, a PATCH path, a query parameter) or by its form (a token
of ours, a JWT, a bearer credential). What was taken out is remembered for the length of one request, so that an
answer or a refusal that repeats it is cleaned too. A body that might hold a secret and cannot be read is not kept.
Most requests name nothing of the kind; they are told by a search in their lower-case text and copied as they are.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import unquote_plus

REDACTED: Final = "[redacted]"
KEPT: Final = 16_384
"""Characters of a body that are kept."""

LONGEST_READ: Final = 262_144
"""Bytes of the longest body that is taken apart when it may hold a secret."""

_STEMS: Final = (
    *("password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "authorization", "bearer"),
    *("apikey", "api_key", "api-key", "privatekey", "private_key", "private-key", "assertion"),
)
_FORMS: Final = ("dl_scim_", "dl_key_", "whsec_", "eyj")
_WORDS: Final = (*_STEMS, *_FORMS)
# Fewer and more general than the words, because everything is searched for each.
_TRACES: Final = (
    "pass",
    "pwd",
    "secret",
    "token",
    "creden",
    "authoriz",
    "bearer",
    "key",
    "assertion",
    "dl_",
    "whsec_",
    "eyj",
)
_RAW: Final = (*(trace.encode() for trace in _TRACES), b"\\u")
_ENCODED_LETTER: Final = re.compile("%(?:25|2d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])")
_SECRETS: Final = re.compile(
    r"(dl_(?:scim|key)_[0-9A-Za-z]{0,4})[0-9A-Za-z]*|whsec_[0-9A-Za-z+/=]*|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*|(?i:\bbearer)\s+[^\s\"',;]{12,}"
)
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|(?<!\w)\'(?:[^\'\\]|\\.)*\'?')
_NAME: Final = re.compile(r"[\w.:$-]*")
_ASSIGNED: Final = re.compile(r'[={]|"\s*:')
_NAMES_A_VALUE: Final = frozenset({"path", "name", "attribute", "key", "type"})
_EXPRESSIONS: Final = frozenset({"path", "filter"})
_LISTS_OF_NAMES: Final = frozenset({"attributes", "excludedattributes", "sortby"})
_SHORTEST: Final = 4


def names_secret(text: str) -> bool:
    """Whether a name, or a text, speaks of a password, a token or another secret."""
    lower = text.lower()
    return any(stem in lower for stem in _STEMS)


def is_plain(*texts: str) -> bool:
    """Whether no text has a trace of a secret, in clear or percent-encoded, nor a NUL; then all may stay as it is."""
    lower = "\n".join(texts).lower()
    return not (
        any(trace in lower for trace in _TRACES)
        or "\x00" in lower
        or "\\u0000" in lower
        or _ENCODED_LETTER.search(lower)
    )


class Redactor:
    """The cleaning of one request; whatever one method takes out the others recognise."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    @property
    def found(self) -> bool:
        """Whether anything was taken out."""
        return bool(self._taken)

    def body(self, raw: bytes) -> str | None:
        """A body as it may be kept, None for an empty one; at most `KEPT` characters and a note on what was cut."""
        if not raw:
            return None
        lower = raw.lower()
        if not any(word in lower for word in _RAW):
            return self._bounded(raw.decode("utf-8", "replace"))
        if len(raw) > LONGEST_READ:
            return f"[{len(raw)} bytes, not kept: it may hold a secret and is too long to be searched]"
        try:
            text = json.dumps(self._value(json.loads(raw)), ensure_ascii=False, separators=(",", ":"))
        except (ValueError, RecursionError):
            return f"[{len(raw)} bytes, not kept: it is not JSON and may hold a secret]"
        return self._bounded(self.text(text.encode("utf-8", "replace").decode()))

    def document(self, text: str) -> str:
        """JSON text of ours, cleaned and never cut: it stays JSON."""
        if not self._taken and not _is_suspect(text):
            return text
        return json.dumps(self._scrubbed(self._value(json.loads(text))), ensure_ascii=False, separators=(",", ":"))

    def query(self, query: str) -> str:
        """A query string; it is rewritten only where it speaks of a secret."""
        if not _is_suspect(unquote_plus(unquote_plus(query)) if "%" in query or "+" in query else query):
            return self._bounded(query)
        return self._bounded("&".join(self._parameter(piece) for piece in query.split("&")))

    def path(self, path: str) -> str:
        """An address; what follows a segment that names a secret is taken out."""
        if not _is_suspect(path):
            return self._bounded(path)
        kept: list[str] = []
        for segment in self.text(path).split("/"):
            if kept and names_secret(kept[-1]) and kept[-1] != segment:
                kept.append(self._take(segment))
                break
            kept.append(segment if _NAME.fullmatch(segment) or not names_secret(segment) else self._take(segment))
        return self._bounded("/".join(kept))

    def text(self, text: str) -> str:
        """A text without the tokens in it and without what was taken out elsewhere."""
        if _is_suspect(text):
            text = _SECRETS.sub(self._form, text)
        for secret in self._taken:
            text = text.replace(secret, REDACTED)
        return text

    def detail(self, text: str) -> str:
        """What a refusal says; literals that it quotes from the request go where it speaks of a secret."""
        return self._bounded(self.text(_LITERAL.sub(f'"{REDACTED}"', text) if names_secret(text) else text))

    def _scrubbed(self, value: Any) -> Any:
        """The value with what was taken out elsewhere gone from every string, name and number, each by itself.

        In the text of the whole a secret could be a word of JSON, such as null.
        """
        if isinstance(value, dict):
            return {self.text(name): self._scrubbed(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._scrubbed(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return REDACTED if str(value) in self._taken else value
        return self.text(value) if isinstance(value, str) else value

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            hidden = any(
                isinstance(item, str) and name.lower() in _NAMES_A_VALUE and names_secret(item)
                for name, item in value.items()
            )
            return {name: self._member(name, item, hidden=hidden) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item) for item in value]
        return self._string(value) if isinstance(value, str) else value

    def _member(self, name: str, item: Any, *, hidden: bool) -> Any:
        if names_secret(name) or (hidden and name.lower() == "value"):
            return self._covered(item)
        if isinstance(item, str) and name.lower() in _EXPRESSIONS:
            return self._expression(item)
        return self._value(item)

    def _covered(self, value: Any) -> Any:
        """The value with every string and number in it taken out; its shape stays."""
        if isinstance(value, dict):
            return {name: self._covered(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._covered(item) for item in value]
        return value if value is None or isinstance(value, bool) else self._take(str(value))

    def _string(self, text: str) -> str:
        return self._take(text) if names_secret(text) and _ASSIGNED.search(text) else text

    def _expression(self, text: str) -> str:
        """A filter or path: where it names a secret, its first name stays."""
        name = _NAME.match(text)
        if not names_secret(text) or name is None or name.end() == len(text):
            return text
        for literal in _LITERAL.findall(text):
            self._take(literal.strip("\"'"))
        return name.group() + self._take(text[name.end() :])

    def _parameter(self, piece: str) -> str:
        name, equals, value = piece.partition("=")
        decoded, key = unquote_plus(unquote_plus(value)), unquote_plus(unquote_plus(name)).lower()
        if names_secret(key):
            return self.text(name) + equals + self._take(decoded)
        if not _is_suspect(decoded) or (key in _LISTS_OF_NAMES and re.fullmatch(r"[\w.:$,\s-]*", decoded)):
            return self.text(piece)
        return name + equals + (self._expression(decoded) if key in _EXPRESSIONS else self._take(decoded))

    def _form(self, match: re.Match[str]) -> str:
        self._take(match.group())
        return f"{match.group(1)}…" if match.group(1) else REDACTED

    def _take(self, secret: str) -> str:
        if len(secret.strip()) >= _SHORTEST:
            self._taken.update((secret, secret.strip(), json.dumps(secret, ensure_ascii=False)[1:-1]))
        return REDACTED if secret else secret

    def _bounded(self, text: str) -> str:
        for secret in self._taken:
            text = text.replace(secret, REDACTED)
        rest = len(text) - KEPT
        text = text if rest <= 0 else f"{text[:KEPT]}… [{rest} more characters not kept]"
        return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _is_suspect(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _WORDS)
