"""The audit log, its verification, and who gained and lost access between two moments."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from doorlist.domain.events import Action
from doorlist.domain.ids import parse_id
from doorlist.domain.levels import Level
from doorlist.domain.sheets import inert
from doorlist.errors import BadInput
from doorlist.service import auditing, insight
from doorlist.service.authority import require_manager
from doorlist.web import pages
from doorlist.web.console.visits import Visit

_PAGE: Final = 50
_SHOWN: Final = 200


async def audit(visit: Visit) -> Response:
    """The newest events that the filters admit."""
    query = visit.request.query_params
    action, target, before = query.get("action", ""), query.get("target", ""), query.get("before", "")
    if before and not (before.isdecimal() and len(before) < 19):
        raise BadInput("This is no place in the log.", place="before")
    if action and action not in {known.value for known in Action}:
        raise BadInput("There is no such event.", place="action")
    events = await auditing.list_events(
        visit.database,
        visit.administrator,
        visit.org_id,
        action=action or None,
        target_id=parse_id(target),
        before=int(before) if before else None,
        limit=_PAGE + 1,
    )
    shown = list(islice(events, _PAGE))
    kept = {name: query[name] for name in ("action", "target") if query.get(name)}
    later = f"?{urlencode({**kept, 'before': shown[-1].seq})}" if len(events) > _PAGE else None
    actions = sorted(known.value for known in Action)
    return visit.page("console/audit.html", {"events": shown, "later": later, "query": kept, "actions": actions})


async def verify(visit: Visit) -> Response:
    """Walk the chain of seals and say whether it holds."""
    verdict = await auditing.verify(visit.database, visit.administrator, visit.org_id)
    if verdict.faults:
        return visit.done(
            f"The audit log was tampered with: {verdict.faults[0]}", to=f"{visit.base}/audit", kind="danger"
        )
    text = f"The audit log is whole: {verdict.sealed} events are sealed, {verdict.unsealed} wait for their seal."
    return visit.done(text, to=f"{visit.base}/audit")


async def review(visit: Visit) -> Response:
    """Everything that everybody reaches as a file; or who gained and lost between two moments."""
    async with visit.database.reading() as connection:
        await require_manager(connection, visit.administrator, visit.org_id)
    query = visit.request.query_params
    if query.get("format") == "csv":
        return _everything(visit)
    earlier, later = read_moment(query.get("earlier", ""), "earlier"), read_moment(query.get("later", ""), "later")
    lines = None
    if earlier is not None:
        compared = insight.compare(visit.database, visit.org_id, earlier=earlier, later=later)
        async with aclosing(compared) as rows:  # type: ignore[type-var] # generators are AsyncIterators that close
            lines = [row async for row in _first(rows, _SHOWN + 1)]
    return visit.page(
        "console/review.html",
        {"lines": lines, "shown": _SHOWN, "earlier": query.get("earlier", ""), "later": query.get("later", "")},
    )


async def _first(rows: AsyncIterator, count: int) -> AsyncIterator:  # type: ignore[type-arg] # any rows
    async for row in rows:
        yield row
        count -= 1
        if not count:
            return


def _everything(visit: Visit) -> Response:
    async def lines() -> AsyncIterator[str]:
        titles = ("user_name", "display_name", "workspace", "folder", "level", "by", "group", "since", "granted_by")
        yield _record(titles)
        async with aclosing(insight.review(visit.database, visit.org_id)) as rows:  # type: ignore[type-var] # generators are AsyncIterators that close
            async for row in rows:
                yield _record(
                    (
                        row.user_name,
                        row.display_name,
                        row.workspace,
                        row.folder,
                        Level(row.level).label,
                        row.kind,
                        row.group,
                        row.since.isoformat(),
                        row.granted_by,
                    )
                )

    answer = StreamingResponse(lines(), media_type="text/csv; charset=utf-8")
    answer.headers["content-disposition"] = 'attachment; filename="access-review.csv"'
    return pages.secured(answer)


def _record(cells: tuple[object, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(inert(cell) for cell in cells)
    return line.getvalue()


def read_moment(text: str, place: str) -> datetime | None:
    """A moment of a form, in UTC where it names no zone. Raises `BadInput`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("This is no date.", place=place) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
