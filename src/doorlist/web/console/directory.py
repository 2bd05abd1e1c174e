"""The connection of an organization's directory: how it does, its tokens, pausing it."""

from __future__ import annotations

from starlette.responses import Response

from doorlist.domain.behaviour import CreateOfInactive, EmptyMembers, NoMatch, PatchAnswer
from doorlist.domain.tenancy import Scope
from doorlist.errors import BadInput
from doorlist.service import clock, connections, provisioning_log, rotation, tokens
from doorlist.service.tenants import scim_url
from doorlist.service.tokens import Minted
from doorlist.web.console.visits import Visit


async def directory(visit: Visit) -> Response:
    """How the connection does, what to put into the directory, and every token."""
    now = clock.now()
    health = await provisioning_log.health(visit.database, visit.administrator, visit.org_id, now=now)
    found = await tokens.list_tokens(visit.database, visit.administrator, visit.org_id)
    replacing = {token.replaces: token for token in found if token.replaces and token.state(now) == "valid"}
    values = {
        "health": health,
        "tokens": found,
        "replacing": replacing,
        "now": now,
        "tenant_url": scim_url(visit.settings.base_url),
        "scopes": [scope.value for scope in Scope],
        "behaviour": await connections.behaviour(visit.database, visit.administrator, visit.org_id),
    }
    return visit.page("console/directory.html", values)


async def create_token(visit: Visit) -> Response:
    """Make a token and show it, this once."""
    minted = await tokens.create_token(
        visit.database,
        visit.administrator,
        visit.org_id,
        label=visit.field("label"),
        expires_days=read_days(visit),
        scopes=[str(scope) for scope in visit.form.getlist("scope")],
    )
    return _shown(visit, minted)


async def rotate_token(visit: Visit) -> Response:
    """Make the token that takes over from another, and show it, this once."""
    minted = await rotation.start_rotation(
        visit.database, visit.administrator, visit.org_id, str(visit.id("id")), expires_days=None
    )
    return _shown(visit, minted)


async def complete_rotation(visit: Visit) -> Response:
    """Revoke the old token of a rotation, once the new one was used."""
    done = await rotation.complete_rotation(
        visit.database, visit.administrator, visit.org_id, str(visit.id("id")), force=False
    )
    return visit.done(f"The old token {done.old.hint}… is revoked.", to=f"{visit.base}/directory")


async def cancel_rotation(visit: Visit) -> Response:
    """Revoke the new token of a rotation."""
    done = await rotation.cancel_rotation(visit.database, visit.administrator, visit.org_id, str(visit.id("id")))
    return visit.done(f"The token {done.new.hint}… is revoked; the old one stays.", to=f"{visit.base}/directory")


async def revoke_token(visit: Visit) -> Response:
    """Revoke a token at once."""
    gone = await tokens.revoke_token(visit.database, visit.administrator, visit.org_id, str(visit.id("id")))
    return visit.done(f"The token {gone[0].hint}… is revoked.", to=f"{visit.base}/directory")


async def pause(visit: Visit) -> Response:
    """Put every request off."""
    await connections.pause_connection(visit.database, visit.administrator, visit.org_id)
    return visit.done("The connection is paused: the directory tries again later.", to=f"{visit.base}/directory")


async def resume(visit: Visit) -> Response:
    """Take requests again."""
    await connections.resume_connection(visit.database, visit.administrator, visit.org_id)
    return visit.done("The connection takes requests again.", to=f"{visit.base}/directory")


async def set_behaviour(visit: Visit) -> Response:
    """Answer the directory otherwise, where two clients need opposite answers."""
    try:
        wanted = {
            "patch_answer": PatchAnswer(visit.field("patch_answer")),
            "no_match": NoMatch(visit.field("no_match")),
            "create_of_inactive": CreateOfInactive(visit.field("create_of_inactive")),
            "empty_members": EmptyMembers(visit.field("empty_members")),
        }
    except ValueError:
        raise BadInput("Choose one of each list.", place="behaviour") from None
    await connections.set_behaviour(visit.database, visit.administrator, visit.org_id, **wanted)  # type: ignore[arg-type]
    return visit.done("The directory is answered so from now on.", to=f"{visit.base}/directory")


def _shown(visit: Visit, minted: Minted) -> Response:
    return visit.page("console/token.html", {"token": minted, "tenant_url": scim_url(visit.settings.base_url)})


def read_days(visit: Visit) -> float | None:
    """How many days a new secret is valid, None for ever. Raises `BadInput`."""
    text = visit.field("days")
    if text and not text.isdecimal():
        raise BadInput("The number of days is a whole number.", place="days")
    return float(text) if text else None
