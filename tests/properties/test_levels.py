"""The SQL view of effective access against the oracle, on organizations that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.domain.explanation import explain
from doorlist.domain.levels import Resource, State, effective
from doorlist.store import access, evidence
from doorlist.store.db import Connection, Database

ORG = UUID(int=7 << 76 | 2 << 62 | 1)
LATER = datetime.max.replace(tzinfo=UTC)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Company:
    """A generated organization: the oracle's state, and what the state leaves out."""

    state: State
    people: dict[str, tuple[bool, bool, bool]]  # active, deleted, blocked
    groups: dict[str, tuple[bool, frozenset[str]]]  # deleted, members
    held: frozenset[tuple[str, str, str]]


def identifier(name: str) -> UUID:
    return UUID(bytes=name.encode().ljust(16, b"\0"))


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    flag = st.sampled_from([False, False, False, True])
    for number in range(draw(st.integers(1, 3))):
        workspace = f"w{number}"
        found[workspace] = Resource(workspace, workspace, archived=draw(flag), deleted=draw(flag))
        found[f"{workspace}h"] = Resource(f"{workspace}h", workspace, home=True, archived=draw(flag))
        for inner in range(draw(st.integers(0, 2))):
            key = f"{workspace}f{inner}"
            found[key] = Resource(key, workspace, archived=draw(flag), deleted=draw(flag))
    return found


@st.composite
def companies(draw: st.DrawFn) -> Company:
    places = draw(resources())
    names = [f"p{number}" for number in range(draw(st.integers(1, 4)))]
    mostly = st.sampled_from([True, True, True, False])
    people = {name: (draw(mostly), not draw(mostly), not draw(mostly)) for name in names}
    group_names = [f"g{number}" for number in range(draw(st.integers(1, 3)))]
    members = st.frozensets(st.sampled_from(names))
    groups = {name: (not draw(mostly), draw(members)) for name in group_names}
    place, person = st.sampled_from(sorted(places)), st.sampled_from(names)
    group = st.sampled_from(group_names)
    low = st.integers(1, 3)
    retained = draw(st.dictionaries(st.tuples(person, place, group), low, max_size=4))
    state = State(
        active=frozenset(name for name, (active, *ended) in people.items() if active and not any(ended)),
        members={name: inside for name, (deleted, inside) in groups.items() if not deleted},
        resources=places,
        direct=draw(st.dictionaries(st.tuples(person, place), st.integers(1, 5), max_size=4)),
        grants=draw(st.dictionaries(st.tuples(group, place), low, max_size=6)),
        retained=retained,
        exclusions=draw(st.frozensets(st.tuples(person, place), max_size=3)),
    )
    held = draw(st.frozensets(st.sampled_from(sorted(retained)))) if retained else frozenset[tuple[str, str, str]]()
    live = {key: level for key, level in retained.items() if key not in held}
    fields = {name: getattr(state, name) for name in State.__dataclass_fields__}
    return Company(State(**{**fields, "retained": live}), people, groups, held)


async def write(connection: Connection, org_id: UUID, company: Company) -> None:
    """Store a company by one statement a table."""
    await connection.execute(
        "insert into organizations (org_id, slug, name, plan, created_at) values ($1, $2, 'x', 'enterprise', $3)",
        org_id,
        str(org_id),
        NOW,
    )
    for table, columns, rows in tables(org_id, company):
        marks = ", ".join(f"${number}" for number, _ in enumerate(columns.split(","), 1))
        await connection.executemany(f"insert into {table} ({columns}) values ({marks})", rows)


def tables(org_id: UUID, company: Company) -> Iterator[tuple[str, str, list[tuple[object, ...]]]]:
    state = company.state
    gone = {False: None, True: NOW}
    yield (
        "users",
        "org_id, id, user_name, user_name_key, display_name, active, deleted_at, blocked_at, doc, search, created_at, "
        "modified_at",
        [
            (org_id, identifier(name), name, name, name, active, gone[deleted], gone[blocked], "{}", "{}", NOW, NOW)
            for name, (active, deleted, blocked) in company.people.items()
        ],
    )
    yield (
        "groups",
        "org_id, id, display_name, display_key, deleted_at, doc, search, created_at, modified_at",
        [
            (org_id, identifier(name), name, name, gone[deleted], "{}", "{}", NOW, NOW)
            for name, (deleted, _) in company.groups.items()
        ],
    )
    yield (
        "group_members",
        "org_id, group_id, user_id, added_at",
        [
            (org_id, identifier(name), identifier(member), NOW)
            for name, (_, inside) in company.groups.items()
            for member in inside
        ],
    )
    yield (
        "resources",
        "org_id, id, kind, workspace_id, home, name, name_key, plan, archived_at, deleted_at, created_at",
        [resource_row(org_id, place, gone) for place in state.resources.values()],
    )
    yield (
        "grants",
        "org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by",
        [grant_row(org_id, "user", *key, level) for key, level in state.direct.items()]
        + [grant_row(org_id, "group", *key, level) for key, level in state.grants.items()],
    )
    kept = [(*key, level, "live") for key, level in state.retained.items()]
    kept += [(*key, 3, "held") for key in company.held]
    yield (
        "retained",
        "org_id, user_id, resource_id, group_id, level, state, group_name, since",
        [(org_id, *map(identifier, row[:3]), *row[3:], "x", NOW) for row in kept],
    )
    yield (
        "exclusions",
        "org_id, user_id, resource_id, created_at, created_by",
        [(org_id, identifier(person), identifier(place), NOW, "x") for person, place in state.exclusions],
    )


def resource_row(org_id: UUID, place: Resource, gone: dict[bool, datetime | None]) -> tuple[object, ...]:
    kind = "workspace" if place.key == place.workspace else "folder"
    plan = "enterprise" if kind == "workspace" else None
    ids = identifier(place.key), kind, identifier(place.workspace)
    return (org_id, *ids, place.home, place.key, place.key, plan, gone[place.archived], gone[place.deleted], NOW)


def grant_row(org_id: UUID, kind: str, principal: str, place: str, level: int) -> tuple[object, ...]:
    return org_id, identifier(f"{principal}{place}"), identifier(place), kind, identifier(principal), level, NOW, "x"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(company=companies())
async def test_effective_level_in_sql_equals_the_oracle(database: Database, company: Company) -> None:
    async with database.reading() as connection:
        undo = connection.transaction()
        await undo.start()
        await write(connection, ORG, company)
        rows = await connection.fetch("select user_id, resource_id, level from effective_access where org_id = $1", ORG)
        timeless = await connection.fetch(
            "select user_id, resource_id, level from effective_access_at('infinity') where org_id = $1", ORG
        )
        await undo.rollback()
    wanted = {
        (identifier(person), identifier(place.key)): level
        for person in company.people
        for place in company.state.resources.values()
        if (level := effective(company.state, person, place))
    }
    assert {(row["user_id"], row["resource_id"]): row["level"] for row in rows} == wanted
    assert {(row["user_id"], row["resource_id"]): row["level"] for row in timeless} == wanted


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(company=companies())
async def test_one_check_the_export_both_lists_and_the_explanation_agree(database: Database, company: Company) -> None:
    async with database.reading() as connection:
        undo = connection.transaction()
        await undo.start()
        await write(connection, ORG, company)
        exported = [line async for line in access.export(connection, ORG)]
        who = [line for key in company.state.resources async for line in access.who(connection, ORG, identifier(key))]
        what = [line for key in company.people async for line in access.what(connection, ORG, identifier(key))]
        checked = {
            (person, place): await access.effective_level(
                connection, ORG, user_id=identifier(person), resource_id=identifier(place)
            )
            for person in company.people
            for place in company.state.resources
        }
        explained = {
            (person, place): explain(
                await evidence.standing(connection, ORG, at=LATER, **ids),
                await evidence.ways(connection, ORG, at=LATER, **ids),
            ).level
            for person, place in checked
            for ids in [{"user_id": identifier(person), "resource_id": identifier(place)}]
        }
        await undo.rollback()
    assert explained == checked
    assert set(exported) == set(who) == set(what)
    assert len(exported) == len(who) == len(what) == sum(level > 0 for level in checked.values())
    assert exported == sorted(exported, key=lambda line: (line.user_name, line.workspace, line.folder))
