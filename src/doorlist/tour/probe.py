"""Plain HTTP to a SCIM endpoint, where a step looks at the wire itself: status, headers and JSON of an answer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from doorlist.tour.steps import StepFailed


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; header names are in lower case, a body that is no JSON object is empty."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def detail(self) -> str:
        """The sentence of a refusal."""
        return str(self.body.get("detail", ""))


def get(base: str, path: str, *, token: str) -> Answer:
    """GET a path below a base address. Raises `StepFailed` when there is no answer."""
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("GET", parts.path + path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise StepFailed(f"GET {base}{path}", expected="an answer", found=str(error)) from None
    finally:
        connection.close()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, _object(content))


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
