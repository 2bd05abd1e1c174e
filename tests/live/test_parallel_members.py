"""Eight clients on two workers change the members of one group at once, in batches and one by one: nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import pytest

from tests.live.processes import Commands, Organization

pytestmark = pytest.mark.live

CLIENTS, PEOPLE = 8, 4000
SHARE = PEOPLE // CLIENTS
PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"


def create(organization: Organization, numbers: range) -> list[str]:
    """People of one client; their ids."""
    with organization.client() as http:
        bodies = [{"schemas": [USER_URN], "userName": f"p{number}"} for number in numbers]
        return [http.post("/Users", json=body).json()["id"] for body in bodies]


def change(http: httpx.Client, group: str, operation: dict[str, Any]) -> None:
    answer = http.patch(f"/Groups/{group}", json={"schemas": [PATCH_URN], "Operations": [operation]})
    assert answer.status_code == 204, answer.text


def operations(people: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    """All added in batches, half removed in batches or one by one, a quarter added one by one.

    The last word is that the first quarter and the second half are in.
    """
    added = rng.sample(people, len(people))
    for start in range(0, len(added), 100):
        yield {"op": "add", "path": "members", "value": [{"value": person} for person in added[start : start + 100]]}
    half = list(people[: len(people) // 2])
    for start in range(0, 150, 50):
        yield {"op": "Remove", "path": "members", "value": [{"value": one} for one in half[start : start + 50]]}
    for person in half[150:]:
        yield {"op": "remove", "path": f'members[value eq "{person}"]'}
    for person in people[: len(people) // 4]:
        yield {"op": "Add", "path": "members", "value": [{"value": person}]}


def staying(people: Sequence[str]) -> set[str]:
    return {*people[: len(people) // 4], *people[len(people) // 2 :]}


def drive(organization: Organization, group: str, people: Sequence[str], seed: int) -> int:
    with organization.client() as http:
        count = 0
        for operation in operations(people, random.Random(seed)):
            change(http, group, operation)
            count += 1
    return count


def test_parallel_clients_end_with_exactly_the_right_members(
    commands: Commands, record_property: pytest.RecordProperty
) -> None:
    organization = commands.organization("Crowd")
    with ThreadPoolExecutor(CLIENTS) as pool, organization.client() as http:
        shares = [range(client * SHARE, (client + 1) * SHARE) for client in range(CLIENTS)]
        people = list(pool.map(lambda share: create(organization, share), shares))
        made = http.post("/Groups", json={"schemas": [GROUP_URN], "displayName": "Everybody"}).json()
        started = time.monotonic()
        work = [pool.submit(drive, organization, made["id"], share, seed) for seed, share in enumerate(people)]
        requests = sum(future.result() for future in work)
        seconds = time.monotonic() - started
        group = http.get(f"/Groups/{made['id']}").json()
    listed = [member["value"] for member in group["members"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == set().union(*map(staying, people))
    record_property(
        "measured",
        f"{CLIENTS} clients on one group of {PEOPLE}: {requests} changes in {seconds:.1f} s, {len(listed)} stay",
    )
