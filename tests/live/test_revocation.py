"""From the answer of a deactivation to the first request that is refused, on either of two serving processes."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.domain.signin import Method
from doorlist.service import clock, finding
from doorlist.service.session_control import Origin, open_session
from doorlist.store.db import Database
from doorlist.store.embedded import reachable
from tests.live.processes import Commands, serving

pytestmark = pytest.mark.live

RUNS = 100
OFF = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
}
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"


def test_the_first_request_after_a_deactivation_is_refused_by_every_process(
    tmp_path: Path, record_property: Any
) -> None:
    data = tmp_path / "data"
    commands = Commands(data, tmp_path / "entrasim.db")
    with (
        serving("--data", data, "--port", "0") as first,
        serving("--data", data, "--port", "0") as second,
        reachable(None, data) as url,
    ):
        organization = commands.organization("Example")
        with httpx.Client(headers={"Authorization": f"Bearer {organization.token}"}, timeout=60) as scim:
            people = _people(scim, f"{first.url}/scim/v2")
            tokens = asyncio.run(_sessions(url, organization.slug, people))
            times = _revoke(scim, first.url, second.url, dict(zip(people, tokens, strict=True)))
    milliseconds = sorted(1000 * seconds for seconds in times)
    middle, late = statistics.median(milliseconds), milliseconds[int(0.95 * len(milliseconds))]
    record_property(
        "measured",
        f"{RUNS} deactivations, two processes: the first request after the answer was refused each time; "
        f"its refusal was there {middle:.1f} ms (median), {late:.1f} ms (95th percentile), "
        f"{milliseconds[-1]:.1f} ms (longest) after the answer of SCIM",
    )


def _people(scim: httpx.Client, base: str) -> list[str]:
    bodies = [{"schemas": [USER_URN], "userName": f"p{number}@example.com"} for number in range(RUNS)]
    return [scim.post(f"{base}/Users", json=body).json()["id"] for body in bodies]


async def _sessions(url: str, slug: str, people: list[str]) -> list[str]:
    database = await Database.connect(url)
    try:
        organization = await finding.organization(database, slug)
        opened = []
        for person in people:
            async with database.transaction() as connection:
                found = await open_session(
                    connection,
                    organization.org_id,
                    user_id=UUID(person),
                    method=Method.SAML,
                    origin=Origin(),
                    now=clock.now(),
                )
                opened.append(found.token)
        return opened
    finally:
        await database.close()


def _revoke(scim: httpx.Client, first: str, second: str, tokens: dict[str, str]) -> list[float]:
    """Deactivate at one process, ask at the other; the seconds from the answer to the refusal, for each person."""
    times = []
    for number, (person, token) in enumerate(tokens.items()):
        here, there = (first, second) if number % 2 else (second, first)
        assert _is_in(here, token)
        assert _is_in(there, token)
        assert scim.patch(f"{here}/scim/v2/Users/{person}", json=OFF).status_code == 200
        answered = time.perf_counter()
        assert not _is_in(there, token)
        times.append(time.perf_counter() - answered)
        assert not _is_in(here, token)
    return times


def _is_in(base: str, token: str) -> bool:
    answer = httpx.get(f"{base}/", headers={"Cookie": f"doorlist={token}"}, timeout=30)
    assert answer.status_code == 303
    return "/signin" not in answer.headers["location"]
