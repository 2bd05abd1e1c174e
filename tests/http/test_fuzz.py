"""Random requests made from the attribute table: every one is answered in SCIM, none with a fault."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, GROUP_URN, USER_TYPE, USER_URN
from doorlist.scim.patch import PATCH_URN
from doorlist.scim.schema import Attribute, ResourceType, Type
from tests.http.conftest import Directory

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NOBODY = "0190c0de-0000-7000-8000-000000000000"
FUZZ = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

TEXT = st.sampled_from(["a", "B", "", " ", "é", "work", "true", "bulkId:1", "\x00", "%", "'; --", NOBODY]) | st.text(
    max_size=8
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _value(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Mostly a value of the attribute's type, at times anything."""
    fitting: st.SearchStrategy[Any] = TEXT
    if attribute.type is Type.BOOLEAN:
        fitting = st.booleans() | st.sampled_from(["True", "false"])
    if attribute.is_complex:
        fitting = st.fixed_dictionaries({}, optional={sub.name: _value(sub) for sub in attribute.sub_attributes})
    if attribute.multi_valued:
        fitting = st.lists(fitting, max_size=3)
    return st.one_of(fitting, fitting, fitting, st.none(), JUNK)


def _body(resource_type: ResourceType) -> st.SearchStrategy[dict[str, Any]]:
    base = {item.name: _value(item) for item in resource_type.names.values() if item.name != "schemas"}
    for extension in resource_type.extensions:
        inner = {item.name: _value(item) for item in extension.schema.attributes}
        base[extension.schema.urn] = st.fixed_dictionaries({}, optional=inner) | JUNK
    schemas = st.one_of(*[st.just([resource_type.schema.urn])] * 4, JUNK)
    return st.fixed_dictionaries({"schemas": schemas}, optional={**base, "unknown": JUNK})


def _names(resource_type: ResourceType) -> list[str]:
    named = [(None, item) for item in resource_type.names.values()]
    named += [(each.schema.urn, item) for each in resource_type.extensions for item in each.schema.attributes]
    names: list[str] = []
    for urn, item in named:
        name = item.name if urn is None else f"{urn}:{item.name}"
        names += [name, *(f"{name}.{sub.name}" for sub in item.sub_attributes)]
    return [*names, "shoeSize", "manager", "urn:x:y:z", resource_type.schema.urn]


TYPES = {"/Users": USER_TYPE, "/Groups": GROUP_TYPE}
BODIES = {path: _body(kind) for path, kind in TYPES.items()}
NAMES = {path: st.sampled_from(_names(kind)) for path, kind in TYPES.items()}
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
CONSTANTS = st.builds(json.dumps, TEXT | st.booleans() | st.none() | st.integers() | st.just("2026-11-23T10:00:00Z"))


def _filters(path: str) -> st.SearchStrategy[str]:
    leaves = st.builds("{} {} {}".format, NAMES[path], OPERATORS, CONSTANTS) | st.builds("{} pr".format, NAMES[path])
    inner = st.builds("{} {} {}".format, st.sampled_from(["value", "type", "primary", "$ref"]), OPERATORS, CONSTANTS)
    brackets = st.builds(
        "{}[{}]{}".format, NAMES[path], inner, st.sampled_from(["", ".value pr", '.type eq "x"', ".x"])
    )
    return st.recursive(
        leaves | brackets,
        lambda part: (
            st.builds("({}) {} {}".format, part, st.sampled_from(["and", "or"]), part)
            | st.builds("not ({})".format, part)
        ),
        max_leaves=4,
    ) | st.text(max_size=20)


def _paths(path: str) -> st.SearchStrategy[str]:
    return NAMES[path] | _filters(path) | st.builds("{}[{}].{}".format, NAMES[path], _filters(path), TEXT)


def _operations(path: str) -> st.SearchStrategy[Any]:
    verbs = st.sampled_from(["add", "Replace", "remove", "move"])
    with_path = st.fixed_dictionaries({"op": verbs, "path": _paths(path)}, optional={"value": JUNK})
    pathless = st.fixed_dictionaries({"op": verbs, "value": BODIES[path] | JUNK})
    return st.lists(st.one_of(with_path, with_path, pathless, JUNK), max_size=4)


def answered(answer: httpx.Response) -> Any:
    """The content of an answer, checked: no fault, an Error where refused, no null anywhere."""
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    content = answer.json() if answer.content else None
    if answer.status_code >= 400:
        assert content["schemas"] == [ERROR_URN]
        assert content["status"] == str(answer.status_code)
        assert content["detail"]
    elif content is not None:
        assert "null" not in answer.text or all(value is not None for value in _leaves(content))
    return content


def _leaves(content: Any) -> list[Any]:
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return [leaf for part in parts for leaf in _leaves(part)]
    return [content]


@pytest.mark.parametrize("path", TYPES)
@FUZZ
@given(data=st.data())
async def test_what_is_written_is_what_is_read(directory: Directory, path: str, data: st.DataObject) -> None:
    made = await directory.call("POST", path, json=data.draw(BODIES[path]))
    content = answered(made)
    address = f"{path}/{content['id']}" if made.status_code == 201 else f"{path}/{NOBODY}"
    for method, body in (
        ("PATCH", {"schemas": [PATCH_URN], "Operations": data.draw(_operations(path))}),
        ("PUT", data.draw(BODIES[path])),
    ):
        written = await directory.call(method, address, json=body)
        after = answered(written)
        read = await directory.call("GET", address)
        answered(read)
        if written.status_code == 200:
            assert read.json() == after
    deleted = await directory.call("DELETE", address)
    assert deleted.status_code in (204, 404)


PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "sortOrder": st.sampled_from(["ascending", "DESCENDING"]) | TEXT,
        "startIndex": st.integers(-5, 10) | TEXT,
        "count": st.integers(-5, 10) | TEXT,
        "cursor": TEXT,
        "attributes": TEXT,
    },
)


@pytest.mark.parametrize("path", TYPES)
@FUZZ
@given(data=st.data())
async def test_every_question_is_answered_or_refused(directory: Directory, path: str, data: st.DataObject) -> None:
    asked = {**data.draw(PARAMETERS)}
    if data.draw(st.booleans()):
        asked["filter"] = data.draw(_filters(path))
    for name in ("sortBy", "attributes", "excludedAttributes"):
        if data.draw(st.integers(0, 3)) == 0:
            asked[name] = data.draw(NAMES[path] | TEXT)
    got = await directory.call("GET", path, params=asked)
    answered(got)
    searched = await directory.call("POST", f"{path}/.search", json={"schemas": [SEARCH_URN], **asked})
    answered(searched)
    if got.status_code == searched.status_code == 200 and "cursor" not in asked:
        assert got.json() == searched.json()
    answered(await directory.call("POST", "/.search", json={"schemas": [SEARCH_URN], **asked}))


@FUZZ
@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {"method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]) | JUNK},
            optional={
                "path": st.sampled_from(["/Users", "/Groups", f"/Users/{NOBODY}", "/Users/bulkId:1", "/Me", "/Bulk"])
                | TEXT,
                "bulkId": st.sampled_from(["1", "2", "3"]) | JUNK,
                "data": BODIES["/Users"] | BODIES["/Groups"] | JUNK,
                "version": TEXT | JUNK,
            },
        )
        | JUNK,
        max_size=4,
    ),
    limit=st.none() | st.integers(-1, 3) | JUNK,
)
async def test_bulk_answers_every_operation(directory: Directory, operations: list[Any], limit: Any) -> None:
    body = {"schemas": [BULK_URN], "Operations": operations, "failOnErrors": limit}
    content = answered(await directory.call("POST", "/Bulk", json=body))
    for result in content.get("Operations", []):
        assert int(result["status"]) < 500
        assert "response" in result or int(result["status"]) < 300


@pytest.mark.parametrize("depth", [5, 50, 100, 500, 900, 5_000])
@pytest.mark.parametrize("path", ["/Users", "/Users/.search", "/Bulk", "/.search", f"/Users/{NOBODY}"])
async def test_deep_nesting_is_no_fault(directory: Directory, path: str, depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    urns = json.dumps([USER_URN, GROUP_URN, PATCH_URN, BULK_URN, SEARCH_URN, ENTERPRISE_URN])
    where = "/Users" if path == "/Bulk" else "name"
    person = f'{{"schemas":{urns},"userName":"bulkId:2","name":{nested}}}'
    operation = f'{{"op":"add","path":"{where}","value":{nested},"method":"POST","bulkId":"1","data":{person}}}'
    for twice in ("", ',"x":1,"x":2'):
        body = f'{{"schemas":{urns},"userName":"ana","name":{nested},"Operations":[{operation}]{twice}}}'
        method = "PATCH" if path.endswith(NOBODY) else "POST"
        headers = {"Content-Type": "application/json"}
        answered(await directory.call(method, path, content=body.encode(), headers=headers))
