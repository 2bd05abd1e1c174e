"""The provisioning log: what the directory asked, how it was answered, and what came of it."""

from __future__ import annotations

import json
from contextlib import aclosing
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from doorlist.errors import BadInput
from doorlist.service import provisioning_log
from doorlist.store.journal import Logged, Wanted
from doorlist.web.console.visits import Visit

_PAGE: Final = 50
_NAMED: Final = 100
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LONGEST: Final = 200


async def log(visit: Visit) -> Response:
    """The newest requests that the filters admit."""
    query = visit.request.query_params
    wanted = _wanted(visit)
    lines = await _lines(visit, wanted)
    shown, more = list(islice(lines, _PAGE)), len(lines) > _PAGE
    kept = {name: query[name] for name in ("q", "method", "outcome") if query.get(name)}
    later = f"{visit.request.url.path}?{urlencode({**kept, 'before': shown[-1].id})}" if more else None
    newest = f"{visit.request.url.path}?{urlencode(kept)}" if wanted.before is not None else None
    values = {"lines": shown, "later": later, "newest": newest, "query": kept, "methods": _METHODS}
    return visit.page("console/log.html", values)


async def request(visit: Visit) -> Response:
    """One request with its bodies, its effect and, where it failed, what to do."""
    shown = await provisioning_log.show_request(
        visit.database, visit.administrator, visit.org_id, visit.id("id"), base_url=visit.settings.base_url
    )
    moved = provisioning_log.list_moved(visit.database, visit.administrator, visit.org_id, shown.line, limit=_NAMED)
    async with aclosing(moved) as rows:  # type: ignore[type-var] # generators are AsyncIterators that close
        people = [row async for row in rows]
    values = {"shown": shown, "line": shown.line, "people": people}
    values |= {"sent": _pretty(shown.request), "answered": _pretty(shown.response)}
    return visit.page("console/request.html", values)


async def _lines(visit: Visit, wanted: Wanted) -> list[Logged]:
    found = provisioning_log.list_requests(visit.database, visit.administrator, wanted, limit=_PAGE + 1)
    async with aclosing(found) as lines:  # type: ignore[type-var] # generators are AsyncIterators that close
        return [line async for line in lines]


def _wanted(visit: Visit) -> Wanted:
    """What the address asks for. Raises `BadInput`."""
    query = visit.request.query_params
    method, before, text = query.get("method", ""), query.get("before", ""), query.get("q", "").strip()
    if method and method not in _METHODS:
        raise BadInput("There is no such method.", place="method")
    if before and not (before.isdecimal() and len(before) < 19):
        raise BadInput("This is no place in the log.", place="before")
    if len(text) > _LONGEST:
        raise BadInput(f"A search is at most {_LONGEST} characters long.", place="q")
    return Wanted(
        org_id=visit.org_id,
        failures=query.get("outcome") == "failed",
        method=method or None,
        text=text or None,
        before=int(before) if before else None,
    )


def _pretty(body: str | None) -> str | None:
    """A body with its JSON indented, or as it is."""
    if body is None:
        return None
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
