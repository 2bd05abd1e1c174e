"""The settings of an organization."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput
from doorlist.service import safeguard, tenants
from doorlist.service.tenants import Settings
from doorlist.web.console.platform import read_plan
from doorlist.web.console.visits import Visit

_MOST: Final = 1_000_000


async def settings(visit: Visit) -> Response:
    """Every setting."""
    limit = await safeguard.limit(visit.database, visit.administrator, visit.org_id)
    return visit.page("console/settings.html", {"limit": limit, "plans": list(Plan)})


async def change(visit: Visit) -> Response:
    """Change what members may do, whether provisioning is on, and how much a directory may take away."""
    limit = _limit(visit.field("limit"))
    await tenants.change_settings(
        visit.database,
        visit.administrator,
        visit.org_id,
        Settings(
            members_create_workspaces=visit.field("members_create_workspaces") == "on",
            scim_enabled=visit.field("scim_enabled") == "on",
        ),
    )
    await safeguard.set_limit(visit.database, visit.administrator, visit.org_id, limit)
    return visit.done("The settings are changed.", to=f"{visit.base}/settings")


async def change_plan(visit: Visit) -> Response:
    """Put the organization on another plan."""
    plan = read_plan(visit.field("plan"))
    await tenants.change_settings(visit.database, visit.administrator, visit.org_id, Settings(plan=plan))
    return visit.done(f"The plan is {plan.capitalize()} now.", to=f"{visit.base}/settings")


def _limit(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text[:8]) <= _MOST:
        raise BadInput(f"The limit is a number from 1 to {_MOST:,}, or empty for none.", place="limit")
    return int(text)
