"""Why somebody has a level somewhere, or none, and what would change it."""

from __future__ import annotations

from starlette.responses import Response

from doorlist.domain.ids import parse_id
from doorlist.service import finding, insight
from doorlist.service.authority import require_manager
from doorlist.web.console.records import read_moment
from doorlist.web.console.visits import Visit


async def why(visit: Visit) -> Response:
    """The explanation for a person and a place, now or at an earlier moment; the form where none are named."""
    async with visit.database.reading() as connection:
        await require_manager(connection, visit.administrator, visit.org_id)
    query = visit.request.query_params
    fields = {name: query.get(name, "") for name in ("user", "resource", "workspace", "folder", "at")}
    if not fields["user"] or not (fields["resource"] or fields["workspace"]):
        return visit.page("console/why.html", {"found": None, "fields": fields})
    person = await finding.person(visit.database, visit.org_id, fields["user"])
    resource_id = parse_id(fields["resource"])
    if resource_id is None:
        place = await finding.place(
            visit.database, visit.org_id, workspace=fields["workspace"], folder=fields["folder"]
        )
        resource_id = place.id
    found = await insight.explain(
        visit.database, visit.org_id, user_id=person.id, resource_id=resource_id, at=read_moment(fields["at"], "at")
    )
    workspace, _, folder = found.place.partition(" / ")
    fields |= {"user": found.user_name, "workspace": workspace, "folder": folder}
    return visit.page("console/why.html", {"found": found, "fields": fields})
