"""The filter and path grammar (RFC 7644 section 3.4.2.2 and figure 1, section 3.5.2 and figure 7): text to tree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from doorlist.errors import InvalidFilter, InvalidPath
from doorlist.scim.filter import (
    MAX_DEPTH,
    MAX_TERMS,
    And,
    Comparison,
    Not,
    Operator,
    Or,
    Path,
    Present,
    ValueFilter,
    parse_filter,
    parse_name,
    parse_path,
)

A, B, C = Present(Path("a")), Present(Path("b")), Present(Path("c"))
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def is_(value: Any, operator: str = "eq", path: Path = Path("a")) -> Comparison:  # noqa: B008 - a frozen value
    return Comparison(path, Operator(operator), value)


PRECEDENCE = [
    ("a pr", A),
    ("a pr and b pr", And((A, B))),
    ("a pr or b pr", Or((A, B))),
    ("a pr or b pr and c pr", Or((A, And((B, C))))),
    ("a pr and b pr or c pr", Or((And((A, B)), C))),
    ("(a pr or b pr) and c pr", And((Or((A, B)), C))),
    ("a pr and (b pr or c pr)", And((A, Or((B, C))))),
    ("not (a pr) and b pr", And((Not(A), B))),
    ("not (a pr and b pr)", Not(And((A, B)))),
    ("not(a pr)or b pr", Or((Not(A), B))),
    ("not (not (a pr))", Not(Not(A))),
    ("((a pr))", A),
    ("a pr and b pr and c pr", And((A, B, C))),
    ("not (a pr) or not (b pr) and c pr", Or((Not(A), And((Not(B), C))))),
]


@pytest.mark.parametrize(("text", "tree"), PRECEDENCE)
def test_not_binds_closer_than_and_and_and_closer_than_or(text: str, tree: Any) -> None:
    assert parse_filter(text) == tree
    assert parse_filter(text.upper().replace("A PR", "a PR").replace("B PR", "b PR").replace("C PR", "c PR")) == tree


@pytest.mark.parametrize("operator", Operator)
def test_operators_are_known_in_any_case(operator: Operator) -> None:
    for word in (operator.value, operator.value.upper(), operator.value.title()):
        assert parse_filter(f'a {word} "x"') == is_("x", operator.value)


CONSTANTS: list[tuple[str, Any]] = [
    ('"x"', "x"),
    ('""', ""),
    ('"a b"', "a b"),
    ('"\\"quoted\\""', '"quoted"'),
    ('"\\\\"', "\\"),
    ('"\\u00e9\\n\\/"', "é\n/"),
    ('"\\ud83d\\ude00"', "\U0001f600"),
    ('"(a) [b] and or not"', "(a) [b] and or not"),
    ('"%_\'"', "%_'"),
    ("true", True),
    ("FALSE", False),
    ("null", None),
    ("0", 0),
    ("-7", -7),
    ("1.5", Decimal("1.5")),
    ("1e3", Decimal("1E+3")),
    ("-0.25E-2", Decimal("-0.0025")),
    ("9" * 30, int("9" * 30)),
]


@pytest.mark.parametrize(("text", "value"), CONSTANTS)
def test_constants_are_those_of_json(text: str, value: Any) -> None:
    tree = parse_filter(f"a eq {text}")
    assert tree == is_(value)
    assert isinstance(tree, Comparison)
    assert type(tree.value) is type(value)


@pytest.mark.parametrize(
    "text", ["jyoung", "ana@contoso.example", "8aa1a0c0-c4c3", "01", "1e9999", "1" * 41, "a.b+c_d-e"]
)
def test_a_word_without_quotes_is_a_text(text: str) -> None:
    assert parse_filter(f"a eq {text}") == is_(text)


PATHS = [
    ("userName", Path("userName")),
    ("name.familyName", Path("name", "familyName")),
    ("$ref", Path("$ref")),
    ("members.$ref", Path("members", "$ref")),
    ("a-b_c$d1", Path("a-b_c$d1")),
    (f"{USER}:userName", Path("userName", urn=USER)),
    (f"{USER}:name.familyName", Path("name", "familyName", USER)),
    ("urn:example:x:1.0:Thing:size", Path("size", urn="urn:example:x:1.0:Thing")),
    ("URN:Example:X:size", Path("size", urn="URN:Example:X")),
]


@pytest.mark.parametrize(("text", "path"), PATHS)
def test_names_may_have_a_sub_attribute_and_a_urn(text: str, path: Path) -> None:
    assert parse_filter(f"{text} pr") == Present(path)
    assert parse_name(text) == path
    assert str(path) == text
    assert parse_path(text).path == path


@pytest.mark.parametrize(
    "text", ["", "1a", "a.", ".a", "a.b.c", "a b", "urn:", ":a", "urn:x", "http://x:a", "a..b", "é", "a@b", "a.1"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    assert parse_name(text) is None
    with pytest.raises(InvalidPath):
        parse_path(text)


BRACKETS = [
    ("a[b pr]", ValueFilter(Path("a"), B)),
    ("a[b pr and c pr]", ValueFilter(Path("a"), And((B, C)))),
    ("a[not (b pr) or c pr]", ValueFilter(Path("a"), Or((Not(B), C)))),
    (f"{USER}:a[b pr]", ValueFilter(Path("a", urn=USER), B)),
    ("a[b pr] and c pr", And((ValueFilter(Path("a"), B), C))),
    ("a[b pr].c pr", ValueFilter(Path("a"), And((B, C)))),
    ("a[b pr or c pr].a pr", ValueFilter(Path("a"), And((Or((B, C)), A)))),
    ('a[b pr and c pr].a eq "x" or b pr', Or((ValueFilter(Path("a"), And((B, C, is_("x")))), B))),
]


@pytest.mark.parametrize(("text", "tree"), BRACKETS)
def test_brackets_hold_a_filter_on_one_value(text: str, tree: Any) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize("text", ['a eq "x" ', '  a\teq\n"x"', 'a  eq  "x"', '( a eq "x" )'])
def test_space_around_words_means_nothing(text: str) -> None:
    assert parse_filter(text) == is_("x")


MALFORMED = [
    "",
    " ",
    "a",
    "a eq",
    "pr",
    "and",
    "a pr and",
    "or a pr",
    "a pr b pr",
    "a xx 1",
    "not a pr",
    "not",
    "(a pr",
    "a pr)",
    "a[b pr",
    "a]",
    "a[]",
    "a[b pr]]",
    "a[b pr]c",
    "a eq 'x'",
    'a eq "x',
    'a eq "\\x"',
    'a eq "\\ud800"',
    'a eq "\x01"',
    "a eq .5",
    "a eq +1",
    "a eq -",
    "a eq (b)",
    "a eq [1]",
    "a eq {}",
    '"a" eq "x"',
    "1 eq a",
    "a eq é",
    "a pr eq 1",
    "a.b.c pr",
    "a pr && b pr",
    "a = 1",
    "()",
    "a[b pr].",
    "a[b pr].c",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_filter_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        parse_filter(text)
    assert refusal.value.place


def test_length_depth_and_terms_are_bounded() -> None:
    parse_filter("(" * MAX_DEPTH + "a pr" + ")" * MAX_DEPTH)
    for text in (
        "(" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
        "not (" * (MAX_DEPTH + 1) + "a pr" + ")" * (MAX_DEPTH + 1),
        "a pr" + " or a pr" * MAX_TERMS,
        "a eq " + '"' + "x" * 4096 + '"',
        "(" * 4000,
    ):
        with pytest.raises(InvalidFilter):
            parse_filter(text)


PATCH_PATHS = [
    ("a", Path("a"), None, None),
    ("a.b", Path("a", "b"), None, None),
    ("a[b pr]", Path("a"), B, None),
    ("a[b pr].c", Path("a"), B, "c"),
    (f"{USER}:a[b pr].c", Path("a", urn=USER), B, "c"),
    ('a[b eq "]"].c', Path("a"), is_("]", path=Path("b")), "c"),
    ('a[b eq "[x]"]', Path("a"), is_("[x]", path=Path("b")), None),
]


@pytest.mark.parametrize(("text", "path", "inner", "sub"), PATCH_PATHS)
def test_a_patch_path_has_its_parts(text: str, path: Path, inner: Any, sub: str | None) -> None:
    parsed = parse_path(text)
    assert (parsed.path, parsed.inner, parsed.sub) == (path, inner, sub)
    assert parse_path(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    ["a[", "a]", "a[b pr", "a[]", "[b pr]", "a[b pr]c", "a[b pr].c.d", "a[b pr].", "a]b pr[", "a[b pr][c pr]", "a[b]"],
)
def test_a_malformed_patch_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        parse_path(text)
