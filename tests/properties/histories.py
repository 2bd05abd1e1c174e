"""Random histories of a small company: events as hypothesis draws them, made by the verbs that make them."""

from __future__ import annotations

from dataclasses import dataclass
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
from doorlist.errors import Refusal
from doorlist.service import excluding, lifecycle, planning
from doorlist.store.db import Database
from tests.service.company import OPERATOR, Company

PEOPLE = ("ana", "ben", "cy", "dora")
GROUPS = ("one", "two", "three")
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
    "join", "join", "leave", "leave", "deactivate", "reactivate", "exclude", "lift", "archive", "unarchive", "restore",
    "grant-group", "grant-group", "ungrant-group", "grant-person", "ungrant-person", "remove-person", "delete-resource",
    "delete-group", "switch-policy",
)  # fmt: skip
PLANNED = tuple(dict.fromkeys(KINDS[11:]))


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

    def __init__(self, company: Company, places: list[UUID]) -> None:
        self.company = company
        self.places = places

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
            await connection.execute("update groups set connection_id = null where org_id = $1", company.org_id)
        await company.join("one", "ana", "ben")
        await company.join("two", "ana", "cy", "dora")
        await company.grant("one", Level.EDITOR, "Design")
        await company.grant("two", Level.CHECKER, "Design", "Secret", policy=Policy.REMOVE)
        await company.grant("two", Level.VIEWER, "Design")
        await company.grant("three", Level.EDITOR, "Sales")
        return cls(company, [*workspaces, *inner, await company.place("Sales", "Home")])

    async def happen(self, event: Happening) -> bool:
        """Make an event happen; whether it was possible."""
        company, person, group = self.company, PEOPLE[event.person], GROUPS[event.group]
        act = (company.database, OPERATOR, company.org_id)
        place, ids = self.places[event.place], {"resource_id": self.places[event.place]}
        try:
            match event.kind:
                case "join":
                    await company.join(group, person)
                case "leave":
                    await company.leave(group, person)
                case "deactivate" | "reactivate":
                    await company.set_active(person, active=event.kind == "reactivate")
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
