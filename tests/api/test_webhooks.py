"""Webhooks: signed by the convention, told in order whatever the receiver does, and nowhere that is not public."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from doorlist.domain import hooks
from doorlist.domain.addresses import is_public
from doorlist.domain.levels import Level
from doorlist.errors import BadInput, Forbidden, NotFound
from doorlist.service import (
    auditing,
    clock,
    delivering,
    expiry,
    feeding,
    grouping,
    hooking,
    sharing,
    staffing,
    tokens,
)
from doorlist.service.delivering import Letter, Receipt
from doorlist.store.db import Database
from doorlist.web.outgoing import Outgoing
from tests.api.conftest import Studio
from tests.api.receiver import Receiver
from tests.api.serving import served
from tests.service.company import OPERATOR, Company


@dataclass
class Told:
    """A receiver, served, and an endpoint of a company that leads to it."""

    company: Company
    receiver: Receiver
    outgoing: Outgoing
    endpoint_id: UUID

    @property
    def act(self) -> tuple[Database, Any, UUID]:
        return self.company.database, OPERATOR, self.company.org_id

    async def feed(self) -> int:
        await auditing.seal(self.company.database, self.company.org_id)
        return await feeding.feed(self.company.database, self.company.org_id)

    async def deliver(self) -> int:
        return await delivering.deliver(
            self.company.database, self.outgoing.send, self.company.org_id, self.endpoint_id
        )

    async def forget_the_wait(self) -> None:
        """Let the time pass that an endpoint waits after a failure."""
        async with self.company.database.reading() as connection:
            await connection.execute("update webhook_endpoints set retry_at = now(), leased_until = null")


@pytest.fixture
async def told(studio: Studio) -> AsyncIterator[Told]:
    receiver, company = Receiver(), studio.company
    await auditing.seal(company.database, company.org_id)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(receiver))
        made = await hooking.create_endpoint(company.database, OPERATOR, company.org_id, url=f"{address}/hooks?of=acme")
        receiver.secrets.append(made.secret)
        outgoing = Outgoing(private_targets=True)
        stack.push_async_callback(outgoing.close)
        yield Told(company, receiver, outgoing, made.id)


async def test_what_happens_is_told_with_a_signature(told: Told) -> None:
    company, people = told.company, told.company.people
    await told.feed()
    await company.join("Designers", "viewer")
    grant = {"resource_id": await company.place("Studio", "Board"), "user_id": people["nobody"]}
    await sharing.grant_person(*told.act, **grant, level=Level.CHECKER)
    await staffing.block(*told.act, user_id=people["editor"])
    await told.feed()
    assert await told.deliver() == len(told.receiver.seen)
    events = [(body["type"], body["data"]) for body in told.receiver.once]
    levels = {
        (data["user_id"], kind): (data["before"], data["after"]) for kind, data in events if kind.startswith("access")
    }
    assert levels[str(people["nobody"]), "access.gained"] == ("none", "checker")
    assert levels[str(people["editor"]), "access.lost"] == ("editor", "none")
    assert ("person.deactivated", str(people["editor"])) in [(kind, data.get("user_id")) for kind, data in events]
    log = await hooking.list_deliveries(*told.act, endpoint_id=told.endpoint_id)
    assert [one.event for one in reversed(log)] == [kind for kind, _ in events]
    assert {(one.status, one.attempt) for one in log} == {(204, 1)}


async def test_members_of_a_group_gain_and_lose_with_it(told: Told, studio: Studio) -> None:
    """Told from the tables of membership: what a directory's events hold of large changes is elsewhere."""
    await told.feed()
    act, group = told.act, studio.ids["group_id"]
    async with told.company.database.transaction() as connection:
        await connection.execute("update groups set connection_id = null where id = $1", group)
    people = told.company.people
    await grouping.change_members(*act, group_id=group, add=[people["viewer"]], remove=[people["nobody"]])
    await told.feed()
    await told.deliver()
    found = {
        (body["type"], body["data"].get("user_id"), body["data"].get("after"))
        for body in told.receiver.once
        if body["type"].startswith("access")
    }
    assert found == {("access.gained", str(people["viewer"]), "viewer")}  # nobody kept the level: the policy is keep
    assert told.receiver.counts()["group.changed"] == 1


async def test_attention_and_ending_tokens_are_told_once(told: Told) -> None:
    await tokens.create_token(*told.act, label="entra", expires_days=3, scopes=())
    await expiry.warn(told.company.database, clock.now())
    await staffing.set_role(*told.act, user_id=told.company.people["owner"], role=staffing.Role.OWNER)
    await staffing.block(*told.act, user_id=told.company.people["owner"])
    for _ in range(2):
        await told.feed()
        await told.deliver()
    counts = told.receiver.counts()
    assert counts["token.expiring"] == 1
    assert counts["attention.raised"] == 1


async def test_only_wanted_events_are_told(told: Told) -> None:
    await hooking.change_endpoint(*told.act, endpoint_id=told.endpoint_id, events=["person.deactivated"])
    await staffing.block(*told.act, user_id=told.company.people["editor"])
    await staffing.unblock(*told.act, user_id=told.company.people["editor"])
    await told.feed()
    await told.deliver()
    assert {body["type"] for body in told.receiver.once} == {"person.deactivated"}
    with pytest.raises(BadInput, match="no event"):
        await hooking.change_endpoint(*told.act, endpoint_id=told.endpoint_id, events=["person.left"])


async def test_a_failing_receiver_is_asked_again_and_gets_everything_in_order(told: Told) -> None:
    told.receiver.verdict = lambda number: 500 if number % 3 else 200
    for name in ("editor", "checker", "viewer"):
        await staffing.block(*told.act, user_id=told.company.people[name])
    messages = await told.feed()
    arrived = 0
    for _ in range(10 * messages):
        arrived += await told.deliver()
        await told.forget_the_wait()
    assert arrived == messages == len(told.receiver.once)
    assert await in_order(told)
    attempts = await hooking.list_deliveries(*told.act, endpoint_id=told.endpoint_id, limit=500)
    assert len(attempts) == told.receiver.attempts > 2 * messages


async def test_a_wait_grows_and_ends_with_a_pause_that_loses_nothing(told: Told) -> None:
    told.receiver.verdict = lambda _: 503
    await staffing.block(*told.act, user_id=told.company.people["editor"])
    await told.feed()
    waits = []
    for _ in range(len(hooks.PAUSES) + 1):
        assert await told.deliver() == 0
        assert await told.deliver() == 0
        (endpoint,) = await hooking.list_endpoints(*told.act)
        if endpoint.retry_at is not None:
            waits.append(round((endpoint.retry_at - clock.now()).total_seconds()))
        await told.forget_the_wait()
    assert waits == sorted(waits)
    assert told.receiver.attempts == len(hooks.PAUSES) + 1
    (endpoint,) = await hooking.list_endpoints(*told.act)
    assert endpoint.paused_because is not None
    assert "503" in endpoint.paused_because
    told.receiver.verdict = lambda _: 200
    assert await told.deliver() == 0
    assert await hooking.pause_endpoint(*told.act, endpoint_id=told.endpoint_id, paused=False)
    assert await told.deliver() == len(told.receiver.once) > 0


async def test_two_processes_tell_nothing_twice_and_nothing_out_of_order(told: Told) -> None:
    told.receiver.delay = lambda _: 0.01
    for name in ("editor", "checker", "viewer"):
        await staffing.block(*told.act, user_id=told.company.people[name])
    messages = await told.feed()
    assert sum(await asyncio.gather(*(told.deliver() for _ in range(5)))) == messages
    assert [len(told.receiver.seen), told.receiver.attempts] == [messages, messages]
    assert await in_order(told)


async def test_a_process_that_dies_after_sending_tells_it_again_under_the_same_id(told: Told) -> None:
    await staffing.block(*told.act, user_id=told.company.people["editor"])
    messages = await told.feed()

    async def die(letter: Letter) -> Receipt:
        await told.outgoing.send(letter)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await delivering.deliver(told.company.database, die, told.company.org_id, told.endpoint_id)
    assert await told.deliver() == 0
    await told.forget_the_wait()
    assert await told.deliver() == messages
    assert len(told.receiver.seen) == messages + 1
    assert told.receiver.seen[0] == told.receiver.seen[1]
    assert await in_order(told)


async def test_a_secret_is_rotated_with_an_overlap(told: Told) -> None:
    old = told.receiver.secrets[0]
    new = (await hooking.rotate_secret(*told.act, endpoint_id=told.endpoint_id)).secret
    told.receiver.secrets = [old, new]
    await hooking.ping(*told.act, endpoint_id=told.endpoint_id)
    assert await told.deliver() >= 1
    async with told.company.database.reading() as connection:
        await connection.execute("update webhook_endpoints set previous_until = now() - interval '1 second'")
    told.receiver.secrets = [new]
    await hooking.ping(*told.act, endpoint_id=told.endpoint_id)
    assert await told.deliver() == 1
    (endpoint,) = await hooking.list_endpoints(*told.act)
    message = hooks.sign([endpoint.secret], message_id="m", timestamp=1, body=b"")
    assert " " not in message


async def test_a_replay_tells_everything_again_under_the_same_ids(told: Told) -> None:
    since = clock.now()
    await staffing.block(*told.act, user_id=told.company.people["editor"])
    messages = await told.feed()
    await told.deliver()
    assert await hooking.replay(*told.act, endpoint_id=told.endpoint_id, since=since) == messages
    assert await told.deliver() == messages
    assert len(told.receiver.seen) == 2 * messages
    assert told.receiver.seen[:messages] == told.receiver.seen[messages:]


async def test_a_first_push_is_told_by_a_few_events_and_a_summary(told: Told) -> None:
    await told.feed()
    for number in range(300):
        await told.company.person(f"new{number}")
    async with told.company.database.transaction() as connection:
        await connection.execute(
            """insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id,
                                         request_id, change)
               select org_id, now(), 'user.created', 'directory', 'x', 'scim', 'user', id, id, '{"active": true}'
                 from users where user_name like 'new%'"""
        )
    await told.feed()
    await told.deliver()
    activated = [body for body in told.receiver.once if body["type"].startswith("person.activated")]
    assert len(activated) == hooks.SINGLES + 1
    assert activated[-1]["data"]["count"] == 300 - hooks.SINGLES
    assert len(activated[-1]["data"]["first"]) == hooks.NAMED
    assert told.receiver.counts()["person.activated"] == 300


async def test_nothing_is_lost_or_out_of_order_in_a_storm_of_ten_thousand_changes(told: Told) -> None:
    """A receiver that fails, is slow and vanishes; counted against the audit log."""
    database, org_id = told.company.database, told.company.org_id
    told.receiver.verdict = lambda number: 500 if number % 7 == 0 else 200
    told.receiver.delay = lambda number: 0.02 if number % 11 == 0 else 0.0

    async def storm() -> None:
        for start in range(0, 10_000, 500):
            async with database.transaction() as connection:
                await connection.execute(
                    """insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind,
                                                 target_id, request_id, change)
                       select $1, now(), case n % 4 when 0 then 'user.deactivated' when 1 then 'user.reactivated'
                                                    when 2 then 'group.changed' else 'organization.changed' end,
                              'directory', 'x', 'scim', 'session', gen_random_uuid(), gen_random_uuid(), '{}'
                         from generate_series($2::int + 1, $2::int + 500) n""",
                    org_id,
                    start,
                )
            await auditing.seal(database, org_id)

    async def pump(done: asyncio.Event) -> None:
        while not done.is_set():
            await feeding.feed(database, org_id)
            await told.deliver()
            await told.forget_the_wait()

    done = asyncio.Event()
    pumps = [asyncio.create_task(pump(done)) for _ in range(2)]
    await storm()
    done.set()
    await asyncio.gather(*pumps)
    await told.feed()
    for _ in range(200):
        await told.forget_the_wait()
        await told.deliver()
    async with database.reading() as connection:
        logged = dict(
            await connection.fetch(
                """select action, count(*) from audit_events
                    where org_id = $1 and source = 'scim' and target_kind = 'session' group by 1""",
                org_id,
            )
        )
    counts = told.receiver.counts()
    assert counts["person.deactivated"] == logged["user.deactivated"] == 2500
    assert counts["person.activated"] == logged["user.reactivated"] == 2500
    assert counts["group.changed"] == logged["group.changed"] == 2500
    assert await in_order(told)
    assert len(told.receiver.once) < 500


async def test_a_served_application_tells_without_being_asked(told: Told) -> None:
    worker = asyncio.create_task(delivering.deliver_for_ever(told.company.database, told.outgoing.send))
    try:
        await staffing.block(*told.act, user_id=told.company.people["editor"])
        await auditing.seal(told.company.database, told.company.org_id)
        for _ in range(300):
            if "person.deactivated" in told.receiver.counts():
                break
            await asyncio.sleep(0.05)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    assert told.receiver.counts()["person.deactivated"] == 1


async def test_webhooks_are_for_who_manages_the_organization(told: Told, studio: Studio) -> None:
    company = studio.company
    personal = (company.database, await company.acting("owner"), company.org_id)
    with pytest.raises(Forbidden):
        await hooking.list_endpoints(*personal)
    other = await Company.create(company.database, name="Other")
    with pytest.raises(NotFound):
        await hooking.get_endpoint(company.database, OPERATOR, other.org_id, endpoint_id=told.endpoint_id)


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "https://", "//x", "https://u:p@x/", "https://x:99999/", "https://x/\r\nh: v", "https://é/", "x"],
)
async def test_what_is_no_address_is_refused(studio: Studio, url: str) -> None:
    act = (studio.company.database, OPERATOR, studio.company.org_id)
    with pytest.raises(BadInput):
        await hooking.create_endpoint(*act, url=url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(address)


def test_an_address_that_is_public_is_known() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:4700::1111")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
async def test_nothing_is_sent_to_where_it_must_not_go(told: Told, host: str) -> None:
    outgoing, before = Outgoing(private_targets=False), told.receiver.attempts
    try:
        for scheme in ("http", "https"):
            receipt = await outgoing.send(Letter(f"{scheme}://{host}:1/x", {}, b""))
            assert receipt.status is None
            assert "public" in receipt.detail or "https" in receipt.detail or "Error" in receipt.detail
    finally:
        await outgoing.close()
    assert told.receiver.attempts == before


async def test_a_redirect_is_not_followed(told: Told) -> None:
    told.receiver.verdict = lambda _: 307
    await hooking.ping(*told.act, endpoint_id=told.endpoint_id)
    assert await told.deliver() == 0
    assert told.receiver.attempts == 1


async def in_order(told: Told) -> bool:
    """Whether what arrived, each message once, is what was stored, in its order."""
    async with told.company.database.reading() as connection:
        stored = await connection.fetch(
            "select id from webhook_messages where org_id = $1 order by place", told.company.org_id
        )
    seen = list(dict.fromkeys(name for name, _ in told.receiver.seen))
    return seen == [f"msg_{row['id']}" for row in stored]


def test_the_pauses_add_up_to_more_than_a_day() -> None:
    assert timedelta(days=1) < sum(hooks.PAUSES, timedelta()) < timedelta(days=3)
    assert hooks.pause_after(len(hooks.PAUSES) + 1) is None


async def test_one_organization_that_cannot_be_read_holds_up_no_other(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await Company.create(told.company.database, name="Broken")
    await hooking.create_endpoint(told.company.database, OPERATOR, broken.org_id, url="https://nowhere.example/")
    real = feeding.feed

    async def feed(database: Database, org_id: UUID) -> int:
        if org_id == broken.org_id:
            raise ZeroDivisionError
        return await real(database, org_id)

    monkeypatch.setattr(feeding, "feed", feed)
    monkeypatch.setattr(delivering, "_PAUSE", 0.05)
    worker = asyncio.create_task(delivering.deliver_for_ever(told.company.database, told.outgoing.send))
    try:
        await staffing.block(*told.act, user_id=told.company.people["editor"])
        await auditing.seal(told.company.database, told.company.org_id)
        for _ in range(300):
            if "person.deactivated" in told.receiver.counts():
                break
            await asyncio.sleep(0.05)
        assert not worker.done()
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    assert told.receiver.counts()["person.deactivated"] == 1
