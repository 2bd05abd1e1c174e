"""The set-up guide: it follows the steps of connecting a directory and watches the wire for each of them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorlist.domain.setup import Stage
from doorlist.errors import NotFound
from doorlist.saml.parties import ServiceProvider
from doorlist.service import guiding, tokens
from doorlist.service.tenants import scim_url
from doorlist.web.console.visits import Visit

_PROVIDERS: Final = ("entra", "okta", "other")


async def guide(visit: Visit) -> Response:
    """Every step with what to do, for the directory that was chosen."""
    provider = visit.request.query_params.get("provider", "entra")
    values = await _values(visit)
    links = [] if visit.contact else await guiding.list_links(visit.database, visit.administrator, visit.org_id)
    values |= {"provider": provider if provider in _PROVIDERS else "entra", "links": links}
    return visit.page("console/setup.html", values)


async def steps(visit: Visit) -> Response:
    """The list of steps alone, which the page asks for every few seconds."""
    return visit.page("console/setup_steps.html", await _values(visit))


async def create_token(visit: Visit) -> Response:
    """Make the token that goes into the directory, and show it, this once."""
    minted = await tokens.create_token(
        visit.database, visit.administrator, visit.org_id, label=visit.field("label"), expires_days=365, scopes=()
    )
    values = {"token": minted, "tenant_url": scim_url(visit.settings.base_url), "back": f"{visit.base}/setup"}
    return visit.page("console/token.html", values)


async def make_link(visit: Visit) -> Response:
    """Make a link for the IT contact, and show it, this once."""
    _refuse_contact(visit)
    contact = visit.field("contact")
    secret = await guiding.make_link(visit.database, visit.administrator, visit.org_id, contact=contact)
    address = f"{visit.settings.base_url}/set-up/{secret}"
    return visit.page("console/setup_link_made.html", {"address": address, "contact": contact})


async def revoke_link(visit: Visit) -> Response:
    """End a link at once."""
    _refuse_contact(visit)
    await guiding.revoke_link(visit.database, visit.administrator, visit.org_id, visit.id("id"))
    return visit.done("The link does not open any more.", to=f"{visit.base}/setup")


async def _values(visit: Visit) -> dict[str, object]:
    found = await guiding.steps(visit.database, visit.administrator, visit.org_id)
    done = sum(step.stage is Stage.DONE for step in found)
    return {
        "steps": found,
        "done": done,
        "tenant_url": scim_url(visit.settings.base_url),
        "provider_side": ServiceProvider.of(visit.settings.base_url, visit.org.slug),
    }


def _refuse_contact(visit: Visit) -> None:
    """An IT contact hands no links on."""
    if visit.contact:
        raise NotFound("There is no such page.")
