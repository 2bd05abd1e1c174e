"""What a directory took away is brought back in the console: first shown, then done."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from doorlist.service import insight, tokens
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from tests.console.conftest import OPERATOR, Browser

PAGE = "/o/example/attention"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
async def hour_ago() -> str:
    return f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("user", ["", "ana@example.com"])
async def test_a_deleted_person_comes_back_after_a_preview(
    operator: Browser, database: Database, organization: Organization, hour_ago: str, user: str
) -> None:
    minted = await tokens.create_token(
        database, OPERATOR, organization.org_id, label="Entra", expires_days=None, scopes=()
    )
    headers = {"authorization": f"Bearer {minted.text}"}
    body = {"schemas": [USER], "userName": "ana@example.com"}
    made = (await operator.http.post("/scim/v2/Users", json=body, headers=headers)).json()
    address = f"/scim/v2/Users/{made['id']}"
    if user:  # only a live person can be named: one who was deactivated
        change = {"op": "replace", "path": "active", "value": False}
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        await operator.http.patch(address, json={"schemas": [schema], "Operations": [change]}, headers=headers)
    else:
        assert (await operator.http.delete(address, headers=headers)).status_code == 204

    plan = await operator.send("/o/example/plan", PAGE, change="restore-removed", since=hour_ago, user=user, back=PAGE)
    assert f"took away from {user or 'everybody'} since" in plan.text
    assert "active again: 1 people" in plan.text if user else "1 deleted people" in plan.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', plan.text))
    done = await operator.http.post("/o/example/apply", data=fields)
    assert "Done:" in done.text
    people = {line.user_name: line.active async for line in insight.people(database, organization.org_id)}
    assert people["ana@example.com"]


@pytest.mark.parametrize("since", ["", "yesterday", "2020-01-01T00:00"])
async def test_a_moment_that_cannot_be_is_refused(operator: Browser, organization: Organization, since: str) -> None:
    refused = await operator.send("/o/example/plan", PAGE, change="restore-removed", since=since, back=PAGE)
    assert "Give a date and a time." in refused.text or "restored within 30 days" in refused.text
