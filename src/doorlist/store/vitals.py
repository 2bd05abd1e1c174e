"""SQL that counts over all organizations what an operator of the installation watches. Nothing here names a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorlist.store.db import Connection

DAYS: Final = (0, 1, 7, 14, 30)
"""The bands in which what will end is counted: days from now, 0 for what is over."""

_TOTALS = """
select (select count(*) from retained where state = 'live') as live,
       (select count(*) from retained where state = 'held') as held,
       (select count(*) from audit_events where link is null) as unsealed,
       (select min(at) from audit_events where link is null) as unsealed_since,
       (select count(*) from connection_pauses) as paused
"""

_ATTENTION = (
    "select kind, count(*) as waiting from attention_items where resolved_at is null group by kind order by kind"
)

_TOKENS = """
select days, (select count(*) from tokens
               where revoked_at is null and expires_at <= $1::timestamptz + days * interval '1 day') as ending
  from unnest($2::integer[]) days
"""

_CERTIFICATES = """
select days, (select count(*) from saml_certificates
               where not_after <= $1::timestamptz + days * interval '1 day') as ending
  from unnest($2::integer[]) days
"""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What was counted; `tokens` and `certificates` by days of `DAYS`, each band holding those before it."""

    live: int
    held: int
    unsealed: int
    unsealed_since: datetime | None
    paused: int
    attention: dict[str, int]
    tokens: dict[int, int]
    certificates: dict[int, int]


async def take(connection: Connection, *, now: datetime) -> Vitals:
    """Count everything, at that moment."""
    return Vitals(
        **dict(await connection.fetchrow(_TOTALS)),
        attention={row["kind"]: row["waiting"] for row in await connection.fetch(_ATTENTION)},
        tokens=dict(await connection.fetch(_TOKENS, now, DAYS)),
        certificates=dict(await connection.fetch(_CERTIFICATES, now, DAYS)),
    )
