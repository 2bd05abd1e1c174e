"""Workspaces and folders: what there is, who is granted, who reaches it."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput, NotFound
from doorlist.service import excluding, finding, lifecycle
from doorlist.service import workspaces as making
from doorlist.service.authority import require_manager
from doorlist.store import lists
from doorlist.store.resources import Place, WorkspaceLine
from doorlist.web.console.groups import GROUP_LEVELS
from doorlist.web.console.lists import Columns, as_csv, read_list, wants_csv
from doorlist.web.console.platform import read_plan
from doorlist.web.console.visits import Visit

_COLUMNS: Final[Columns[WorkspaceLine]] = {
    "name": lambda line: line.name,
    "plan": lambda line: line.plan,
    "folders": lambda line: line.folders,
    "grants": lambda line: line.grants,
    "created_at": lambda line: line.created_at.isoformat(),
    "archived_at": lambda line: line.archived_at and line.archived_at.isoformat(),
}
_LEVELS: Final = tuple(level.label for level in Level)


async def workspaces(visit: Visit) -> Response:
    """Every workspace of the organization."""
    if wants_csv(visit):
        return as_csv(visit, lists.WORKSPACES, _COLUMNS, name="workspaces", order="name")
    shown = await read_list(visit, lists.WORKSPACES, order="name")
    return visit.page("console/workspaces.html", {"list": shown, "plans": list(Plan)})


async def workspace(visit: Visit) -> Response:
    """One workspace: its folders, who is granted, or who reaches it."""
    found = await finding.place_by_id(visit.database, visit.org_id, visit.id("id"))
    if found.kind != "workspace":
        raise NotFound("There is no such workspace.")
    if visit.request.query_params.get("tab", "folders") == "folders":
        shown = await read_list(visit, lists.FOLDERS, order="name", within=found.id)
        return visit.page("console/workspace_folders.html", {"place": found, "list": shown, "tab": "folders"})
    return await _access(visit, found, found)


async def folder(visit: Visit) -> Response:
    """One folder: who is granted, or who reaches it."""
    found = await finding.place_by_id(visit.database, visit.org_id, visit.id("id"))
    if found.kind != "folder":
        raise NotFound("There is no such folder.")
    parent = await finding.place_by_id(visit.database, visit.org_id, found.workspace_id)
    return await _access(visit, found, parent)


async def new_workspace(visit: Visit) -> Response:
    """The form of a workspace."""
    return visit.page("console/new_workspace.html")


async def create_workspace(visit: Visit) -> Response:
    """Make a workspace with its home folder."""
    name = visit.field("name")
    made = await making.create_workspace(visit.database, visit.administrator, visit.org_id, name=name)
    return visit.done(f"{name} is there, with a home folder.", to=f"{visit.base}/workspaces/{made}")


async def create_folder(visit: Visit) -> Response:
    """Make a private folder."""
    name, workspace_id = visit.field("name"), visit.id("id")
    made = await making.create_folder(
        visit.database, visit.administrator, visit.org_id, workspace_id=workspace_id, name=name
    )
    return visit.done(f"{name} is there. Nobody reaches it yet.", to=f"{visit.base}/folders/{made}")


async def deleted(visit: Visit) -> Response:
    """Workspaces and folders that can still be restored."""
    async with visit.database.reading() as connection:
        await require_manager(connection, visit.administrator, visit.org_id)
    return visit.page("console/deleted.html", {"lines": await lifecycle.list_deleted(visit.database, visit.org_id)})


async def restore(visit: Visit) -> Response:
    """Bring a deleted workspace or folder back as it was."""
    await lifecycle.restore(visit.database, visit.administrator, visit.org_id, resource_id=visit.id("id"))
    return visit.done("It is back, with everybody who had access.", to=f"{visit.base}/deleted")


async def archive(visit: Visit) -> Response:
    """Let nobody do more than read in a place."""
    await lifecycle.archive(visit.database, visit.administrator, visit.org_id, resource_id=visit.id("id"))
    return visit.done("It is archived: everybody can read, nobody can change it.", to=visit.field("back"))


async def unarchive(visit: Visit) -> Response:
    """Give an archived place its levels back."""
    await lifecycle.unarchive(visit.database, visit.administrator, visit.org_id, resource_id=visit.id("id"))
    return visit.done("It is in use again, at the levels from before.", to=visit.field("back"))


async def change_exclusion(visit: Visit) -> Response:
    """Let what groups give to one person count nothing in a place, or count again."""
    person = await finding.person(visit.database, visit.org_id, visit.field("user"))
    who, place = (visit.database, visit.administrator, visit.org_id), visit.id("id")
    if visit.field("do") == "lift":
        await excluding.lift_exclusion(*who, resource_id=place, user_id=person.id)
        told = f"What groups give to {person.user_name} counts here again."
    else:
        await excluding.exclude_person(*who, resource_id=place, user_id=person.id)
        told = f"Groups give nothing to {person.user_name} here."
    return visit.done(told, to=visit.field("back") or f"{visit.base}/workspaces")


async def upgrade(visit: Visit) -> Response:
    """Put the chosen workspaces on a plan."""
    names = [str(name) for name in visit.form.getlist("name")]
    if not names:
        raise BadInput("Choose at least one workspace.", place="name")
    plan = read_plan(visit.field("plan"))
    done = await making.upgrade_workspaces(visit.database, visit.administrator, visit.org_id, names=names, plan=plan)
    return visit.done(f"{len(done)} workspaces are on the plan {plan.capitalize()} now.", to=f"{visit.base}/workspaces")


async def _access(visit: Visit, found: Place, parent: Place) -> Response:
    """Who is granted a place, or who reaches it."""
    tab = visit.request.query_params.get("tab", "access")
    values: dict[str, Any] = {"place": found, "workspace": parent, "group_levels": GROUP_LEVELS, "levels": _LEVELS}
    if tab == "people":
        shown = await read_list(visit, lists.REACHING, order="user_name", within=found.id)
        return visit.page("console/place_people.html", {**values, "list": shown, "tab": "people"})
    granted = await read_list(visit, lists.GRANTS_ON, order="name", within=found.id)
    values["excluded"] = await excluding.excluded_there(
        visit.database, visit.administrator, visit.org_id, resource_id=found.id
    )
    return visit.page("console/place_access.html", {**values, "list": granted, "tab": "access"})
