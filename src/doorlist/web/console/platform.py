"""The operator's pages: every organization of the installation."""

from __future__ import annotations

from starlette.responses import Response

from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput, Forbidden
from doorlist.service import tenants
from doorlist.web.console.visits import Visit


async def organizations(visit: Visit) -> Response:
    """All organizations."""
    _require_operator(visit)
    return visit.page("console/organizations.html", {"organizations": await tenants.list_organizations(visit.database)})


async def new_organization(visit: Visit) -> Response:
    """The form of a new organization."""
    _require_operator(visit)
    return visit.page("console/new_organization.html", {"plans": list(Plan)})


async def create_organization(visit: Visit) -> Response:
    """Create an organization and go on to set it up."""
    _require_operator(visit)
    made = await tenants.create_organization(
        visit.database,
        visit.administrator,
        name=visit.field("name"),
        plan=read_plan(visit.field("plan")),
        owner_email=visit.field("owner"),
    )
    return visit.done(f"{made.name} is ready to be set up.", to=f"/o/{made.slug}")


def read_plan(text: str) -> Plan:
    """The plan that a field names. Raises `BadInput`."""
    try:
        return Plan(text)
    except ValueError:
        raise BadInput("Choose one of the plans.", place="plan") from None


def _require_operator(visit: Visit) -> None:
    if visit.administrator.org_id is not None:
        raise Forbidden("These pages are the operator's.")
