"""Two organizations hammered at once through one pool of connections and one worker never see each other.

Every id that an organization was ever given is recorded; whatever it is told later must be among them. Both use the
same names, so that a mixed-up tenant would show in look-ups, conflicts and lists.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.http.conftest import GROUP_URN, PATCH_URN, USER_URN
from tests.http.test_bulk import BULK_URN
from tests.live.processes import Commands, Organization, serving

pytestmark = pytest.mark.live
ID = re.compile(r'"(?:id|value)":"([0-9a-f-]{36})"|/(?:Users|Groups)/([0-9a-f-]{36})')
REQUESTS = 150
LANES = 6


class Tenant:
    """One organization, the ids that it was given, and the calls that it makes."""

    def __init__(self, client: httpx.AsyncClient, organization: Organization, mark: str) -> None:
        self._client = client
        self._organization = organization
        self.mark = mark
        self.people: list[str] = []
        self.groups: list[str] = []
        self.statuses: Counter[int] = Counter()

    async def call(self, method: str, path: str, **keywords: Any) -> httpx.Response:
        """Send a request with this tenant's token; new ids are recorded, and nothing but recorded ids is told."""
        headers = {"Authorization": f"Bearer {self._organization.token}"}
        answer = await self._client.request(method, self._organization.scim_url + path, headers=headers, **keywords)
        self.statuses[answer.status_code] += 1
        if answer.status_code == 201:
            (self.people if path == "/Users" else self.groups).append(answer.json()["id"])
        return answer

    def told(self, answer: httpx.Response) -> set[str]:
        return {one or other for one, other in ID.findall(answer.text)}

    async def act(self, chance: random.Random) -> set[str]:
        """Do something at random; the ids that the answer tells."""
        number = chance.randrange(60)
        user = {"schemas": [USER_URN], "userName": f"person{number}", "title": self.mark}
        group = {"schemas": [GROUP_URN], "displayName": f"group{number}"}
        kind = chance.randrange(8)
        if kind == 0 or not self.people:
            return self.told(await self.call("POST", "/Users", json=user))
        if kind == 1 or not self.groups:
            return self.told(await self.call("POST", "/Groups", json=group))
        person, team = chance.choice(self.people), chance.choice(self.groups)
        if kind == 2:
            add = {"op": "add", "path": "members", "value": [{"value": person}]}
            body = {"schemas": [PATCH_URN], "Operations": [add]}
            return self.told(await self.call("PATCH", f"/Groups/{team}?attributes=members", json=body))
        if kind == 3:
            filters = {"filter": f'userName eq "person{number}" or title pr'}
            found = await self.call("GET", "/Users", params=filters)
            assert {item["title"] for item in found.json()["Resources"]} <= {self.mark}
            return self.told(found)
        if kind == 4:
            return self.told(await self.call("GET", "/", params={"count": 200}))
        if kind == 5:
            change = {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "path": "nickName", "value": self.mark}]}
            operation = {"method": "PATCH", "path": f"/Users/{person}", "data": change}
            body = {"schemas": [BULK_URN], "Operations": [operation]}
            return self.told(await self.call("POST", "/Bulk", json=body))
        if kind == 6:
            return self.told(await self.call("GET", f"/Groups/{team}/members"))
        return self.told(await self.call("GET", f"/Users/{person}"))


async def test_two_organizations_in_one_pool_and_one_worker(tmp_path: Path) -> None:
    with serving("--data", tmp_path / "data", "--port", "0", "--workers", "1"):
        commands = Commands(tmp_path / "data", tmp_path / "none")
        ours, theirs = commands.organization("Ours"), commands.organization("Theirs")
        limits = httpx.Limits(max_connections=3, max_keepalive_connections=3)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            tenants = [Tenant(client, ours, "ours"), Tenant(client, theirs, "theirs")]
            told: dict[str, set[str]] = {"ours": set(), "theirs": set()}

            async def lane(seed: int) -> None:
                chance = random.Random(seed)
                for _ in range(REQUESTS):
                    tenant = chance.choice(tenants)
                    told[tenant.mark] |= await tenant.act(chance)

            await asyncio.gather(*(lane(seed) for seed in range(LANES)))
            await _check(tenants, told)


async def _check(tenants: list[Tenant], told: dict[str, set[str]]) -> None:
    for tenant, other in (tenants, tenants[::-1]):
        own = {*tenant.people, *tenant.groups}
        assert told[tenant.mark] <= own
        assert not own & {*other.people, *other.groups}
        assert len(tenant.people) > 20
        assert set(tenant.statuses) <= {200, 201, 204, 409}, tenant.statuses
        for one in other.people[:10]:
            assert (await tenant.call("GET", f"/Users/{one}")).status_code == 404
            assert (await tenant.call("DELETE", f"/Users/{one}")).status_code == 404
        add = {"op": "add", "path": "members", "value": [{"value": other.people[0]}]}
        body = {"schemas": [PATCH_URN], "Operations": [add]}
        assert (await tenant.call("PATCH", f"/Groups/{tenant.groups[0]}", json=body)).status_code == 400
        assert (await tenant.call("PATCH", f"/Groups/{other.groups[0]}", json=body)).status_code == 404
