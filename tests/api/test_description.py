"""The description of the management API is complete: examples that are right, and words for everything."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from doorlist.web.management.examples import BODIES
from tests.api.every_request import DESCRIPTION, PUBLIC, ROUTES, Route


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIPTION["paths"][route.path][route.method]
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_a_route_is_described_to_the_last_parameter(route: Route) -> None:
    described = operation(route)
    assert described["summary"]
    assert described["description"]
    assert described["tags"]
    for parameter in described.get("parameters", []):
        assert parameter["description"], parameter["name"]
    refusal = described["responses"]["default"]["content"]
    assert list(refusal) == ["application/problem+json"]
    assert any(status.startswith("2") for status in described["responses"])
    assert "422" not in described["responses"]


@pytest.mark.parametrize("name", BODIES)
def test_an_example_is_a_right_body(name: str) -> None:
    (route,) = [route for route in ROUTES if route.operation == name]
    content = operation(route)["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": DESCRIPTION["components"]}
    jsonschema_rs.validator_for(schema).validate(content["example"])


def test_every_body_has_its_example() -> None:
    assert BODIES.keys() == {route.operation for route in ROUTES if "requestBody" in operation(route)}


def test_every_model_and_operation_bears_one_name() -> None:
    names = [route.operation for route in ROUTES]
    assert len(set(names)) == len(names)
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        if schema.get("type") == "object" and not name.startswith("Page_"):
            assert schema.get("description"), name
    assert set(PUBLIC) == {"authzen_configuration"}
