"""The functions of mapping expressions, each as a row: how many arguments it takes, and what it makes of them.

Names and results follow Microsoft's function reference. `Switch` and `IIF` evaluate all their arguments, which
makes no difference where nothing has an effect.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from entrasim.expressions.values import Arguments, ExpressionError, Value, is_true, listed, number, text, truth

ANY = 64
_LETTERS = str.maketrans(
    {
        "æ": "ae",
        "Æ": "AE",
        "ø": "oe",
        "Ø": "OE",
        "œ": "oe",
        "Œ": "OE",
        "ß": "ss",
        "ł": "l",
        "Ł": "L",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function: between `least` and `most` arguments."""

    least: int
    most: int
    call: Callable[[Arguments], Value]


def _switch(arguments: Arguments) -> Value:
    source, default, *pairs = arguments
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if text(source) == text(key):
            return value
    return default


def _coalesce(arguments: Arguments) -> Value:
    return next((value for value in arguments if value not in (None, [])), None)


def _join(arguments: Arguments) -> str:
    parts = [part for value in arguments[1:] for part in listed(value) if part]
    return text(arguments[0]).join(parts)


def _mid(arguments: Arguments) -> str:
    source, start, length = text(arguments[0]), number(arguments[1]), number(arguments[2])
    if start < 1 or length < 0:
        raise ExpressionError("Mid counts from 1 and takes no negative length")
    return source[start - 1 : start - 1 + length]


def _left(arguments: Arguments) -> str:
    length = number(arguments[1])
    return text(arguments[0]) if length < 0 else text(arguments[0])[:length]


def _right(arguments: Arguments) -> str:
    source, length = text(arguments[0]), number(arguments[1])
    return source if length < 0 else source[max(len(source) - length, 0) :]


def _item(arguments: Arguments) -> Value:
    values, index = listed(arguments[0]), number(arguments[1])
    return values[index - 1] if 1 <= index <= len(values) else None


def _word(arguments: Arguments) -> str:
    delimiters = re.escape(text(arguments[2]))
    words = [word for word in re.split(f"[{delimiters}]" if delimiters else "(?!)", text(arguments[0])) if word]
    index = number(arguments[1])
    return words[index - 1] if 1 <= index <= len(words) else ""


def _in_str(arguments: Arguments) -> str:
    found = text(arguments[0]).find(text(arguments[1]), number(arguments[2]) - 1 if len(arguments) > 2 else 0)
    return str(found + 1)


def _pcase(arguments: Arguments) -> str:
    separators = text(arguments[1]) if len(arguments) > 1 else None
    result, starts = [], True
    for letter in text(arguments[0]):
        result.append(letter.upper() if starts else letter.lower())
        starts = letter in separators if separators is not None else not (letter.isalnum() or letter == "'")
    return "".join(result)


def _normalize_diacritics(arguments: Arguments) -> str:
    plain = unicodedata.normalize("NFD", text(arguments[0]).translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _replace(arguments: Arguments) -> Value:
    """Replace by value, by template, or by pattern: which, the arguments that are there decide."""
    given = [*arguments, *[None] * (7 - len(arguments))]
    source, old, pattern, group, new, other, template = given
    if old is not None and template is not None:
        return text(template).replace(text(old), text(source))
    if old is not None:
        return text(source).replace(text(old), text(new)) if text(old) else source
    if pattern is None:
        return source
    if other is not None and group is not None:
        return source if text(source) else _matching(text(pattern), text(group), value=text(other))
    return _replaced(text(source), text(pattern), group=group, new=text(new))


def _matching(pattern: str, group: str, *, value: str) -> Value:
    found = compiled(pattern).search(value)
    if found is None or group not in found.groupdict():
        return None
    return found[group]


def _replaced(source: str, pattern: str, *, group: Value, new: str) -> str:
    if group is None:
        template = re.sub(r"\\", r"\\\\", new)
        return _substituted(source, pattern, template=re.sub(r"\$\{(\w+)\}", r"\\g<\1>", template))
    name = text(group)

    def without_group(found: re.Match[str]) -> str:
        if name not in found.groupdict() or found[name] is None:
            return found[0]
        start, end = found.start(name) - found.start(), found.end(name) - found.start()
        return found[0][:start] + new + found[0][end:]

    return compiled(pattern).sub(without_group, source)


def _substituted(source: str, pattern: str, *, template: str) -> str:
    try:
        return compiled(pattern).sub(template, source)
    except (re.error, IndexError) as error:
        raise ExpressionError(f"the replacement does not fit the pattern: {error}") from error


@lru_cache(maxsize=128)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in the .NET spelling of named groups. Raises `ExpressionError`."""
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", pattern))
    except re.error as error:
        raise ExpressionError(f"{pattern!r} is no regular expression: {error}") from error


def _split(arguments: Arguments) -> list[str]:
    delimiter = text(arguments[1])
    if not delimiter:
        raise ExpressionError("Split needs a delimiter")
    return [part.strip() for part in text(arguments[0]).split(delimiter) if part.strip()]


def _iif(arguments: Arguments) -> Value:
    return arguments[1] if is_true(arguments[0]) else arguments[2]


FUNCTIONS = {
    "Append": Function(2, 2, lambda a: text(a[0]) + text(a[1])),
    "CBool": Function(1, 1, lambda a: truth(is_true(a[0]))),
    "Coalesce": Function(1, ANY, _coalesce),
    "ConvertToBase64": Function(1, 1, lambda a: base64.b64encode(text(a[0]).encode("utf-16-le")).decode()),
    "ConvertToUTF8Hex": Function(1, 1, lambda a: text(a[0]).encode().hex().upper()),
    "Count": Function(1, 1, lambda a: str(len(listed(a[0])))),
    "CStr": Function(1, 1, lambda a: text(a[0])),
    "IgnoreFlowIfNullOrEmpty": Function(1, 1, lambda a: a[0] or None),
    "IIF": Function(3, 3, _iif),
    "InStr": Function(2, 4, _in_str),
    "IsNull": Function(1, 1, lambda a: truth(a[0] is None)),
    "IsNullOrEmpty": Function(1, 1, lambda a: truth(not text(a[0]))),
    "IsPresent": Function(1, 1, lambda a: truth(bool(text(a[0])))),
    "IsString": Function(1, 1, lambda a: truth(isinstance(a[0], str))),
    "Item": Function(2, 2, _item),
    "Join": Function(2, ANY, _join),
    "Left": Function(2, 2, _left),
    "Mid": Function(3, 3, _mid),
    "NormalizeDiacritics": Function(1, 1, _normalize_diacritics),
    "Not": Function(1, 1, lambda a: truth(not is_true(a[0]))),
    "PCase": Function(1, 2, _pcase),
    "RemoveDuplicates": Function(1, 1, lambda a: list(dict.fromkeys(listed(a[0])))),
    "Replace": Function(2, 7, _replace),
    "Right": Function(2, 2, _right),
    "Split": Function(2, 2, _split),
    "StripSpaces": Function(1, 1, lambda a: text(a[0]).replace(" ", "")),
    "Switch": Function(4, ANY, _switch),
    "ToLower": Function(1, 2, lambda a: text(a[0]).lower()),
    "ToUpper": Function(1, 2, lambda a: text(a[0]).upper()),
    "Trim": Function(1, 1, lambda a: text(a[0]).strip()),
    "Word": Function(3, 3, _word),
}
