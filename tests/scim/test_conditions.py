"""Filters bound to types: which operator suits which type, what a comparison means, and the same in brackets."""

from __future__ import annotations

from typing import Any

import pytest

from doorlist.errors import InvalidFilter
from doorlist.scim.condition import bind, holds, terms
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, USER_TYPE, USER_URN
from doorlist.scim.filter import parse_filter
from doorlist.scim.resource import read_resource
from doorlist.scim.schema import Attribute, ResourceType, Schema, Type
from doorlist.scim.values import comparison_form

SAMPLES = {
    Type.STRING: '"x"',
    Type.BOOLEAN: "true",
    Type.DECIMAL: "1.5",
    Type.INTEGER: "3",
    Type.DATETIME: '"2026-11-23T10:00:00Z"',
    Type.BINARY: '"aGk="',
    Type.REFERENCE: '"https://x.example"',
}
THING = ResourceType(
    "Thing",
    "/Things",
    "",
    Schema("urn:example:Thing", "Thing", "", tuple(Attribute(kind.value, kind) for kind in SAMPLES)),
)
SUITS = {
    Type.STRING: "eq ne co sw ew gt ge lt le",
    Type.REFERENCE: "eq ne co sw ew gt ge lt le",
    Type.BINARY: "eq ne co sw ew",
    Type.BOOLEAN: "eq ne",
    Type.DECIMAL: "eq ne gt ge lt le",
    Type.INTEGER: "eq ne gt ge lt le",
    Type.DATETIME: "eq ne gt ge lt le",
}
OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", SAMPLES)
def test_an_operator_suits_a_type_or_is_refused(kind: Type, operator: str) -> None:
    tree = parse_filter(f"{kind.value} {operator} {SAMPLES[kind]}")
    if operator in SUITS[kind].split():
        bind(tree, THING)
    else:
        with pytest.raises(InvalidFilter, match=operator):
            bind(tree, THING)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_constant_of_another_type_is_refused(kind: Type) -> None:
    admitted = {
        Type.DECIMAL: {Type.INTEGER},
        Type.INTEGER: {Type.DECIMAL},
        Type.STRING: {Type.DATETIME, Type.BINARY, Type.REFERENCE},
        Type.REFERENCE: {Type.STRING, Type.DATETIME, Type.BINARY},
        Type.BINARY: {Type.STRING, Type.DATETIME, Type.REFERENCE},
    }
    for other, constant in SAMPLES.items():
        if other is not kind and other not in admitted.get(kind, set()):
            with pytest.raises(InvalidFilter):
                bind(parse_filter(f"{kind.value} eq {constant}"), THING)


@pytest.mark.parametrize("kind", SAMPLES)
def test_presence_and_null_suit_every_type(kind: Type) -> None:
    for text, found in (("pr", True), ("ne null", True), ("eq null", False)):
        assert holds(bind(parse_filter(f"{kind.value} {text}"), THING), {kind.value: "something"}) is found
        assert holds(bind(parse_filter(f"{kind.value} {text}"), THING), {}) is not found
    for operator in OPERATORS[2:]:
        with pytest.raises(InvalidFilter):
            bind(parse_filter(f"{kind.value} {operator} null"), THING)


ANA = comparison_form(
    USER_TYPE,
    read_resource(
        USER_TYPE,
        {
            "schemas": [USER_URN],
            "userName": "Ana@Contoso.example",
            "externalId": "aNa",
            "active": True,
            "title": "Straße",
            "name": {"givenName": "Ana", "familyName": "Ruiz"},
            "emails": [
                {"value": "ana@contoso.example", "type": "work", "primary": True},
                {"value": "ana@home.example", "type": "home"},
            ],
            "roles": [{"value": "Admin"}],
            ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "M-1"}},
        },
    ).document,
)

MEANS: list[tuple[str, bool]] = [
    ('userName eq "ANA@contoso.EXAMPLE"', True),
    ('userName sw "ana@"', True),
    ('userName ew ".Example"', True),
    ('userName co "CONTOSO"', True),
    ('userName gt "ana"', True),
    ('userName lt "B"', True),
    ('userName ge "ana@contoso.example"', True),
    ('userName le "ana@contoso.example"', True),
    ('userName gt "ana@contoso.example"', False),
    ('userName ne "ana"', True),
    ('externalId eq "aNa"', True),
    ('externalId eq "ana"', False),
    ('externalId sw "aN"', True),
    ('externalId sw "an"', False),
    ('title eq "STRASSE"', True),
    ('title eq "strasse"', True),
    ('title sw "stras"', True),
    ("active eq true", True),
    ('active eq "True"', True),
    ("active ne false", True),
    ("active eq false", False),
    ('name.givenName eq "ana"', True),
    ('name[givenName eq "ana" and familyName eq "RUIZ"]', True),
    ('name[givenName eq "ana" and familyName eq "x"]', False),
    ('name[not (givenName eq "x")]', True),
    ("name pr", True),
    ('name.middleName ne "x"', True),
    ("name.middleName pr", False),
    ("nickName pr", False),
    ('nickName ne "x"', True),
    ('not (nickName eq "x")', True),
    ('nickName eq ""', False),
    ("nickName eq null", True),
    ('emails eq "ANA@home.example"', True),
    ('emails.value ew "home.example"', True),
    ("emails.type pr", True),
    ("emails pr", True),
    ('emails.type eq "work" and emails.value eq "ana@home.example"', True),
    ('emails[type eq "work" and value eq "ana@home.example"]', False),
    ('emails[type eq "home" and value co "@home"]', True),
    ('emails[type eq "home"].value eq "ANA@home.example"', True),
    ('emails[type eq "work"].value eq "ana@home.example"', False),
    ("emails[primary eq true]", True),
    ("emails[not (primary pr)]", True),
    ('emails ne "ana@home.example"', True),
    ('not (emails eq "ana@home.example")', False),
    ('emails[type eq "work" or value sw "x"]', True),
    ("emails.display pr", False),
    ("ims pr", False),
    ('ims ne "x"', True),
    ('ims[type eq "x"]', False),
    ('not (ims[type eq "x"])', True),
    (f'{ENTERPRISE_URN}:department eq "sales"', True),
    ('department eq "SALES"', True),
    (f"{ENTERPRISE_URN}:division pr", False),
    (f'{ENTERPRISE_URN}:manager eq "M-1"', True),
    ('manager eq "m-1"', False),
    ('manager.value eq "M-1"', True),
    (f'{ENTERPRISE_URN}:manager[value eq "M-1"]', True),
    (f'{USER_URN}:userName sw "ana"', True),
    (f'schemas eq "{ENTERPRISE_URN}"', True),
    ('schemas eq "urn:x"', False),
    ('schemas co "enterprise"', True),
    ('userName sw "x" or title pr and active eq true', True),
    ('(userName sw "x" or title pr) and active eq false', False),
]


@pytest.mark.parametrize(("text", "expected"), MEANS)
def test_a_filter_means_what_the_rfc_says(text: str, expected: bool) -> None:
    assert holds(bind(parse_filter(text), USER_TYPE), ANA) is expected


UNKNOWN = [
    "shoeSize pr",
    "emails.shoeSize pr",
    "emails[shoeSize pr]",
    "emails[value.x pr]",
    "name.given.x pr",
    "urn:x:y:userName pr",
    f"{ENTERPRISE_URN}:userName pr",
    f"{USER_URN}:department pr",
    "password pr",
    'name eq "x"',
    'addresses co "x"',
    'meta eq "x"',
    'title[value eq "x"]',
    'emails[type[value eq "x"]]',
    'emails.value[type eq "x"]',
    "members pr",
    'name[shoeSize eq "x"]',
    'title eq "\\u0000"',
    f'emails[{USER_URN}:type eq "x"]',
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_the_schema_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        bind(parse_filter(text), USER_TYPE)
    assert refusal.value.place


def test_members_and_the_common_attributes_can_be_asked_of_groups() -> None:
    for text in (
        'members eq "x"',
        'members[value eq "x"]',
        'members.$ref co "x"',
        'meta.resourceType eq "Group"',
        "id pr",
    ):
        bind(parse_filter(text), GROUP_TYPE)


@pytest.mark.parametrize(
    ("text", "count"), [("title pr", 1), ("title pr and not (name pr or emails[type pr and value pr])", 4)]
)
def test_the_terms_of_a_condition_are_counted(text: str, count: int) -> None:
    assert terms(bind(parse_filter(text), USER_TYPE)) == count


def test_times_are_compared_as_instants() -> None:
    form: dict[str, Any] = {"meta": {"created": "2026-11-23T10:00:00.000000Z"}}
    for text, expected in (
        ('meta.created eq "2026-11-23T11:00:00+01:00"', True),
        ('meta.created gt "2026-11-23T10:00:00.001+00:00"', False),
        ('meta.created le "2026-11-23T05:00:00-05:00"', True),
        ('meta.created ne "2026-11-23T10:00:01Z"', True),
    ):
        assert holds(bind(parse_filter(text), USER_TYPE), form) is expected, text
