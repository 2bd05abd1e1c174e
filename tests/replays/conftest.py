"""A running server for all replays, and for each test an organization with a client that calls it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.live.processes import Commands, serving

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass
class Endpoint:
    """The SCIM endpoint of an organization of the test's own, called as the suites call it."""

    http: httpx.Client
    url: str
    token: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """An answer, whose media type is SCIM's wherever it has a body."""
        answer = (
            self.http.request(method, path, json=body, headers=headers)
            if body
            else self.http.request(method, path, headers=headers)
        )
        if answer.content:
            assert answer.headers["content-type"].startswith("application/scim+json")
        return answer

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == status, answer.text
        return answer.json()

    def create(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status_code == status, answer.text
        if status == 201:
            assert answer.headers["location"] == answer.json()["meta"]["location"]
        return answer.json()

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        """The answer of a PATCH that the suites accept: 200 with the resource, or 204; then what a GET shows."""
        answer = self.call("PATCH", path, {"schemas": [PATCH_URN], "Operations": list(operations)})
        assert answer.status_code in (200, 204), answer.text
        return self.get(path)

    def delete(self, path: str, status: int = 204) -> None:
        assert self.call("DELETE", path).status_code == status

    def found(self, path: str, attribute: str, value: str, more: str = "") -> list[Any]:
        """The resources that an equality finds, in a well-formed list."""
        text = httpx.QueryParams({"filter": f'{attribute} eq "{value}"'})
        body = self.get(f"{path}?{text}{more}")
        assert body["schemas"] == [LIST_URN]
        assert body["totalResults"] == len(body["Resources"]) == body["itemsPerPage"]
        return list(body["Resources"])


def user(name: str, /, **attributes: Any) -> dict[str, Any]:
    return {"schemas": [USER_URN], "userName": name, "active": True, **attributes}


def group(name: str, /, **attributes: Any) -> dict[str, Any]:
    return {"schemas": [GROUP_URN], "displayName": name, **attributes}


@pytest.fixture(scope="session")
def replay_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a server for all replays."""
    data = tmp_path_factory.mktemp("replays")
    with serving("--data", data, "--port", "0", "--workers", "1"):
        yield data


@pytest.fixture
def endpoint(replay_data: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """The endpoint of a fresh organization."""
    organization = Commands(replay_data, tmp_path / "entrasim.db").organization(request.node.name[:60])
    with organization.client() as http:
        yield Endpoint(http, organization.scim_url, organization.token)
