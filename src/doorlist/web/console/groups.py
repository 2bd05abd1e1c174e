"""Groups: the list of them, and one group with its members and what it is granted."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorlist.domain.levels import GROUP_CEILING, Level
from doorlist.service import finding, grouping
from doorlist.service.browsing import browse
from doorlist.store import lists
from doorlist.store.browsing import View
from doorlist.store.roster import GroupLine
from doorlist.web.console.lists import Columns, as_csv, read_list, wants_csv
from doorlist.web.console.visits import Visit

_COLUMNS: Final[Columns[GroupLine]] = {
    "name": lambda line: line.display_name,
    "origin": lambda line: line.origin,
    "members": lambda line: line.members,
    "grants": lambda line: line.grants,
    "external_id": lambda line: line.external_id,
    "last_change": lambda line: line.modified_at.isoformat(),
}
GROUP_LEVELS: Final = tuple(level.label for level in Level if level <= GROUP_CEILING)


async def groups(visit: Visit) -> Response:
    """Every group of the organization."""
    if wants_csv(visit):
        return as_csv(visit, lists.GROUPS, _COLUMNS, name="groups", order="name")
    return visit.page("console/groups.html", {"list": await read_list(visit, lists.GROUPS, order="name")})


async def group(visit: Visit) -> Response:
    """One group: members, or where it is granted."""
    found = await finding.group_by_id(visit.database, visit.org_id, visit.id("id"))
    tab = visit.request.query_params.get("tab", "access")
    if tab == "members":
        shown = await read_list(visit, lists.MEMBERS, order="user_name", within=found.id)
        return visit.page("console/group_members.html", {"group": found, "list": shown, "tab": tab})
    granted = await read_list(visit, lists.GRANTS_OF, order="place", within=found.id)
    return visit.page(
        "console/group_access.html", {"group": found, "list": granted, "tab": "access", "levels": GROUP_LEVELS}
    )


async def group_names(visit: Visit) -> Response:
    """The first groups whose name contains what is typed, as options of a field."""
    view = View(order="name", search=visit.request.query_params.get("group", "").strip(), limit=20)
    found = await browse(visit.database, visit.administrator, visit.org_id, lists.GROUPS, view)
    return visit.page("console/names.html", {"names": [line.display_name for line in found.rows]})


async def new_group(visit: Visit) -> Response:
    """The form of a local group."""
    return visit.page("console/new_group.html")


async def create_group(visit: Visit) -> Response:
    """Make a local group."""
    made = await grouping.create_group(visit.database, visit.administrator, visit.org_id, name=visit.field("name"))
    return visit.done("The group is there. Add its members on this page.", to=f"{visit.base}/groups/{made}?tab=members")


async def rename(visit: Visit) -> Response:
    """Give a group that no directory manages another name."""
    name, group_id = visit.field("name"), visit.id("id")
    await grouping.rename_group(visit.database, visit.administrator, visit.org_id, group_id=group_id, name=name)
    return visit.done(f"The group is called {name} now.", to=f"{visit.base}/groups/{group_id}")


async def change_members(visit: Visit) -> Response:
    """Add or remove one person of a group that no directory manages."""
    group_id = visit.id("id")
    person = await finding.person(visit.database, visit.org_id, visit.field("user"))
    leaves = visit.field("do") == "remove"
    await grouping.change_members(
        visit.database,
        visit.administrator,
        visit.org_id,
        group_id=group_id,
        add=[] if leaves else [person.id],
        remove=[person.id] if leaves else [],
    )
    effect = "left" if leaves else "joined"
    return visit.done(f"{person.user_name} {effect} the group.", to=f"{visit.base}/groups/{group_id}?tab=members")
