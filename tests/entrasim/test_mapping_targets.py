"""Target attributes: what is written into a resource is read back, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrasim.dialects import Dialect, attribute_patch, user_creation
from entrasim.entries import Person
from entrasim.flows import USER_SOURCES, Flow, user_source
from entrasim.mappings import USER_MAPPINGS, Change, differences, matching_targets
from entrasim.targets import ShapeError, parse_target

TARGETS = [mapping.target for mapping in USER_MAPPINGS if not mapping.reference]
TEXTS = st.dictionaries(st.sampled_from([t for t in TARGETS if t != "active"]), st.text(min_size=1), max_size=8)


@given(TEXTS)
def test_a_created_resource_holds_exactly_its_values(values: dict[str, str]) -> None:
    body = user_creation({**values, "active": "True"})
    assert differences({**values, "active": "True"}, body) == []
    assert {t for t in TARGETS if parse_target(t).read(body) is not None} == {*values, "active"}


@given(TEXTS, st.sampled_from(Dialect))
def test_a_patch_names_every_change_once(values: dict[str, str], dialect: Dialect) -> None:
    changes = [
        Change(target, None if number % 2 else "old", new) for number, (target, new) in enumerate(values.items())
    ]
    named: list[str] = []
    for operation in attribute_patch(changes, dialect)["Operations"]:
        named += [operation["path"]] if "path" in operation else list(operation["value"])
    assert sorted(named) == sorted(values)


def test_every_source_is_an_attribute_of_the_directory_or_an_expression() -> None:
    direct = {m.source for m in USER_MAPPINGS if m.kind == "direct" and not m.reference}
    assert direct <= USER_SOURCES
    assert len(USER_MAPPINGS) == 22


def test_the_user_principal_name_is_the_matching_attribute() -> None:
    assert matching_targets(USER_MAPPINGS) == ["userName"]


def test_an_empty_source_flows_nothing() -> None:
    person = Person(key=1, id="i", handle="ana", user_principal_name="ana@c.example", display_name="")
    assert Flow(USER_MAPPINGS).values(user_source(person, soft_deleted=True)) == {
        "userName": "ana@c.example",
        "active": "False",
        "externalId": "ana",
    }


@pytest.mark.parametrize("resource", [{"name": "Ana"}, {"emails": {}}, {"emails": ["x"]}, {"title": 4}, {"title": []}])
def test_a_resource_of_the_wrong_shape_is_named(resource: dict[str, object]) -> None:
    values = {"title": "x", "name.givenName": "y", 'emails[type eq "work"].value': "z"}
    with pytest.raises(ShapeError):
        differences(values, resource)


@pytest.mark.parametrize("text", ["", "a..b", "a[type ne 1].b", "urn:x:", "a b"])
def test_what_no_mapping_can_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a target attribute"):
        parse_target(text)
