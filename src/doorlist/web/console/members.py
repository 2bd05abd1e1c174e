"""People: the list of them, and one person with everything that leads to access."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorlist.domain.levels import Role
from doorlist.errors import BadInput
from doorlist.service import finding, staffing
from doorlist.store import lists
from doorlist.store.roster import PersonLine
from doorlist.web.console.lists import Columns, as_csv, read_list, wants_csv
from doorlist.web.console.visits import Visit

_COLUMNS: Final[Columns[PersonLine]] = {
    "user_name": lambda line: line.user_name,
    "display_name": lambda line: line.display_name,
    "role": lambda line: line.role,
    "active": lambda line: line.active,
    "origin": lambda line: line.origin,
    "external_id": lambda line: line.external_id,
    "groups": lambda line: line.groups,
    "last_change": lambda line: line.modified_at.isoformat(),
}


async def people(visit: Visit) -> Response:
    """Everybody of the organization."""
    if wants_csv(visit):
        return as_csv(visit, lists.PEOPLE, _COLUMNS, name="members", order="user_name")
    return visit.page("console/members.html", {"list": await read_list(visit, lists.PEOPLE, order="user_name")})


async def person(visit: Visit) -> Response:
    """One person: where they reach, and by what."""
    found = await finding.person_by_id(visit.database, visit.org_id, visit.id("id"))
    reached = await read_list(visit, lists.REACHED, order="place", within=found.id)
    memberships = await read_list(visit, lists.GROUPS_OF, order="name", within=found.id)
    values = {"person": found, "list": reached, "groups": memberships.rows, "roles": list(Role)}
    return visit.page("console/member.html", values)


async def set_role(visit: Visit) -> Response:
    """Give a person another role."""
    try:
        role = Role(visit.field("role"))
    except ValueError:
        raise BadInput("Choose one of the roles.", place="role") from None
    await staffing.set_role(visit.database, visit.administrator, visit.org_id, user_id=visit.id("id"), role=role)
    return visit.done(f"The role is {role.capitalize()} now.", to=f"{visit.base}/members/{visit.id('id')}")


async def block(visit: Visit) -> Response:
    """End a person's access at once, whatever the directory says."""
    await staffing.block(visit.database, visit.administrator, visit.org_id, user_id=visit.id("id"))
    return visit.done("The person is blocked and reaches nothing.", to=f"{visit.base}/members/{visit.id('id')}")


async def unblock(visit: Visit) -> Response:
    """Lift a block."""
    await staffing.unblock(visit.database, visit.administrator, visit.org_id, user_id=visit.id("id"))
    return visit.done("The block is lifted.", to=f"{visit.base}/members/{visit.id('id')}")
