"""The SQL view of effective access against the oracle, on organizations that hypothesis makes up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from doorlist.domain.levels import Resource, State, effective

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Company:
    """A generated organization: the oracle's state, and what the state leaves out."""

    state: State
    people: dict[str, tuple[bool, bool]]  # active, deleted
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
    people = {name: (draw(mostly), not draw(mostly)) for name in names}
    group_names = [f"g{number}" for number in range(draw(st.integers(0, 3)))]
    members = st.frozensets(st.sampled_from(names))
    groups = {name: (not draw(mostly), draw(members)) for name in group_names}
    place, person = st.sampled_from(sorted(places)), st.sampled_from(names)
    group = st.sampled_from(group_names) if group_names else st.nothing()
    low = st.integers(1, 3)
    retained = draw(st.dictionaries(st.tuples(person, place, group), low, max_size=4))
    state = State(
        active=frozenset(name for name, (active, deleted) in people.items() if active and not deleted),
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


async def write(connection: asyncpg.Connection, org_id: UUID, company: Company) -> None:
    """Store a company by one statement a table."""
    await connection.execute(
        "insert into organizations (org_id, slug, name, plan, created_at) values ($1, $2, 'x', 'enterprise', $3)",
        org_id,
        str(org_id),
        NOW,
    )
    for table, columns, rows in tables(org_id, company):
        await connection.executemany(
            f"insert into {table} ({columns}) values ({', '.join(f'${n + 1}' for n in range(len(rows[0])))})", rows
        ) if rows else None


def tables(org_id: UUID, company: Company) -> Iterator[tuple[str, str, list[tuple[object, ...]]]]:
    state = company.state
    gone = {False: None, True: NOW}
    yield (
        "users",
        "org_id, id, user_name, user_name_key, display_name, active, deleted_at, doc, search, created_at, modified_at",
        [
            (org_id, identifier(name), name, name, name, active, gone[deleted], "{}", "{}", NOW, NOW)
            for name, (active, deleted) in company.people.items()
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


@pytest.fixture
def loop_and_connection(database_url: str) -> Iterator[tuple[asyncio.Runner, asyncpg.Connection]]:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database_url))
        yield runner, connection
        runner.run(connection.close())
