from __future__ import annotations

from datetime import timedelta

import pytest

from doorlist.domain import bearer
from doorlist.errors import BadInput, Forbidden, NotFound
from doorlist.service import clock, tenants, tokens
from doorlist.service.tenants import Settings
from doorlist.service.tokens import Minted
from doorlist.store import credentials
from doorlist.store.credentials import Credential, Use
from tests.service.company import OPERATOR, Company


async def create(company: Company, label: str = "entra", days: int | None = None, *scopes: str) -> Minted:
    return await tokens.create_token(
        company.database, OPERATOR, company.org_id, label=label, expires_days=days, scopes=scopes
    )


async def find(company: Company, text: str) -> Credential | None:
    async with company.database.reading() as connection:
        return await credentials.find_by_hash(connection, bearer.digest(text))


async def test_a_token_is_found_by_its_hash_with_its_organization(company: Company) -> None:
    minted = await create(company, "entra", None, "users:read")
    found = await find(company, minted.text)
    assert found is not None
    assert (found.org_id, found.token_id, found.scopes) == (company.org_id, minted.id, {"users:read"})
    assert (found.plan, found.scim_enabled, found.expires_at, found.revoked_at) == ("enterprise", True, None, None)
    assert await find(company, minted.text + "x") is None


async def test_no_part_of_a_token_but_its_hint_is_stored(company: Company) -> None:
    minted = await create(company)
    async with company.database.reading() as connection:
        rows = await connection.fetch(
            "select t::text as row from tokens t union all select a::text from audit_events a"
        )
    stored = "\n".join(row["row"] for row in rows)
    hint = bearer.hint(minted.text)
    assert hint in stored
    assert minted.text[: len(hint) + 1] not in stored


async def test_several_tokens_live_until_each_is_revoked(company: Company) -> None:
    old, new = await create(company, "old"), await create(company, "new")
    assert [token.label for token in await tokens.revoke_token(company.database, OPERATOR, company.org_id, "old")] == [
        "old"
    ]
    listed = await tokens.list_tokens(company.database, OPERATOR, company.org_id)
    assert [(token.label, token.state(clock.now())) for token in listed] == [("old", "revoked"), ("new", "valid")]
    revoked, valid = await find(company, old.text), await find(company, new.text)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert valid is not None
    assert valid.revoked_at is None
    await tokens.revoke_token(company.database, OPERATOR, company.org_id, str(new.id))
    with pytest.raises(NotFound):
        await tokens.revoke_token(company.database, OPERATOR, company.org_id, "new")


async def test_a_token_expires(company: Company) -> None:
    minted = await create(company, "short", 1)
    assert minted.expires_at is not None
    (token,) = await tokens.list_tokens(company.database, OPERATOR, company.org_id)
    assert token.state(minted.expires_at - timedelta(seconds=1)) == "valid"
    assert token.state(minted.expires_at) == "expired"


@pytest.mark.parametrize(("label", "days", "scope"), [("", 1, []), ("a", -1, []), ("a", 9999, []), ("a", 1, ["x"])])
async def test_bad_values_are_refused(company: Company, label: str, days: int, scope: list[str]) -> None:
    with pytest.raises(BadInput):
        await create(company, label, days, *scope)


async def test_the_latest_use_stays_however_notes_arrive(company: Company) -> None:
    minted, at = await create(company), clock.now()
    uses = [Use(company.org_id, minted.id, at + timedelta(seconds=s), f"agent {s}") for s in (2, 3, 1)]
    async with company.database.reading() as connection:
        await credentials.touch(connection, uses)
        await credentials.touch(connection, uses[:1])
    (token,) = await tokens.list_tokens(company.database, OPERATOR, company.org_id)
    assert (token.last_used_at, token.last_used_agent) == (at + timedelta(seconds=3), "agent 3")


async def test_a_credential_tells_that_provisioning_is_off(company: Company) -> None:
    minted = await create(company)
    await tenants.change_settings(company.database, OPERATOR, company.org_id, Settings(scim_enabled=False))
    found = await find(company, minted.text)
    assert found is not None
    assert found.scim_enabled is False


async def test_tokens_are_for_managers_of_their_organization(company: Company) -> None:
    await company.person("max")
    other = await Company.create(company.database, name="Other")
    minted = await create(company)
    with pytest.raises(Forbidden):
        await tokens.list_tokens(company.database, await company.acting("max"), company.org_id)
    assert await tokens.list_tokens(company.database, OPERATOR, other.org_id) == []
    with pytest.raises(NotFound):
        await tokens.revoke_token(company.database, OPERATOR, other.org_id, str(minted.id))
