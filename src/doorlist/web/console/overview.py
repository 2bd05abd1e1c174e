"""The first page of an organization: how large it is, how its directory does, what waits for a decision."""

from __future__ import annotations

from starlette.responses import Response

from doorlist.service import clock, overviews, provisioning_log, resolving
from doorlist.service.tenants import scim_url
from doorlist.web.console.visits import Visit


async def overview(visit: Visit) -> Response:
    """How the organization is doing."""
    health = await provisioning_log.health(visit.database, visit.administrator, visit.org_id, now=clock.now())
    figures = await overviews.figures(visit.database, visit.administrator, visit.org_id)
    waiting = await resolving.list_items(visit.database, visit.administrator, visit.org_id)
    values = {"health": health, "figures": figures, "waiting": waiting, "tenant_url": scim_url(visit.settings.base_url)}
    return visit.page("console/overview.html", values)
