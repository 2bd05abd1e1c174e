"""Values: what each type admits (RFC 7643 section 2.3), and the form in which values are compared."""

from __future__ import annotations

from typing import Any

import pytest

from doorlist.domain.directory import fold
from doorlist.errors import InvalidValue
from doorlist.scim.schema import LONGEST, Attribute, Type
from doorlist.scim.values import admit, comparable, instant

ADMITTED: dict[Type, tuple[list[Any], list[Any]]] = {
    Type.STRING: (["", "x", "é\U0001f600", "x" * LONGEST], [1, True, [], {}, 1.5, None, "x" * (LONGEST + 1), "a\x00"]),
    Type.BOOLEAN: ([True, False], ["true", 0, 1, None, []]),
    Type.INTEGER: ([0, -5, 2**63 - 1, -(2**63)], [1.0, "1", True, 2**63, None]),
    Type.DECIMAL: ([0, 1.5, -3], ["1.5", True, None, {}]),
    Type.DATETIME: (
        ["2026-11-23T10:00:00Z", "2026-11-23t10:00:00z", "2026-11-23T10:00:00.123456789+14:00", "2026-11-23T10:00:00"],
        [
            "2026-11-23",
            "10:00:00",
            "2026-13-01T00:00:00Z",
            "2026-11-23T25:00:00Z",
            "2026-11-23 10:00:00Z",
            "",
            5,
            "0000-01-01T00:00:00Z",
            "2026-11-23T10:00:00+15:00",
        ],
    ),
    Type.BINARY: (["", "aGk=", "aGk=\n", "aG k="], ["a", "%%%%", "aGk", 5, "_-8="]),
    Type.REFERENCE: (["https://x.example/a", "Users/1", "urn:x:y"], [5, {}, "a\x00"]),
    Type.COMPLEX: ([{}, {"a": 1}], [[], "x", 1, None]),
}


@pytest.mark.parametrize("kind", Type)
def test_a_type_admits_its_values_and_no_others(kind: Type) -> None:
    attribute = Attribute("a", kind)
    good, bad = ADMITTED[kind]
    for value in good:
        assert admit(attribute, value, "a") == value
    for value in bad:
        with pytest.raises(InvalidValue) as refusal:
            admit(attribute, value, "the place")
        assert refusal.value.place == "the place"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000Z"),
        ("2026-11-23T10:00:00", "2026-11-23T10:00:00.000000Z"),
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00.000000Z"),
        ("2026-11-23T00:30:00+01:00", "2026-11-22T23:30:00.000000Z"),
        ("2026-11-23T10:00:00.5z", "2026-11-23T10:00:00.500000Z"),
        ("2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-02-29T10:00:00Z", None),
        ("2026-11-23T10:00Z", None),
    ],
)
def test_an_instant_is_utc_with_microseconds(text: str, utc: str | None) -> None:
    assert instant(text) == utc


FOLDED = [
    ("ANA", "ana"),
    ("Straße", "STRASSE"),
    ("É", "e\u0301"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("ǅ", "ǆ"),
    ("İ", "i\u0307"),
    ("Å", "\u212b"),
]


@pytest.mark.parametrize(("left", "right"), FOLDED)
def test_texts_that_differ_in_case_or_composition_are_one(left: str, right: str) -> None:
    assert fold(left) == fold(right)
    assert fold(fold(left)) == fold(left)


@pytest.mark.parametrize(
    ("left", "right"), [("ﬁ", "x"), ("a", "\u0430"), ("\uff11", "1"), ("\u0131", "i"), ("a ", "a")]
)
def test_texts_that_look_different_or_alike_stay_two(left: str, right: str) -> None:
    assert fold(left) != fold(right)


def test_only_texts_that_do_not_count_case_are_folded() -> None:
    assert comparable(Attribute("a"), "Ana") == "ana"
    assert comparable(Attribute("a", case_exact=True), "Ana") == "Ana"
    assert comparable(Attribute("a", Type.REFERENCE), "HTTPS://X") == "HTTPS://X"
    assert comparable(Attribute("a", Type.BINARY), "aGk=") == "aGk="
    assert comparable(Attribute("a", Type.BOOLEAN), True) is True
    assert comparable(Attribute("a", Type.DATETIME), "2026-11-23T11:00:00+01:00") == "2026-11-23T10:00:00.000000Z"
