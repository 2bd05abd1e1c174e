"""Random histories of a small company: events as hypothesis draws them, made by the verbs that make them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st

from doorlist.domain.changes import (
    Change,
    DeleteGroup,
    DeleteResource,
    GrantGroup,
    GrantPerson,
    RemovePerson,
    SwitchPolicy,
    UngrantGroup,
    UngrantPerson,
)
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import ALL_SCOPES, Caller, Plan
from doorlist.errors import Refusal
from doorlist.scim.preconditions import Versions
from doorlist.service import cleaning, clock, excluding, grouping, lifecycle, membership, people, planning, resolving
from doorlist.service.cleaning import Terms
from doorlist.service.provisioning import Call
from doorlist.store import organizations
from doorlist.store.db import Database
from tests.service.company import OPERATOR, Company

PEOPLE = ("ana", "ben", "cy", "dora")
GROUPS = ("one", "two", "three")
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ANY = Versions(None, None)
Levels = dict[tuple[UUID, UUID], int]


@dataclass(frozen=True)
class Happening:
    """One event: what, and the numbers that choose whom, which group, where, at which level, under which policy."""

    kind: str
    person: int
    group: int
    place: int
    level: int
    keep: bool


KINDS = (
    "join", "join", "leave", "leave", "deactivate", "reactivate", "decide", "shuffle", "exclude", "lift", "archive",
    "unarchive", "restore", "clean-up", "grant-group", "grant-group", "ungrant-group", "grant-person", "ungrant-person",
    "remove-person", "delete-resource", "delete-group", "switch-policy",
)  # fmt: skip
PLANNED = tuple(dict.fromkeys(KINDS[14:]))


def happenings(kinds: tuple[str, ...] = KINDS) -> st.SearchStrategy[Happening]:
    return st.builds(
        Happening,
        kind=st.sampled_from(kinds),
        person=st.integers(0, len(PEOPLE) - 1),
        group=st.integers(0, len(GROUPS) - 1),
        place=st.integers(0, 4),
        level=st.integers(1, 3),
        keep=st.booleans(),
    )


class History:
    """A company with four people, three groups with grants, two workspaces and one folder more, and its past."""

    def __init__(self, company: Company, places: list[UUID], connection_id: UUID) -> None:
        self.company = company
        self.places = places
        self.connection_id = connection_id

    @classmethod
    async def begin(cls, database: Database) -> History:
        company = await Company.create(database)
        for name in PEOPLE:
            await company.person(name)
        for name in GROUPS:
            await company.group(name)
        workspaces = [await company.workspace("Design", "Secret"), await company.workspace("Sales")]
        inner = [await company.place("Design", "Home"), await company.place("Design", "Secret")]
        async with database.transaction() as connection:
            await connection.execute(
                "update groups set connection_id = null where org_id = $1 and display_name <> 'three'", company.org_id
            )
            connection_id = await organizations.default_connection(connection, company.org_id)
        history = cls(company, [], connection_id)
        for group, person in (("one", "ana"), ("one", "ben"), ("two", "ana"), ("two", "cy"), ("two", "dora")):
            await history.member(group, person, joins=True)
        await company.grant("one", Level.EDITOR, "Design")
        await company.grant("two", Level.CHECKER, "Design", "Secret", policy=Policy.REMOVE)
        await company.grant("two", Level.VIEWER, "Design")
        await company.grant("three", Level.EDITOR, "Sales")
        history.places += [*workspaces, *inner, await company.place("Sales", "Home")]
        return history

    def call(self) -> Call:
        """The directory asks."""
        scopes, org_id = frozenset(scope.value for scope in ALL_SCOPES), self.company.org_id
        caller = Caller(org_id, self.connection_id, org_id, scopes, Plan.ENTERPRISE, True, None, None)
        now = clock.now()
        return Call(caller, now, clock.new_id(now), "")

    async def member(self, group: str, person: str, *, joins: bool) -> None:
        """Add somebody to a group or remove them: by the directory where it manages the group, here otherwise."""
        company, user_id = self.company, self.company.people[person]
        group_id = company.groups[group]
        if group == "three":
            operation = {"op": "add" if joins else "remove", "path": "members", "value": [{"value": str(user_id)}]}
            body = {"schemas": [PATCH], "Operations": [operation]}
            await membership.patch_group(company.database, self.call(), group_id, body, ANY)
        else:
            members = {"add" if joins else "remove": [user_id]}
            act = (company.database, OPERATOR, company.org_id)
            await grouping.change_members(*act, group_id=group_id, **members)

    async def shuffle(self, person: str, other: str) -> None:
        """Let the directory remove two people from its group and add one of them again, in one request."""
        first, second = ([{"value": str(self.company.people[name])}] for name in (person, other))
        operations = [
            {"op": "remove", "path": "members", "value": first + second},
            {"op": "add", "path": "members", "value": first},
        ]
        body = {"schemas": [PATCH], "Operations": operations}
        await membership.patch_group(self.company.database, self.call(), self.company.groups["three"], body, ANY)

    async def set_active(self, person: str, *, active: bool) -> None:
        """Let the directory deactivate or reactivate somebody."""
        operation = {"op": "replace", "path": "active", "value": active}
        body = {"schemas": [PATCH], "Operations": [operation]}
        user_id = self.company.people[person]
        await people.patch_user(self.company.database, self.call(), user_id, body, ANY)

    async def happen(self, event: Happening) -> bool:
        """Make an event happen; whether it was possible."""
        company, person, group = self.company, PEOPLE[event.person], GROUPS[event.group]
        act = (company.database, OPERATOR, company.org_id)
        place, ids = self.places[event.place], {"resource_id": self.places[event.place]}
        try:
            match event.kind:
                case "join":
                    await self.member(group, person, joins=True)
                case "leave":
                    await self.member(group, person, joins=False)
                case "deactivate" | "reactivate":
                    await self.set_active(person, active=event.kind == "reactivate")
                case "shuffle":
                    await self.shuffle(person, PEOPLE[event.place % len(PEOPLE)])
                case "clean-up":
                    await cleaning.clean_up(company.database, Terms(timedelta(0), timedelta(days=31)))
                case "decide":
                    await self.decide(keep=event.keep)
                case "delete-group" if group == "three":
                    await membership.delete_group(company.database, self.call(), company.groups[group], ANY)
                case "exclude":
                    await excluding.exclude_person(*act, **ids, user_id=company.people[person])
                case "lift":
                    await excluding.lift_exclusion(*act, **ids, user_id=company.people[person])
                case "archive" | "unarchive" | "restore":
                    await getattr(lifecycle, event.kind)(*act, resource_id=place)
                case _:
                    change = self.change(event)
                    planned = await planning.plan(*act, change, names=0)
                    await planning.apply(*act, change, planned.plan_hash, names=0)
        except Refusal:
            return False
        return True

    async def decide(self, *, keep: bool) -> None:
        """Let an administrator decide about the oldest thing that waits."""
        act = (self.company.database, OPERATOR, self.company.org_id)
        waiting = await resolving.list_items(*act)
        if waiting:
            decisions = resolving.DECISIONS[waiting[0].kind]
            await resolving.resolve(*act, item_id=waiting[0].id, decision=decisions[0 if keep else -1])

    def change(self, event: Happening) -> Change:
        """The change that an event of a kind of PLANNED asks for."""
        person, group = self.company.people[PEOPLE[event.person]], self.company.groups[GROUPS[event.group]]
        place, policy = self.places[event.place], Policy.KEEP if event.keep else Policy.REMOVE
        changes: dict[str, Change] = {
            "grant-group": GrantGroup(place, group, Level(event.level), policy),
            "ungrant-group": UngrantGroup(place, group, policy),
            "grant-person": GrantPerson(place, person, Level(event.level)),
            "ungrant-person": UngrantPerson(place, person),
            "remove-person": RemovePerson(place, person),
            "delete-resource": DeleteResource(place),
            "delete-group": DeleteGroup(group),
            "switch-policy": SwitchPolicy(policy),
        }
        return changes[event.kind]

    async def levels(self, source: str = "effective_access", *arguments: object) -> Levels:
        """Every level above none, from the view or from the function of a moment ($2)."""
        async with self.company.database.reading() as connection:
            rows = await connection.fetch(
                f"select user_id, resource_id, level from {source} where org_id = $1", self.company.org_id, *arguments
            )
        return {(row["user_id"], row["resource_id"]): row["level"] for row in rows}

    async def audited(self) -> int:
        return len(await self.company.events())
