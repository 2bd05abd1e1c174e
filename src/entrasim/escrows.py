"""What is held back: objects that failed, each for a growing number of cycles, and deletions that are too many.

Statements only, each inside the caller's transaction where it writes.
"""

from __future__ import annotations

from datetime import datetime

from entrasim.people import timestamp
from entrasim.scope import GROUP_IN_SCOPE, PERSON_IN_SCOPE
from entrasim.statefile import StateFile

CYCLES_A_DAY = 36


def put_in_escrow(state: StateFile, kind: str, key: int, *, code: str, now: datetime, change: int, cycle: int) -> None:
    """Hold an object back that failed: for one cycle, then two, four, and so on, at most for a day of cycles."""
    state.run(
        "insert into escrows values (?1, ?2, ?3, ?4, 1, ?5 + 1, ?6) on conflict do update set code = ?3,"
        " tries = tries + 1, due_cycle = ?5 + min(1 << min(tries, 10), ?7), change = ?6",
        (kind, key, code, timestamp(now), cycle, change, CYCLES_A_DAY),
    )


def escrowed(state: StateFile) -> int:
    """Return how many objects are in escrow."""
    (count,) = state.row("select count(*) from escrows")
    return int(count)


def deletions_due(state: StateFile, *, skip_out_of_scope: bool) -> int:
    """Count the people that a cycle would disable or delete, and the groups that it would delete."""
    left = "p.soft_deleted_at is not null or not p.account_enabled"
    if not skip_out_of_scope:
        left += f" or not {PERSON_IN_SCOPE}"
    (people,) = state.row(
        "select count(*) from people p join user_links l on l.person_key = p.key where p.touched > p.synced and ("  # noqa: S608
        f" p.purged_at is not null and l.in_scope = 1 or p.purged_at is null and l.disabled = 0 and ({left}))"
    )
    gone = "g.deleted_at is not null" if skip_out_of_scope else f"not {GROUP_IN_SCOPE}"
    (groups,) = state.row(
        f"select count(*) from groups g join group_links l on l.group_key = g.key where g.touched > g.synced and {gone}"  # noqa: S608
    )
    return int(people) + int(groups)
