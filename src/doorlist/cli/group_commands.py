"""`doorlist group`: the groups of an organization, their members and where they are granted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import typer

from doorlist.cli.acting import Org
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.levels import Level
from doorlist.service import finding, insight
from doorlist.store.roster import GroupGrantLine, GroupLine, MemberLine

app = typer.Typer()

_COLUMNS: Final[Columns[GroupLine]] = {
    "name": lambda line: line.display_name,
    "origin": lambda line: line.origin,
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
