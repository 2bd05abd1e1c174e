"""What programs use: keys of the management API, and webhooks with their deliveries. Secrets are shown once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from starlette.responses import Response

from doorlist.domain.api_keys import ALL_KEY_SCOPES
from doorlist.domain.hooks import EVENTS
from doorlist.errors import BadInput
from doorlist.service import clock, hooking, keys
from doorlist.web.console.directory import read_days
from doorlist.web.console.visits import Visit

_DELIVERIES: Final = 100
_MOST_HOURS: Final = 720


async def programs(visit: Visit) -> Response:
    """Every key and every webhook."""
    who = (visit.database, visit.administrator, visit.org_id)
    values = {
        "keys": await keys.list_keys(*who),
        "endpoints": await hooking.list_endpoints(*who),
        "scopes": ALL_KEY_SCOPES,
        "events": EVENTS,
        "now": clock.now(),
    }
    return visit.page("console/programs.html", values)


async def create_key(visit: Visit) -> Response:
    """Make a key and show it, this once; a person's key acts as that person."""
    made = await keys.create_key(
        visit.database,
        visit.administrator,
        visit.org_id,
        label=visit.field("label"),
        scopes=[str(scope) for scope in visit.form.getlist("scope")],
        expires_days=read_days(visit),
        user_id=visit.administrator.user_id,
    )
    return _shown(visit, made.label, made.text)


async def revoke_key(visit: Visit) -> Response:
    """Revoke a key at once."""
    gone = await keys.revoke_key(visit.database, visit.administrator, visit.org_id, str(visit.id("id")))
    return visit.done(f"The key {gone[0].hint}… is revoked.", to=f"{visit.base}/programs")


async def create_webhook(visit: Visit) -> Response:
    """Make a webhook and show its secret, this once."""
    url = visit.field("url")
    made = await hooking.create_endpoint(
        visit.database,
        visit.administrator,
        visit.org_id,
        url=url,
        events=[str(event) for event in visit.form.getlist("event")],
        description=visit.field("description"),
    )
    return _shown(visit, url, made.secret, back=_address(visit, made.id))


async def webhook(visit: Visit) -> Response:
    """One webhook with its newest deliveries."""
    who, endpoint_id = (visit.database, visit.administrator, visit.org_id), visit.id("id")
    endpoint = await hooking.get_endpoint(*who, endpoint_id=endpoint_id)
    found = await hooking.list_deliveries(*who, endpoint_id=endpoint_id, limit=_DELIVERIES)
    return visit.page("console/webhook.html", {"endpoint": endpoint, "deliveries": found, "most_hours": _MOST_HOURS})


async def change_webhook(visit: Visit) -> Response:
    """Rotate the secret of a webhook, pause or resume it, send a test, repeat messages, or delete it."""
    who, endpoint_id = (visit.database, visit.administrator, visit.org_id), visit.id("id")
    back = _address(visit, endpoint_id)
    match visit.field("do"):
        case "rotate":
            made = await hooking.rotate_secret(*who, endpoint_id=endpoint_id)
            return _shown(visit, "webhook", made.secret, back=back)
        case "pause" | "resume" as how:
            await hooking.pause_endpoint(*who, endpoint_id=endpoint_id, paused=how == "pause")
            told = "The webhook is paused." if how == "pause" else "The webhook goes on where it stopped."
        case "ping":
            await hooking.ping(*who, endpoint_id=endpoint_id)
            told = "A test message is on its way."
        case "replay":
            count = await hooking.replay(*who, endpoint_id=endpoint_id, since=_since(visit))
            told = f"{count} messages are sent again."
        case "delete":
            await hooking.delete_endpoint(*who, endpoint_id=endpoint_id)
            return visit.done("The webhook is deleted.", to=f"{visit.base}/programs")
        case _:
            raise BadInput("This is nothing that can be done with a webhook.", place="do")
    return visit.done(told, to=back)


def _shown(visit: Visit, label: str, secret: str, *, back: str = "") -> Response:
    values = {"label": label, "secret": secret, "back": back or f"{visit.base}/programs"}
    return visit.page("console/secret.html", values)


def _since(visit: Visit) -> datetime:
    text = visit.field("hours")
    if not text.isdecimal() or not 1 <= int(text[:4]) <= _MOST_HOURS or len(text) > len(str(_MOST_HOURS)):
        raise BadInput(f"The number of hours is from 1 to {_MOST_HOURS}.", place="hours")
    return clock.now().astimezone(UTC) - timedelta(hours=int(text))


def _address(visit: Visit, endpoint_id: UUID) -> str:
    return f"{visit.base}/webhooks/{endpoint_id}"
