"""Discovery documents and lists, read by scim2-models, which we did not write (RFC 7643 sections 5 to 7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import scim2_models

from doorlist.domain.ids import uuid7
from doorlist.errors import InvalidValue, NotFound
from doorlist.scim import discovery
from doorlist.scim.core import ENTERPRISE_URN, GROUP_URN, RESOURCE_TYPES, USER_TYPE, USER_URN
from doorlist.scim.messages import Stored, render, render_error, render_list
from doorlist.scim.projection import WHOLE
from doorlist.scim.resource import read_resource
from doorlist.scim.schema import EXTERNAL_ID, Attribute

BASE = "https://doorlist.example/scim/v2"
SCHEMAS = discovery.schemas_of(RESOURCE_TYPES)
OURS = {item.urn: item for item in SCHEMAS}


def published(attributes: tuple[Attribute, ...]) -> set[str]:
    return {attribute.name for attribute in attributes if attribute.published}


@pytest.mark.parametrize("urn", OURS)
def test_a_schema_is_read_with_all_its_characteristics(urn: str) -> None:
    document = discovery.schema(OURS[urn], base=BASE)
    schema = scim2_models.Schema.model_validate(document)
    assert schema.id == urn
    everywhere = {"externalId"} if urn != ENTERPRISE_URN else set()  # a part of every base schema, RFC 7643 section 3.1
    assert {attribute.name for attribute in schema.attributes or []} == published(OURS[urn].attributes) | everywhere
    for attribute in schema.attributes or []:
        ours = {"externalid": EXTERNAL_ID, **OURS[urn].names}[str(attribute.name).lower()]
        assert attribute.type is not None
        assert attribute.type.value == ours.type.value
        assert attribute.multi_valued is ours.multi_valued
        assert bool(attribute.required) is ours.required
        assert {sub.name for sub in attribute.sub_attributes or []} == published(ours.sub_attributes)
    model = (
        scim2_models.Resource.from_schema(schema)
        if urn != ENTERPRISE_URN
        else scim2_models.Extension.from_schema(schema)
    )
    assert model is not None


STANDARD = {
    USER_URN: scim2_models.User,
    GROUP_URN: scim2_models.Group,
    ENTERPRISE_URN: scim2_models.EnterpriseUser,
}
DIFFERENCES = {
    (USER_URN, "password"): "accepted, but not published",
}


@pytest.mark.parametrize("urn", OURS)
def test_our_schemas_have_the_attributes_of_the_rfc(urn: str) -> None:
    theirs = STANDARD[urn].to_schema()
    ours = discovery.schema(OURS[urn], base=BASE)
    named = {item["name"]: item for item in ours["attributes"]}
    for attribute in theirs.attributes or []:
        if (urn, attribute.name) in DIFFERENCES:
            assert attribute.name not in named
            continue
        item = named.pop(str(attribute.name))
        assert item["multiValued"] is bool(attribute.multi_valued), attribute.name
        assert attribute.type is not None
        assert item["type"] == attribute.type.value, attribute.name
        subs = {str(sub.name) for sub in attribute.sub_attributes or []}
        assert subs >= {sub["name"] for sub in item.get("subAttributes", [])} - {"display", "primary", "type", "$ref"}
    assert named.keys() == ({"externalId"} if urn != ENTERPRISE_URN else set())  # RFC 7643 section 3.1


def test_resource_types_name_their_schemas_and_addresses() -> None:
    for item in RESOURCE_TYPES:
        told = scim2_models.ResourceType.model_validate(discovery.resource_type(item, base=BASE))
        assert told.id == told.name == item.name
        assert str(told.endpoint) == item.endpoint
        assert str(told.schema_) == item.schema.urn


def stored(**attributes: Any) -> Stored:
    document = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana", **attributes}).document
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return Stored(uuid7(1, bytes(10)), msgspec.json.encode(document).decode(), 3, now, now)


def test_a_resource_is_read_as_the_rfc_writes_it() -> None:
    one = stored(name={"givenName": "Ana"}, **{ENTERPRISE_URN: {"department": "Sales"}})
    body = json.loads(render(USER_TYPE, one, base=BASE, projection=WHOLE))
    user = scim2_models.User[scim2_models.EnterpriseUser].model_validate(
        body, scim_ctx=scim2_models.Context.RESOURCE_QUERY_RESPONSE
    )
    assert user.meta is not None
    assert (user.user_name, user.meta.resource_type, user.meta.version) == ("ana", "User", 'W/"3"')
    assert user.meta.location == f"{BASE}/Users/{one.id}"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_list_tells_total_start_and_length(number: int) -> None:
    rendered = [render(USER_TYPE, stored(), base=BASE, projection=WHOLE)] * number
    body = json.loads(render_list(rendered, total=7, start_index=2))
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (7, 2, number)
    assert len(body["Resources"]) == number
    scim2_models.ListResponse[scim2_models.User].model_validate(body)


def test_an_error_has_its_status_as_text() -> None:
    error = scim2_models.Error.model_validate_json(render_error(InvalidValue("No.", place="title")))
    assert (error.status, error.scim_type) == (400, "invalidValue")
    plain = json.loads(render_error(NotFound("Nothing.")))
    assert plain == {"schemas": [str(scim2_models.Error.__schema__)], "status": "404", "detail": "Nothing."}
