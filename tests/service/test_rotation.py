"""Tokens over time: rotation without a gap, warnings before the end, pause and resume."""

from __future__ import annotations

from datetime import timedelta

import pytest

from doorlist.errors import Conflict, Forbidden, NotFound
from doorlist.service import clock, connections, expiry, resolving, rotation, tokens
from doorlist.service.tokens import Minted
from doorlist.store import credentials
from doorlist.store.credentials import Use
from tests.service.company import OPERATOR, Company


async def create(company: Company, label: str = "entra", days: float | None = None, *scopes: str) -> Minted:
    return await tokens.create_token(
        company.database, OPERATOR, company.org_id, label=label, expires_days=days, scopes=scopes
    )


async def start(company: Company, name: str = "entra", days: float | None = None) -> Minted:
    return await rotation.start_rotation(company.database, OPERATOR, company.org_id, name, expires_days=days)


async def complete(company: Company, name: str = "entra", *, force: bool = False) -> rotation.Rotation:
    return await rotation.complete_rotation(company.database, OPERATOR, company.org_id, name, force=force)


async def use(company: Company, minted: Minted) -> None:
    async with company.database.reading() as connection:
        await credentials.touch(connection, [Use(company.org_id, minted.id, clock.now(), "entra")])


async def states(company: Company) -> list[str]:
    listed = await tokens.list_tokens(company.database, OPERATOR, company.org_id)
    return [token.state(clock.now()) for token in listed]


async def test_a_rotation_puts_a_like_token_beside_the_old_one(company: Company) -> None:
    old = await create(company, "entra", 90, "users:read")
    new = await start(company)
    assert (new.label, new.scopes) == ("entra", ("users:read",))
    assert new.text != old.text
    assert new.expires_at is not None
    assert timedelta(days=89) < new.expires_at - clock.now() <= timedelta(days=90)
    listed = await tokens.list_tokens(company.database, OPERATOR, company.org_id)
    assert [token.replaces for token in listed] == [None, old.id]
    assert await states(company) == ["valid", "valid"]


async def test_a_rotation_is_not_completed_before_the_new_token_is_used(company: Company) -> None:
    await create(company)
    new = await start(company)
    with pytest.raises(Conflict, match="has not been used yet"):
        await complete(company)
    assert await states(company) == ["valid", "valid"]
    await use(company, new)
    assert (await complete(company)).new.id == new.id
    assert await states(company) == ["revoked", "valid"]
    with pytest.raises(NotFound):
        await complete(company)


async def test_a_rotation_is_completed_by_force_and_by_either_id(company: Company) -> None:
    old = await create(company)
    await start(company)
    await complete(company, str(old.id), force=True)
    second = await start(company, days=5)
    assert (await complete(company, str(second.id), force=True)).new.id == second.id
    assert await states(company) == ["revoked", "revoked", "valid"]


async def test_a_cancelled_rotation_leaves_the_old_token(company: Company) -> None:
    await create(company)
    await start(company)
    await rotation.cancel_rotation(company.database, OPERATOR, company.org_id, "entra")
    assert await states(company) == ["valid", "revoked"]
    with pytest.raises(NotFound):
        await rotation.cancel_rotation(company.database, OPERATOR, company.org_id, "entra")
    await start(company)
    assert await states(company) == ["valid", "revoked", "valid"]


async def test_one_rotation_of_a_token_at_a_time(company: Company) -> None:
    old = await create(company)
    new = await start(company)
    for name in (str(old.id), str(new.id)):
        with pytest.raises(Conflict, match="rotated already"):
            await start(company, name)
    with pytest.raises(Conflict, match="2 valid tokens"):
        await start(company)
    with pytest.raises(NotFound):
        await start(company, "nobody")


async def test_every_step_of_a_rotation_is_audited_and_for_managers(company: Company) -> None:
    await company.person("max")
    await create(company)
    await start(company)
    await complete(company, force=True)
    assert (await company.events())[-3:] == ["token.created", "token.created", "token.revoked"]
    acting = await company.acting("max")
    with pytest.raises(Forbidden):
        await rotation.start_rotation(company.database, acting, company.org_id, "entra", expires_days=None)
    with pytest.raises(Forbidden):
        await connections.pause_connection(company.database, acting, company.org_id)


async def test_what_expires_soon_is_listed_next_to_end_first(company: Company) -> None:
    for label, days in (("far", 90), ("near", 20), ("next", 2), ("over", 0), ("ever", None)):
        await create(company, label, days)
    await create(company, "gone", 3)
    await tokens.revoke_token(company.database, OPERATOR, company.org_id, "gone")
    found = await expiry.expiring(company.database, timedelta(days=30))
    assert [(token.slug, token.label) for token in found] == [("acme", "next"), ("acme", "near")]


async def test_each_warning_is_given_once(company: Company) -> None:
    await create(company, "entra", 40)
    now = clock.now()
    warned: list[tuple[int, int]] = []
    for day in range(42):
        later = now + timedelta(days=day)
        warned += [(day, expiry.days_left(one.expires_at, later)) for one in await expiry.warn(company.database, later)]
        assert await expiry.warn(company.database, now + timedelta(days=day)) == []
    assert warned == [(10, 30), (26, 14), (33, 7), (39, 1)]


async def test_a_short_lived_token_is_warned_of_once_at_first(company: Company) -> None:
    await create(company, "entra", 5)
    assert [token.label for token in await expiry.warn(company.database, clock.now())] == ["entra"]
    assert await expiry.warn(company.database, clock.now()) == []


async def waiting(company: Company) -> list[tuple[str, str]]:
    items = await resolving.list_items(company.database, OPERATOR, company.org_id)
    return [(item.kind, item.target) for item in items]


async def test_a_token_near_its_end_waits_for_an_administrator_once_until_it_is_replaced(company: Company) -> None:
    old = await create(company, "entra", 40)
    now = clock.now()
    assert await waiting(company) == []
    for day in (11, 27, 34, 39, 41):
        await expiry.warn(company.database, now + timedelta(days=day))
        assert await waiting(company) == [("token-expires", f"entra ({tokens.bearer.hint(old.text)})")]
    await start(company)
    assert len(await waiting(company)) == 1
    await complete(company, force=True)
    assert await waiting(company) == []
    (closed,) = await resolving.list_items(company.database, OPERATOR, company.org_id, resolved=True)
    assert (closed.resolution, closed.detail["label"]) == ("revoked", "entra")


async def test_who_acknowledges_the_end_of_a_token_is_asked_again_at_the_next_warning(company: Company) -> None:
    await create(company, "entra", 40)
    now = clock.now()
    await expiry.warn(company.database, now + timedelta(days=11))
    (item,) = await resolving.list_items(company.database, OPERATOR, company.org_id)
    await resolving.resolve(company.database, OPERATOR, company.org_id, item_id=item.id, decision="acknowledge")
    assert await waiting(company) == []
    await expiry.warn(company.database, now + timedelta(days=27))
    assert len(await waiting(company)) == 1


async def test_a_connection_pauses_and_resumes_once(company: Company) -> None:
    minted = await create(company)
    assert await connections.pause_connection(company.database, OPERATOR, company.org_id)
    assert not await connections.pause_connection(company.database, OPERATOR, company.org_id)
    later = await create(company, "later")
    async with company.database.reading() as connection:
        for text in (minted.text, later.text):
            found = await credentials.find_by_hash(connection, tokens.bearer.digest(text))
            assert found is not None
            assert found.paused_at is not None
    assert await connections.resume_connection(company.database, OPERATOR, company.org_id)
    assert not await connections.resume_connection(company.database, OPERATOR, company.org_id)
    assert (await company.events())[-3:] == ["organization.changed", "token.created", "organization.changed"]
