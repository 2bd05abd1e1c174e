"""The filter and path grammar of RFC 7644 (sections 3.4.2.2 and 3.5.2): text to tree and back.

Purely syntactic: which attributes exist and which operators suit them is `scim.condition`'s matter. Names keep the
client's spelling. Refuses with `InvalidFilter` or `InvalidPath`, naming the character position; nesting and length
are bounded, so that no text can exhaust the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from doorlist.errors import InvalidFilter, InvalidPath
from doorlist.scim import quirks

MAX_DEPTH: Final = 32
MAX_TERMS: Final = 500
MAX_NUMBER: Final = 40

Constant = str | bool | int | Decimal | None


class Operator(StrEnum):
    """Comparison operators (RFC 7644 table 3); `pr` is a node of its own."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


@dataclass(frozen=True, slots=True)
class Path:
    """attrPath: an attribute, perhaps qualified by a schema URN, perhaps with a sub-attribute."""

    name: str
    sub: str | None = None
    urn: str | None = None

    def __str__(self) -> str:
        name = self.name if self.sub is None else f"{self.name}.{self.sub}"
        return name if self.urn is None else f"{self.urn}:{name}"


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: Operator
    value: Constant


@dataclass(frozen=True, slots=True)
class Present:
    path: Path


@dataclass(frozen=True, slots=True)
class Not:
    inner: Filter


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class ValueFilter:
    """valuePath: all conditions of `inner` hold for one and the same value of the attribute."""

    path: Path
    inner: Filter


Filter = Comparison | Present | Not | And | Or | ValueFilter


@dataclass(frozen=True, slots=True)
class PatchPath:
    """PATH of a PATCH operation: an attribute, perhaps some of its values, perhaps a sub-attribute of those."""

    path: Path
    inner: Filter | None = None
    sub: str | None = None

    def __str__(self) -> str:
        text = str(self.path) if self.inner is None else f"{self.path}[{to_text(self.inner)}]"
        return text if self.sub is None else f"{text}.{self.sub}"


_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<open>\() | (?P<close>\)) | (?P<begin>\[) | (?P<end>\])
      | (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
      | (?P<number>-?\d[\d.eE+-]*(?![\w:$.]))
      | (?P<word>[^\s()\[\]"]+)""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r"\$?[A-Za-z][A-Za-z0-9_$-]*")
_URN: Final = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[A-Za-z0-9()+,\-.:=@;$_!*'/?#%]+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_LITERALS: Final[dict[str, Constant]] = {"true": True, "false": False, "null": None}
_PATCH_SUB: Final = re.compile(r"\.(" + _NAME.pattern + r")")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_filter(text: str, *, max_length: int = 4096) -> Filter:
    """The tree of a filter. Raises `InvalidFilter`."""
    if len(text) > max_length:
        raise InvalidFilter(f"The filter has {len(text)} characters; {max_length} is the most.", place="filter")
    parser = _Parser(_tokens(text))
    tree = parser.alternatives(0)
    parser.finish()
    return tree


def parse_path(text: str, *, max_length: int = 4096) -> PatchPath:
    """The parts of a PATCH path. Raises `InvalidPath`."""
    if len(text) > max_length:
        raise InvalidPath(f"The path has {len(text)} characters; {max_length} is the most.", place="path")
    start, end = text.find("["), text.rfind("]")
    if start < 0:
        return PatchPath(_patch_name(text))
    sub = _PATCH_SUB.fullmatch(text[end + 1 :]) if end > start else None
    if end < start or (sub is None and text[end + 1 :] != ""):
        raise InvalidPath("A value filter is written attribute[filter] or attribute[filter].subAttribute.", place=text)
    try:
        inner = parse_filter(text[start + 1 : end], max_length=max_length)
    except InvalidFilter as error:
        raise InvalidPath(f"The filter in brackets is malformed: {error}", place=text) from error
    return PatchPath(_patch_name(text[:start]), inner, sub.group(1) if sub else None)


def parse_name(text: str) -> Path | None:
    """An attribute path without a filter, or None where the text is not one."""
    urn, colon, name = text.rpartition(":")
    if colon and not _URN.fullmatch(urn):
        return None
    first, dot, sub = name.partition(".")
    if not _NAME.fullmatch(first) or (dot and not _NAME.fullmatch(sub)):
        return None
    return Path(first, sub or None, urn or None)


def to_text(tree: Filter) -> str:
    """The canonical text of a tree: parsing it gives the same tree."""
    match tree:
        case Comparison(path, operator, value):
            return f"{path} {operator.value} {_constant_text(value)}"
        case Present(path):
            return f"{path} pr"
        case ValueFilter(path, inner):
            return f"{path}[{to_text(inner)}]"
        case Not(inner):
            return f"not ({to_text(inner)})"
        case And(parts):
            return " and ".join(f"({to_text(part)})" if isinstance(part, And | Or) else to_text(part) for part in parts)
        case Or(parts):
            return " or ".join(f"({to_text(part)})" if isinstance(part, Or) else to_text(part) for part in parts)


def _patch_name(text: str) -> Path:
    path = parse_name(text)
    if path is None:
        raise InvalidPath("This is not an attribute path.", place=text)
    return path


def _constant_text(value: Constant) -> str:
    if isinstance(value, Decimal):
        return str(value)
    return msgspec.json.encode(value).decode()


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise InvalidFilter("A string is not closed.", place=f"character {position + 1}")
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found.group(), position)
        position = found.end()


class _Parser:
    """Recursive descent in the order of precedence: or, and, not and grouping, attribute expressions."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = list(tokens)
        self._next = 0
        self._terms = 0

    def finish(self) -> None:
        if (token := self._peek()) is not None:
            raise self._refuse(f"{token.text!r} is not expected here", token)

    def alternatives(self, depth: int) -> Filter:
        return self._joined("or", depth, self._conjunction, Or)

    def _conjunction(self, depth: int) -> Filter:
        return self._joined("and", depth, self._term, And)

    def _joined(
        self, word: str, depth: int, operand: Callable[[int], Filter], node: Callable[[tuple[Filter, ...]], Filter]
    ) -> Filter:
        parts = [operand(depth)]
        while self._take_word(word):
            parts.append(operand(depth))
        return parts[0] if len(parts) == 1 else node(tuple(parts))

    def _term(self, depth: int) -> Filter:
        self._bound(depth)
        token = self._take("an attribute, 'not' or '('")
        if token.kind == "open":
            return self._group(depth)
        if token.kind == "word" and token.text.lower() == "not" and self._peek_kind() == "open":
            self._next += 1
            return Not(self._group(depth))
        if token.kind != "word":
            raise self._refuse(f"{token.text!r} is not an attribute", token)
        return self._expression(token, depth)

    def _group(self, depth: int) -> Filter:
        inner = self.alternatives(depth + 1)
        self._expect("close", "')'")
        return inner

    def _expression(self, token: _Token, depth: int) -> Filter:
        path = parse_name(token.text)
        if path is None:
            raise self._refuse(f"{token.text!r} is not an attribute path", token)
        if self._peek_kind() == "begin":
            self._next += 1
            inner = self.alternatives(depth + 1)
            self._expect("end", "']'")
            return ValueFilter(path, self._narrowed(inner))
        return self._comparison(path)

    def _narrowed(self, inner: Filter) -> Filter:
        """A value filter with what is said after its brackets: the same value has to meet both."""
        token = self._peek()
        sub = quirks.sub_attribute_after_brackets(token.text) if token is not None and token.kind == "word" else None
        if sub is None:
            return inner
        self._next += 1
        said = self._comparison(Path(sub))
        return And((*inner.parts, said)) if isinstance(inner, And) else And((inner, said))

    def _comparison(self, path: Path) -> Filter:
        token = self._take("an operator")
        word = token.text.lower()
        if word == "pr":
            return Present(path)
        if word not in Operator.__members__.values():
            raise self._refuse(f"{token.text!r} is not an operator", token)
        return Comparison(path, Operator(word), self._constant())

    def _constant(self) -> Constant:
        token = self._take("a value")
        if token.kind == "string":
            return self._string(token)
        if token.kind == "number":
            return self._number(token)
        if token.kind == "word" and token.text.lower() in _LITERALS:
            return _LITERALS[token.text.lower()]
        word = quirks.bare_word(token.text) if token.kind == "word" else None
        if word is None:
            raise self._refuse(f"{token.text!r} is not a JSON value; strings need double quotes", token)
        return word

    def _string(self, token: _Token) -> str:
        try:
            return str(msgspec.json.decode(token.text, type=str))
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise self._refuse("the string is not valid JSON", token) from error

    def _number(self, token: _Token) -> Constant:
        if not _NUMBER.fullmatch(token.text) or len(token.text) > MAX_NUMBER:
            word = quirks.bare_word(token.text)
            if word is None:
                raise self._refuse(f"{token.text[:50]!r} is not a number", token)
            return word
        return int(token.text) if token.text.lstrip("-").isdigit() else Decimal(token.text) + 0  # -0.0 is 0

    def _bound(self, depth: int) -> None:
        self._terms += 1
        if depth > MAX_DEPTH:
            raise InvalidFilter(f"The filter is nested more than {MAX_DEPTH} deep.", place="filter")
        if self._terms > MAX_TERMS:
            raise InvalidFilter(f"The filter has more than {MAX_TERMS} terms.", place="filter")

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _peek_kind(self) -> str:
        token = self._peek()
        return token.kind if token is not None else ""

    def _take(self, wanted: str) -> _Token:
        token = self._peek()
        if token is None:
            raise InvalidFilter(f"The filter ends where {wanted} is expected.", place="end of filter")
        self._next += 1
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.lower() != word:
            return False
        self._next += 1
        return True

    def _expect(self, kind: str, wanted: str) -> None:
        token = self._take(wanted)
        if token.kind != kind:
            raise self._refuse(f"{wanted} is expected, not {token.text!r}", token)

    @staticmethod
    def _refuse(problem: str, token: _Token) -> InvalidFilter:
        return InvalidFilter(f"{problem[:1].upper()}{problem[1:300]}.", place=f"character {token.at + 1}")
