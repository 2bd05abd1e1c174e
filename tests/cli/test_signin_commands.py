"""The commands of sign-in, run as a script runs them: in a process, by their exit code and JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from doorlist.domain.signin import Method
from doorlist.service import clock, finding
from doorlist.service.session_control import Origin, open_session
from doorlist.store.db import Database
from tests.cli.test_access_commands import Commands
from tests.saml.forge import Forge

OWNER = "boss@acme.example"


@pytest.fixture
async def acme(database_url: str) -> Commands:
    """The commands on a database with an Enterprise organization acme."""
    commands = Commands(database_url)
    await commands("org", "create", "Acme", "--plan", "enterprise", "--owner", OWNER)
    return commands


async def test_an_identity_provider_from_a_file_and_by_fields(acme: Commands, tmp_path: Path) -> None:
    forge, file, pem = Forge(now=datetime.now(UTC)), tmp_path / "idp.xml", tmp_path / "idp.pem"
    file.write_bytes(forge.metadata())
    pem.write_text(forge.certificate.pem)
    made = await acme.json("saml", "set", "--org", "acme", "--metadata", str(file))
    assert made["identity_provider"]["entity_id"] == forge.entity_id
    assert made["service_provider"]["acs_url"].endswith("/saml/acme/acs")
    assert [one["source"] for one in made["certificates"]] == ["metadata"]
    fields = ("--entity-id", "urn:x", "--sso-url", "https://idp.example/sso", "--certificate", str(pem))
    assert (await acme.json("saml", "set", "--org", "acme", *fields))["identity_provider"]["entity_id"] == "urn:x"
    chosen = await acme.json("saml", "choose", "--org", "acme", "--idp-initiated", "--skew-seconds", "30")
    assert chosen["identity_provider"]["idp_initiated"] is True
    assert chosen["identity_provider"]["skew_seconds"] == 30
    assert await acme.json("saml", "show", "--org", "acme") == chosen
    assert "urn:x" in await acme("saml", "show", "--org", "acme")
    assert (await acme.json("saml", "test", "--org", "acme"))["url"].endswith("/saml/acme/test")
    assert "SPSSODescriptor" in await acme("saml", "metadata", "--org", "acme")
    await acme("saml", "remove", "--org", "acme")
    assert (await acme.json("saml", "show", "--org", "acme"))["identity_provider"] is None


async def test_what_cannot_be_is_refused(acme: Commands, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.xml"
    wrong.write_text("<x/>")
    assert "no SAML metadata" in await acme("saml", "set", "--org", "acme", "--metadata", str(wrong), code=1)
    assert "cannot be read" in await acme("saml", "set", "--org", "acme", "--metadata", str(tmp_path / "no"), code=1)
    assert "not set up" in await acme("saml", "choose", "--org", "acme", "--idp-initiated", code=1)
    await acme("saml", "set", "--org", "acme", code=2)
    assert "No metadata URL" in (await acme.json("saml", "refresh", "--org", "acme"))["problem"]


async def test_keys_and_certificates_roll_over(acme: Commands, tmp_path: Path) -> None:
    forge, file, pem = Forge(now=datetime.now(UTC)), tmp_path / "idp.xml", tmp_path / "new.pem"
    file.write_bytes(forge.metadata())
    await acme("saml", "set", "--org", "acme", "--metadata", str(file))
    assert [one["state"] for one in await acme.json("saml", "rotate", "--org", "acme")] == ["active", "next"]
    finished = await acme.json("saml", "rotate", "--org", "acme", "--finish")
    assert [one["state"] for one in finished] == ["active", "old"]
    pem.write_text(Forge(now=datetime.now(UTC)).certificate.pem)
    added = await acme.json("saml", "certificate", "--org", "acme", "--add", str(pem))
    assert len(added) == 2
    left = await acme.json("saml", "certificate", "--org", "acme", "--remove", forge.certificate.fingerprint)
    assert [one["source"] for one in left] == ["manual"]


async def test_sessions_are_listed_limited_and_ended(acme: Commands, database: Database) -> None:
    organization = await finding.organization(database, "acme")
    boss = await finding.person(database, organization.org_id, OWNER)

    async def enter() -> UUID:
        async with database.transaction() as connection:
            opened = await open_session(
                connection,
                organization.org_id,
                user_id=boss.id,
                method=Method.LINK,
                origin=Origin(),
                now=clock.now(),
            )
        return opened.id

    first, _ = await enter(), await enter()
    assert len(await acme.json("session", "list", "--org", "acme", "--user", OWNER)) == 2
    assert await acme.json("session", "revoke", "--org", "acme", str(first)) == {"ended": 1}
    assert await acme.json("session", "revoke", "--org", "acme", "--user", OWNER) == {"ended": 1}
    assert await acme.json("session", "list", "--org", "acme") == []
    await acme("session", "revoke", "--org", "acme", code=2)
    limits = {"minutes": 60, "idle_minutes": 20}
    assert await acme.json("session", "limit", "--org", "acme", "--minutes", "60", "--idle-minutes", "20") == limits
    assert await acme.json("session", "limit", "--org", "acme") == limits


async def test_links_and_domains(acme: Commands) -> None:
    link = await acme.json("signin", "invite", "--org", "acme", "--user", OWNER)
    assert "/signin/link/" in link["url"]
    assert (await acme.json("signin", "recover", "--org", "acme", "--user", OWNER))["url"] != link["url"]
    assert "nothing to remove" in await acme("signin", "remove", "--org", "acme", "--user", OWNER)
    assert "doorlist-verification=" in await acme("domain", "add", "--org", "acme", "acme.example")
    vouched = await acme.json("domain", "add", "--org", "acme", "acme.example", "--assert")
    assert vouched["verified_at"]
    assert [one["domain"] for one in await acme.json("domain", "list", "--org", "acme")] == ["acme.example"]
    await acme("domain", "remove", "--org", "acme", "acme.example")
    assert "add it first" in await acme("domain", "verify", "--org", "acme", "acme.example", code=1)


async def test_an_empty_log_is_shown(acme: Commands) -> None:
    assert await acme.json("saml", "log", "--org", "acme", "--refused") == []
    await acme("saml", "log", "--org", "acme", "--steps")
