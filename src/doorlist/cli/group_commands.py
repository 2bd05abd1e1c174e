"""`doorlist group`: the groups of an organization, their members and where they are granted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, administrator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.levels import Level
from doorlist.service import finding, grouping, insight
from doorlist.store.roster import GroupGrantLine, GroupLine, MemberLine

app = typer.Typer()

_COLUMNS: Final[Columns[GroupLine]] = {
    "name": lambda line: line.display_name,
    "origin": lambda line: f"{line.origin} (detached)" if line.detached else line.origin,
    "members": lambda line: line.members,
    "grants": lambda line: line.grants,
    "external_id": lambda line: line.external_id,
    "last_change": lambda line: line.modified_at,
    "id": lambda line: line.id,
}
_MEMBERS: Final[Columns[MemberLine]] = {
    "user_name": lambda line: line.user_name,
    "display_name": lambda line: line.display_name,
    "active": lambda line: line.active,
    "since": lambda line: line.added_at,
}


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List groups with their origin, number of members and grants, and last change."""
    run(_list(settings(data, database_url), org, Form.of(json=json)))


@app.command()
def show(name: str, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show the members of a group and where it is granted; the name may be an id."""
    run(_show(settings(data, database_url), org, name, json=json))


@app.command()
def create(
    name: str,
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a local group, which no directory sees."""
    group_id = run(_create(settings(data, database_url), org, name, acting_as))
    if json:
        emit_json({"id": group_id, "name": name})
    else:
        say(f"Created the local group {name}.")


@app.command()
def rename(
    name: str,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give a group that no directory manages another name."""
    run(_rename(settings(data, database_url), org, name, new_name, acting_as))
    say(f"{name} is {new_name} now.")


@app.command()
def members(
    name: str,
    *,
    org: Org,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="USER_NAME", help="Who joins.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="USER_NAME", help="Who leaves.")] = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add people to a group that no directory manages, and remove others."""
    config = settings(data, database_url)
    joined, left = run(_change_members(config, org, name, add or [], remove or [], acting_as=acting_as))
    if json:
        emit_json({"added": joined, "removed": left})
    else:
        say(f"{joined} joined {name}, {left} left.")


async def _list(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.groups(database, org_id), _COLUMNS, form)


async def _show(config: Settings, org: str, name: str, *, json: bool) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        group = await finding.group(database, org_id, name)
        given = await insight.group_grants(database, org_id, group.id)
        members = insight.group_members(database, org_id, group.id)
        if json:
            documents = [_grant(line) for line in given]
            present = [asdict(member) async for member in members]
            emit_json({"id": group.id, "name": group.display_name, "grants": documents, "members": present})
            return
        say(f"{group.display_name} ({group.id})")
        for line in given:
            where = f"{line.workspace} / {line.folder}" if line.folder else line.workspace
            say(f"  {Level(line.level).label} on {where} (granted by {line.created_by})")
        await print_rows(members, _MEMBERS, Form.TEXT)


def _grant(line: GroupGrantLine) -> dict[str, object]:
    return {**asdict(line), "level": Level(line.level).label}


async def _create(config: Settings, org: str, name: str, acting_as: str | None) -> UUID:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        return await grouping.create_group(database, acting, org_id, name=name)


async def _rename(config: Settings, org: str, name: str, new_name: str, acting_as: str | None) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        group_id = (await finding.group(database, org_id, name)).id
        await grouping.rename_group(database, acting, org_id, group_id=group_id, name=new_name)


async def _change_members(
    config: Settings, org: str, name: str, add: list[str], remove: list[str], *, acting_as: str | None
) -> tuple[int, int]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        group_id = (await finding.group(database, org_id, name)).id
        joining = [(await finding.person(database, org_id, person)).id for person in add]
        leaving = [(await finding.person(database, org_id, person)).id for person in remove]
        return await grouping.change_members(database, acting, org_id, group_id=group_id, add=joining, remove=leaving)
