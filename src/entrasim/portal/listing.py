"""Lists as pages show them: searched, counted and cut into pages by the state file, never loaded whole. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from entrasim.entries import Group, Person
from entrasim.links import GroupSubject, UserSubject
from entrasim.people import COLUMNS as PERSON_COLUMNS
from entrasim.people import person_of
from entrasim.scope import GROUP_ASSIGNED, PERSON_ASSIGNED
from entrasim.security_groups import COLUMNS as GROUP_COLUMNS
from entrasim.security_groups import group_of
from entrasim.statefile import StateFile

T = TypeVar("T")
PAGE = 25

_PERSON = ", ".join(f"p.{column}" for column in PERSON_COLUMNS)
_GROUP = ", ".join(f"g.{column}" for column in GROUP_COLUMNS)
_BY_NAME = "coalesce(p.display_name, p.user_principal_name) collate nocase, p.key"
_BY_NAME_DOWN = "coalesce(p.display_name, p.user_principal_name) collate nocase desc, p.key desc"
_PERSON_STATES = {
    "all": "p.soft_deleted_at is null",
    "enabled": "p.soft_deleted_at is null and p.account_enabled = 1",
    "disabled": "p.soft_deleted_at is null and p.account_enabled = 0",
    "deleted": "p.soft_deleted_at is not null",
}
_PERSON_FOUND = """(:q = '' or p.display_name like :like escape '\\' or p.user_principal_name like :like escape '\\'
    or p.mail like :like escape '\\' or p.handle like :like escape '\\' or p.id = :q)"""
_GROUP_FOUND = "(:q = '' or g.name like :like escape '\\' or g.id = :q)"


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list: its rows, its number from 1, and how many rows the whole list has."""

    rows: Sequence[T]
    number: int
    total: int
    size: int = PAGE

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of the first row, 0 in an empty list."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group with how many direct members it has."""

    group: Group
    members: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody or a group that is assigned on its own: kind is user or group."""

    kind: str
    key: int
    id: str
    name: str
    detail: str


def find_people(state: StateFile, query: str, *, limit: int) -> list[Person]:
    """Return the first people of the directory that a text finds, by name."""
    return list(list_people(state, query, status="all", number=1, size=limit).rows)


def list_people(state: StateFile, query: str, *, status: str, number: int, size: int = PAGE) -> Slice[Person]:
    """Return a page of people. status: all, enabled, disabled, deleted."""
    source = f"people p where p.purged_at is null and {_PERSON_STATES[status]} and {_PERSON_FOUND}"
    return _people(state, source, _values(query), number=number, size=size)


def list_groups(state: StateFile, query: str, *, number: int, size: int = PAGE) -> Slice[GroupRow]:
    """Return a page of groups with the number of their direct members."""
    where, values = f"g.deleted_at is null and {_GROUP_FOUND}", _values(query)
    total = _count(state, f"select count(*) from groups g where {where}", values)  # noqa: S608
    number = _within(number, total, size=size)
    rows = state.rows(
        f"select {_GROUP}, (select count(*) from memberships m where m.group_key = g.key and m.present = 1)"  # noqa: S608
        f" from groups g where {where} order by g.name_key limit :size offset :skip",
        {**values, "size": size, "skip": (number - 1) * size},
    )
    return Slice([GroupRow(group_of(row[:-1]), row[-1]) for row in rows], number, total, size)


def list_members(state: StateFile, group: int, *, query: str, number: int, size: int = PAGE) -> Slice[Person]:
    """Return a page of a group's direct members."""
    source = f"""memberships m, people p where m.group_key = :group and m.present = 1 and p.key = m.person_key
        and p.purged_at is null and {_PERSON_FOUND}"""
    return _people(state, source, {**_values(query), "group": group}, number=number, size=size)


def list_groups_of(state: StateFile, person: int, *, number: int, size: int = PAGE) -> Slice[Group]:
    """Return a page of the groups that somebody is a direct member of."""
    source = (
        "memberships m join groups g on g.key = m.group_key"
        " where m.person_key = :person and m.present = 1 and g.deleted_at is null"
    )
    total = _count(state, f"select count(*) from {source}", {"person": person})  # noqa: S608
    number = _within(number, total, size=size)
    rows = state.rows(
        f"select {_GROUP} from {source} order by g.name_key limit :size offset :skip",  # noqa: S608
        {"person": person, "size": size, "skip": (number - 1) * size},
    )
    return Slice([group_of(row) for row in rows], number, total, size)


def list_assignments(state: StateFile, query: str, *, number: int, size: int = PAGE) -> Slice[Assigned]:
    """Return a page of what is assigned on its own: groups first, then people."""
    source = f"""
        select 'group' as kind, g.key as key, g.id as id, g.name as name, coalesce(g.description, '') as detail
        from assignments a join groups g on g.key = a.key
        where a.kind = 'group' and g.deleted_at is null and {_GROUP_FOUND}
        union all
        select 'user', p.key, p.id, coalesce(p.display_name, p.user_principal_name), p.user_principal_name
        from assignments a join people p on p.key = a.key
        where a.kind = 'user' and p.purged_at is null and {_PERSON_FOUND}
    """  # noqa: S608
    values = _values(query)
    total = _count(state, f"select count(*) from ({source})", values)  # noqa: S608
    number = _within(number, total, size=size)
    rows = state.rows(
        f"select kind, key, id, name, detail from ({source})"  # noqa: S608
        " order by kind, name collate nocase limit :size offset :skip",
        {**values, "size": size, "skip": (number - 1) * size},
    )
    return Slice([Assigned(*row) for row in rows], number, total, size)


def assignable(state: StateFile, query: str, *, limit: int) -> list[Assigned]:
    """Return groups, then people, that a text finds and that are not assigned on their own yet."""
    groups = state.rows(
        "select 'group', g.key, g.id, g.name, coalesce(g.description, '') from groups g"  # noqa: S608
        f" where g.deleted_at is null and {_GROUP_FOUND}"
        " and not exists (select 1 from assignments a where a.kind = 'group' and a.key = g.key)"
        " order by g.name_key limit :size",
        {**_values(query), "size": limit},
    )
    people = state.rows(
        "select 'user', p.key, p.id, coalesce(p.display_name, p.user_principal_name), p.user_principal_name"  # noqa: S608
        f" from people p where p.purged_at is null and {_PERSON_STATES['all']} and {_PERSON_FOUND}"
        " and not exists (select 1 from assignments a where a.kind = 'user' and a.key = p.key)"
        f" order by {_BY_NAME} limit :size",
        {**_values(query), "size": limit},
    )
    return [Assigned(*row) for row in (*groups, *people)]


def is_in_scope(state: StateFile, subject: Person | Group) -> bool:
    """Tell whether somebody or a group is in scope of provisioning now."""
    if isinstance(subject, Person):
        query = f"select {PERSON_ASSIGNED} from people p where p.key = ?"  # noqa: S608
    else:
        query = f"select {GROUP_ASSIGNED} from groups g where g.key = ?"  # noqa: S608
    return bool(state.row(query, (subject.key,))[0])


def link_state(subject: UserSubject | GroupSubject) -> str:
    """Say in words what the target knows of an object."""
    if subject.target_id is None:
        return "not in the target"
    return "linked" if subject.assigned else "linked, out of scope"


def _people(state: StateFile, source: str, values: dict[str, Any], *, number: int, size: int) -> Slice[Person]:
    """Cut a page of people, sorted by name, from the nearer end; only the keys of a page's rows are sorted."""
    total = _count(state, f"select count(*) from {source}", values)  # noqa: S608
    number = _within(number, total, size=size)
    skip = (number - 1) * size
    shown = min(size, total - skip)
    from_end = skip > total // 2
    keys = f"select p.key from {source} order by {_BY_NAME_DOWN if from_end else _BY_NAME} limit :size offset :skip"  # noqa: S608
    rows = state.rows(
        f"select {_PERSON} from people p where p.key in ({keys}) order by {_BY_NAME}",  # noqa: S608
        {**values, "size": max(shown, 0), "skip": total - skip - shown if from_end else skip},
    )
    return Slice([person_of(row) for row in rows], number, total, size)


def _values(query: str) -> dict[str, Any]:
    query = query.strip()[:200]
    escaped = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"q": query, "like": f"%{escaped}%"}


def _count(state: StateFile, statement: str, values: dict[str, Any]) -> int:
    (total,) = state.row(statement, values)
    return int(total)


def _within(number: int, total: int, *, size: int) -> int:
    return min(max(1, number), max(1, -(-total // size)))
