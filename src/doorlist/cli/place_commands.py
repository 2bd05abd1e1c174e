"""`doorlist place`: archive, delete and restore workspaces and folders, and join one as its owner."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import As, Folder, Org, Workspace, administrator, at_place
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, lifecycle, staffing
from doorlist.store.resources import DeletedLine

app = typer.Typer()


class _Deed(Enum):
    ARCHIVE = auto()
    UNARCHIVE = auto()
    DELETE = auto()
    JOIN = auto()


@app.command()
def archive(
    org: Org,
    *,
    workspace: Workspace,
    folder: Folder = "",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Archive a workspace or folder: nobody is above viewer there."""
    _change(settings(data, database_url), (org, workspace, folder), acting_as, _Deed.ARCHIVE, json=json)


@app.command()
def unarchive(
    org: Org,
    *,
    workspace: Workspace,
    folder: Folder = "",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Take a workspace or folder out of the archive."""
    _change(settings(data, database_url), (org, workspace, folder), acting_as, _Deed.UNARCHIVE, json=json)


@app.command()
def delete(
    org: Org,
    *,
    workspace: Workspace,
    folder: Folder = "",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Delete a workspace or folder; thirty days long it can be restored as it was."""
    _change(settings(data, database_url), (org, workspace, folder), acting_as, _Deed.DELETE, json=json)


@app.command()
def join(
    org: Org,
    *,
    workspace: Workspace,
    acting_as: As,
    folder: Folder = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Let an owner of the organization (--as) become an owner of a workspace or folder."""
    _change(settings(data, database_url), (org, workspace, folder), acting_as, _Deed.JOIN, json=json)


@app.command()
def deleted(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List what can be restored."""
    lines = run(_deleted(settings(data, database_url), org))
    if json:
        emit_json(lines)
    else:
        show_table(
            ["id", "workspace", "folder", "deleted"], [(x.id, x.workspace, x.folder, x.deleted_at) for x in lines]
        )


@app.command()
def restore(
    identifier: Annotated[UUID, typer.Argument(metavar="ID", help="What `deleted` shows.")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Bring a deleted workspace or folder back as it was."""
    run(_restore(settings(data, database_url), org, identifier, acting_as))
    if json:
        emit_json({"restored": identifier})
    else:
        say("Restored.")


def _change(config: Settings, where: tuple[str, str, str], acting_as: str | None, deed: _Deed, *, json: bool) -> None:
    changed = run(_do(config, where, acting_as, deed))
    if json:
        emit_json({"changed": changed})
    else:
        say("Done." if changed else "Nothing to do.")


async def _do(config: Settings, where: tuple[str, str, str], acting_as: str | None, deed: _Deed) -> bool:
    async with at_place(config, where) as (database, org_id, place):
        acting = await administrator(database, org_id, acting_as)
        if deed is _Deed.JOIN:
            return (await staffing.join_as_owner(database, acting, org_id, resource_id=place)).changed
        verbs = {
            _Deed.ARCHIVE: lifecycle.archive,
            _Deed.UNARCHIVE: lifecycle.unarchive,
            _Deed.DELETE: lifecycle.delete,
        }
        return await verbs[deed](database, acting, org_id, resource_id=place)


async def _deleted(config: Settings, org: str) -> list[DeletedLine]:
    async with opened(config) as database:
        return await lifecycle.list_deleted(database, (await finding.organization(database, org)).org_id)


async def _restore(config: Settings, org: str, identifier: UUID, acting_as: str | None) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        await lifecycle.restore(database, acting, org_id, resource_id=identifier)
