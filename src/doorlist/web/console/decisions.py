"""Attention: what waits for an administrator, with the decisions that each item takes."""

from __future__ import annotations

from starlette.responses import Response

from doorlist.service import conflicts, resolving
from doorlist.web.console.visits import Visit


async def attention(visit: Visit) -> Response:
    """What waits, or with `?all=1` also what was decided."""
    everything = visit.request.query_params.get("all") == "1"
    items = await resolving.list_items(visit.database, visit.administrator, visit.org_id, resolved=everything)
    return visit.page(
        "console/attention.html", {"items": items, "everything": everything, "decisions": resolving.DECISIONS}
    )


async def decide(visit: Visit) -> Response:
    """Decide about an item."""
    changed = await resolving.resolve(
        visit.database, visit.administrator, visit.org_id, item_id=visit.id("id"), decision=visit.field("decision")
    )
    effect = f" It changed {changed} levels." if changed else ""
    return visit.done(f"Decided.{effect}", to=f"{visit.base}/attention")


async def collisions(visit: Visit) -> Response:
    """What the directory could not write because somebody else has the value, with what to do."""
    closed = visit.request.query_params.get("all") == "1"
    found = await conflicts.list_conflicts(visit.database, visit.administrator, visit.org_id, closed=closed)
    values = {"conflicts": found, "everything": closed, "advice": conflicts.advice}
    return visit.page("console/conflicts.html", values)


async def close_collision(visit: Visit) -> Response:
    """Close a conflict that does not matter."""
    await conflicts.close_conflict(visit.database, visit.administrator, visit.org_id, visit.id("id"))
    return visit.done("The conflict is closed; the next collision opens another.", to=f"{visit.base}/conflicts")
