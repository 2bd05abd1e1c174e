"""Retained access: what people kept after they left a group, and ending it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorlist.domain.ids import parse_id
from doorlist.domain.levels import Level
from doorlist.errors import BadInput
from doorlist.service import sharing
from doorlist.store import lists
from doorlist.store.retention import RetainedLine
from doorlist.web.console.lists import Columns, as_csv, read_list, wants_csv
from doorlist.web.console.visits import Visit

_COLUMNS: Final[Columns[RetainedLine]] = {
    "user_name": lambda line: line.user_name,
    "workspace": lambda line: line.workspace,
    "folder": lambda line: line.folder,
    "level": lambda line: Level(line.level).label,
    "group": lambda line: line.group_name,
    "state": lambda line: line.state,
    "since": lambda line: line.since.isoformat(),
}


async def retained(visit: Visit) -> Response:
    """Everything that is kept."""
    if wants_csv(visit):
        return as_csv(visit, lists.RETAINED, _COLUMNS, name="retained", order="-since")
    return visit.page("console/retained.html", {"list": await read_list(visit, lists.RETAINED, order="-since")})


async def remove(visit: Visit) -> Response:
    """End what was chosen; each choice is a person and a place."""
    chosen = sorted({str(value) for value in visit.form.getlist("chosen")})
    pairs = [tuple(map(parse_id, choice.split(" "))) for choice in chosen]
    if not pairs:
        raise BadInput("Choose at least one line.", place="chosen")
    ended = 0
    for pair in pairs:
        if len(pair) != 2 or pair[0] is None or pair[1] is None:
            raise BadInput("Choose among the lines of the list.", place="chosen")
        ended += await sharing.remove_retained(
            visit.database, visit.administrator, visit.org_id, user_id=pair[0], resource_id=pair[1]
        )
    return visit.done(f"{ended} kept levels ended.", to=f"{visit.base}/retained")
