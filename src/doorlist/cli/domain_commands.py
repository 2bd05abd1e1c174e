"""`doorlist domain`: the domains whose people are sent to an organization's sign-in."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, realms
from doorlist.store.domain_rows import DomainRow

app = typer.Typer()

Domain = Annotated[str, typer.Argument(metavar="DOMAIN")]


@app.command()
def add(
    org: Org,
    *,
    domain: Domain,
    assert_: Annotated[bool, typer.Option("--assert", help="Vouch for it: no TXT record is looked for.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Note a domain and show the TXT record that proves it; or vouch for it as the operator."""
    row = run(_add(settings(data, database_url), org, domain, assert_=assert_))
    if json:
        emit_json(row)
    elif row.verified_at is None:
        say(f"Publish this TXT record at {row.domain}, then: doorlist domain verify {row.domain}")
        say(f"  {realms.PREFIX}{row.token}")
    else:
        say(f"People of {row.domain} are sent to the sign-in of {org}.")


@app.command()
def verify(org: Org, domain: Domain, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Look for the TXT record; from then on people of the domain are sent to the organization's sign-in."""
    row = run(_verify(settings(data, database_url), org, domain))
    if json:
        emit_json(row)
    else:
        say(f"Verified: people of {row.domain} are sent to the sign-in of {org}.")


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the domains of an organization."""
    found = run(_list(settings(data, database_url), org))
    if json:
        emit_json(found)
        return
    columns = ["domain", "verified_at", "verified_by", "checked_at"]
    show_table(columns, [[getattr(row, column) for column in columns] for row in found])


@app.command()
def remove(org: Org, domain: Domain, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Forget a domain."""
    run(_remove(settings(data, database_url), org, domain))
    say("Removed.")


async def _add(config: Settings, org: str, domain: str, *, assert_: bool) -> DomainRow:
    verb = realms.assert_domain if assert_ else realms.add_domain
    async with opened(config) as database:
        return await verb(database, operator(), (await finding.organization(database, org)).org_id, domain)


async def _verify(config: Settings, org: str, domain: str) -> DomainRow:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await realms.verify_domain(database, operator(), org_id, domain)


async def _list(config: Settings, org: str) -> list[DomainRow]:
    async with opened(config) as database:
        return await realms.list_domains(database, operator(), (await finding.organization(database, org)).org_id)


async def _remove(config: Settings, org: str, domain: str) -> None:
    async with opened(config) as database:
        await realms.remove_domain(database, operator(), (await finding.organization(database, org)).org_id, domain)
