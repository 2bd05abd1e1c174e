"""The provisioning log: searched and filtered, each entry in a drawer with its steps, changes and raw requests."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.portal.application_pages import application_page
from entrasim.portal.forms import asked_text, choice
from entrasim.portal.on_demand_pages import panes
from entrasim.portal.rendering import state_of
from entrasim.provisioning_log import LogQuery, find_entry, search_entries

HERE = "/application/logs"
ACTIONS = ("Create", "Update", "Disable", "Delete", "StagedDelete", "Skip", "Other")
STATUSES = ("Success", "Failure", "Skipped")
TABS = {
    "steps": "Steps",
    "advice": "Troubleshooting",
    "modified": "Modified properties",
    "requests": "Requests",
    "summary": "Summary",
}
_SIZE = 25


async def logs(request: Request) -> Response:
    """`GET /application/logs`: newest first; `entry` opens one of them."""
    state = state_of(request)
    kept = {name: asked_text(request, name) for name in ("q", "action", "status", "kind", "before")}
    before = kept["before"]
    query = LogQuery(
        text=kept["q"] or None,
        action=kept["action"] if kept["action"] in ACTIONS else None,
        status=kept["status"] if kept["status"] in STATUSES else None,
        kind=kept["kind"] if kept["kind"] in ("User", "Group") else None,
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None,
    )
    found = search_entries(state, query, limit=_SIZE + 1)
    opened = find_entry(state, asked_text(request, "entry")) if asked_text(request, "entry") else None
    return application_page(
        request,
        "logs.html",
        entries=found[:_SIZE],
        older=found[_SIZE - 1].seq if len(found) > _SIZE else None,
        kept=kept,
        address=lambda **changes: _address(kept, changes),
        opened=opened,
        panes=panes(opened) if opened else [],
        shown_tab=choice(asked_text(request, "tab"), TABS, otherwise="advice" if opened and opened.code else "steps"),
        tabs=TABS,
        actions=ACTIONS,
        statuses=STATUSES,
    )


async def download(request: Request) -> Response:
    """`GET /application/logs/{change_id}.json`: one entry as it is kept."""
    entry = find_entry(state_of(request), request.path_params["change_id"])
    text = msgspec.json.format(msgspec.json.encode(entry), indent=2)
    return Response(text, 200 if entry else 404, media_type="application/json")


def _address(kept: dict[str, str], changes: dict[str, object]) -> str:
    """Return the page's address with some parameters changed; None takes one out."""
    parameters = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"{HERE}?{urlencode(parameters)}" if parameters else HERE


ROUTES: list[BaseRoute] = [Route(HERE, logs), Route(f"{HERE}/{{change_id}}.json", download)]
