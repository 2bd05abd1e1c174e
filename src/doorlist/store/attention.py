"""SQL of attention items: what waits for an administrator's decision. No rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.store.db import Connection

_RAISE = """
insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)
values ($1, $2, $3, $4, $5, $6::jsonb, $7)
"""

_RAISE_ONCE = """
insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)
select $1, $2, $3, $4, $5, $6::jsonb, $7
 where not exists (select from attention_items
                    where org_id = $1 and kind = $3 and target_id = $5 and resolved_at is null)
"""

_SETTLE = """
update attention_items set resolved_at = $4, resolved_by = $5, resolution = $6
 where org_id = $1 and kind = $2 and target_id = any($3::uuid[]) and resolved_at is null
"""

_LAPSE = """
update attention_items set resolved_at = $3, resolved_by = 'lapsed', resolution = 'lapsed'
 where org_id = $1 and resolved_at is null and coalesce(detail ->> 'parked', detail ->> 'buried') = any($2::text[])
"""

_LIST = """
select a.id, a.kind, a.target_kind, a.target_id,
       coalesce(u.user_name, d.display_name, t.label || ' (' || t.hint || ')',
                case when r.kind = 'folder' then w.name || ' / ' || r.name else w.name end,
                '') as target,
       a.detail::text as detail, a.raised_at, a.resolved_at, a.resolved_by, a.resolution
  from attention_items a
  left join users u on u.org_id = a.org_id and u.id = a.target_id
  left join groups d on d.org_id = a.org_id and d.id = a.target_id
  left join tokens t on t.org_id = a.org_id and t.id = a.target_id
  left join resources r on r.org_id = a.org_id and r.id = a.target_id
  left join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where a.org_id = $1 and ($2 or a.resolved_at is null)
 order by a.raised_at, a.id
"""

_LOCK = """
select id, kind, target_kind, target_id, '' as target, detail::text as detail, raised_at, resolved_at, resolved_by,
       resolution
  from attention_items where org_id = $1 and id = $2 for no key update
"""

_RESOLVE = """
update attention_items set resolved_at = $3, resolved_by = $4, resolution = $5
 where org_id = $1 and id = $2 and resolved_at is null
"""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to decide; `target` is the present name of what it is about."""

    id: UUID
    kind: str
    target_kind: str
    target_id: UUID
    target: str
    detail: Mapping[str, Any]
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


async def put(
    connection: Connection,
    org_id: UUID,
    *,
    item_id: UUID,
    kind: str,
    target_kind: str,
    target_id: UUID,
    detail: Mapping[str, object],
    now: datetime,
) -> None:
    """Raise an item."""
    await connection.execute(_RAISE, org_id, item_id, kind, target_kind, target_id, json.dumps(detail), now)


async def put_once(
    connection: Connection,
    org_id: UUID,
    *,
    item_id: UUID,
    kind: str,
    target_kind: str,
    target_id: UUID,
    detail: Mapping[str, object],
    now: datetime,
) -> None:
    """Raise an item, unless one of its kind about the same target waits already."""
    values = (item_id, kind, target_kind, target_id, json.dumps(detail), now)
    await connection.execute(_RAISE_ONCE, org_id, *values)


async def settle(
    connection: Connection, org_id: UUID, kind: str, targets: Sequence[UUID], *, by: str, resolution: str, now: datetime
) -> None:
    """Close what waits of one kind about these targets: the matter ended by itself."""
    await connection.execute(_SETTLE, org_id, kind, list(targets), now, by, resolution)


async def lapse(connection: Connection, org_id: UUID, deleted: Sequence[UUID], *, now: datetime) -> None:
    """Close what asks whether deleted people or groups have returned: they cannot, or they have."""
    await connection.execute(_LAPSE, org_id, [str(identifier) for identifier in deleted], now)


async def items(connection: Connection, org_id: UUID, *, resolved: bool) -> list[Item]:
    """The items in the order in which they were raised, resolved ones only when asked for."""
    return [_item(row) for row in await connection.fetch(_LIST, org_id, resolved)]


async def lock(connection: Connection, org_id: UUID, item_id: UUID) -> Item | None:
    """The item of that id; it stays as it is until the transaction ends."""
    row = await connection.fetchrow(_LOCK, org_id, item_id)
    return None if row is None else _item(row)


async def resolve(
    connection: Connection, org_id: UUID, item_id: UUID, *, by: str, resolution: str, now: datetime
) -> None:
    """Close a locked item."""
    await connection.execute(_RESOLVE, org_id, item_id, now, by, resolution)


def _item(row: Mapping[str, Any]) -> Item:
    return Item(**{**row, "detail": json.loads(row["detail"])})
