"""What has had an owner has one who stands, or somebody is asked and told who is next; whatever happens to people."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.domain.levels import Level, Role
from doorlist.errors import Refusal
from doorlist.service import auditing, finding, lifecycle, people, sharing, staffing
from doorlist.store.db import Database
from tests.properties.histories import ANY, PEOPLE, History
from tests.service.company import OPERATOR

EVERYBODY = (*PEOPLE, "boss")
KINDS = (
    "own", "own", "administer", "lower", "ungrant", "remove", "deactivate", "deactivate", "reactivate", "bury", "block",
    "unblock", "delete-place", "restore-place", "role-owner", "role-member",
)  # fmt: skip

_OWNED = """
select r.id from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
  join grants g on g.org_id = r.org_id and g.resource_id = r.id and g.principal_kind = 'user' and g.level = 5
  join users u on u.org_id = g.org_id and u.id = g.principal_id and u.active and u.blocked_at is null
              and u.deleted_at is null
 where r.org_id = $1 and r.deleted_at is null
"""
_LIVE = """
select r.id from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and r.deleted_at is null
"""
_ASKED = "select target_id from attention_items where org_id = $1 and kind = 'ownerless' and resolved_at is null"
_STANDING = """
select count(*) from users
 where org_id = $1 and role = 'owner' and active and blocked_at is null and deleted_at is null
"""


@dataclass(frozen=True)
class Fate:
    """Something that happens to a person, mostly about a place."""

    kind: str
    person: int
    place: int


fates = st.builds(
    Fate,
    kind=st.sampled_from(KINDS),
    person=st.integers(0, len(EVERYBODY) - 1),
    place=st.integers(0, 4),
)


async def befall(history: History, fate: Fate) -> None:
    """Let it happen, as far as it is possible."""
    company, person = history.company, EVERYBODY[fate.person]
    act, user = (company.database, OPERATOR, company.org_id), {"user_id": company.people[person]}
    where = {"resource_id": history.places[fate.place]}
    levels = {"own": Level.OWNER, "administer": Level.ADMIN, "lower": Level.VIEWER}
    try:
        match fate.kind:
            case "own" | "administer" | "lower":
                await sharing.grant_person(*act, **where, **user, level=levels[fate.kind])
            case "ungrant":
                await sharing.ungrant_person(*act, **where, **user)
            case "remove":
                await sharing.remove_person(*act, **where, **user)
            case "deactivate" | "reactivate":
                await history.set_active(person, active=fate.kind == "reactivate")
            case "bury":
                await people.delete_user(company.database, history.call(), user["user_id"], ANY)
            case "block" | "unblock":
                await getattr(staffing, fate.kind)(*act, **user)
            case "delete-place":
                await lifecycle.delete(*act, **where)
            case "restore-place":
                await lifecycle.restore(*act, **where)
            case _:
                await staffing.set_role(*act, **user, role=Role(fate.kind.removeprefix("role-")))
    except Refusal:
        return


async def ids(history: History, statement: str) -> set[UUID]:
    async with history.company.database.reading() as connection:
        return {row[0] for row in await connection.fetch(statement, history.company.org_id)}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(fates, min_size=4, max_size=25))
async def test_what_had_an_owner_has_one_or_somebody_is_asked(database: Database, happened: list[Fate]) -> None:
    history = await History.begin(database)
    company = history.company
    boss = await finding.person(database, company.org_id, "boss@acme.example")
    company.people["boss"] = boss.id
    owned: set[UUID] = set()
    for fate in happened:
        await befall(history, fate)
        present = await ids(history, _OWNED)
        owned |= present
        orphaned = (owned & await ids(history, _LIVE)) - present
        assert orphaned <= await ids(history, _ASKED), fate
        async with database.reading() as connection:
            assert await connection.fetchval(_STANDING, company.org_id) > 0, "the organization itself keeps an owner"
    summed = await auditing.reconcile(database, OPERATOR, company.org_id)
    assert (summed.unexplained, summed.missing) == ((), ())
