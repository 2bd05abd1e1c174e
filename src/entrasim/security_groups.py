"""Verbs on groups and their direct members: add, rename, delete, add a member, remove a member.

Each verb is one transaction and marks what the next cycle has to look at. A deleted group stays as a marker until
the cycle has told the target.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from entrasim.entries import Group
from entrasim.people import timestamp
from entrasim.refusals import InvalidAttribute, NameTaken, UnknownName
from entrasim.statefile import StateFile

COLUMNS = ("key", "id", "name", "description", "parent", "deleted_at", "edited", "touched", "synced")
_SELECT = f"select {', '.join(COLUMNS)} from groups"  # noqa: S608 - constants only


def group_of(row: tuple[Any, ...]) -> Group:
    """Turn a row of `COLUMNS` into a group."""
    return Group(**dict(zip(COLUMNS, row, strict=True)))


def get_group(state: StateFile, key: int) -> Group | None:
    """Return the group of a row key, deleted ones too."""
    found = state.find(f"{_SELECT} where key = ?", (key,))
    return None if found is None else group_of(found)


def find_group(state: StateFile, name: str) -> Group:
    """Return the group whose name or object id is `name`. Raises `UnknownName`."""
    query = f"{_SELECT} where deleted_at is null and (name_key = ?1 or id = ?1)"
    found = state.find(query, (name.casefold(),))
    if found is None:
        raise UnknownName(f"No group in the directory is called {name!r}.")
    return group_of(found)


def add_group(state: StateFile, name: str, *, new_id: str, description: str | None = None) -> Group:
    """Add an empty group. Raises `NameTaken`, `InvalidAttribute`."""
    with state.transaction():
        _refuse_name(state, name, besides=0)
        insert_group(state, name, new_id=new_id, description=description, parent=None,
                     change=state.next_change())  # fmt: skip
    return find_group(state, new_id)


def rename_group(state: StateFile, name: str, *, new_name: str) -> Group:
    """Give a group another name. Raises `UnknownName`, `NameTaken`, `InvalidAttribute`."""
    with state.transaction():
        group = find_group(state, name)
        _refuse_name(state, new_name, besides=group.key)
        if group.name != new_name:
            state.run(
                "update groups set name = ?1, name_key = ?2, edited = ?3, touched = ?3 where key = ?4",
                (new_name, new_name.casefold(), state.next_change(), group.key),
            )
    return find_group(state, group.id)


def delete_group(state: StateFile, name: str, *, now: datetime) -> Group:
    """Delete a group for good. Raises `UnknownName`."""
    with state.transaction():
        group = find_group(state, name)
        mark_deleted(state, group.key, now=now, change=state.next_change())
    return group


def add_member(state: StateFile, group: int, *, person: int) -> bool:
    """Make a person (row key) a direct member of a group (row key); False when they were one already."""
    with state.transaction():
        return bool(put_members(state, [(group, person)], change=state.next_change()))


def remove_member(state: StateFile, group: int, *, person: int) -> bool:
    """End a direct membership; False when there was none."""
    with state.transaction():
        return bool(drop_members(state, [(group, person)], change=state.next_change()))


def is_member(state: StateFile, group: int, *, person: int) -> bool:
    """Tell whether a person is a direct member of a group now."""
    query = "select 1 from memberships where group_key = ? and person_key = ? and present = 1"
    return state.find(query, (group, person)) is not None


def insert_group(
    state: StateFile, name: str, *, new_id: str, description: str | None, parent: str | None, change: int
) -> int:
    """Insert a group inside the caller's transaction and return the row key."""
    return state.insert(
        "insert into groups (id, name, name_key, description, parent, edited, touched)"
        " values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        (new_id, name, name.casefold(), description, parent, change),
    )


def mark_deleted(state: StateFile, key: int, *, now: datetime, change: int) -> None:
    """Mark a group deleted inside the caller's transaction; its members' scope is looked at again."""
    state.run("update groups set deleted_at = ?1, edited = ?2, touched = ?2 where key = ?3",
              (timestamp(now), change, key))  # fmt: skip
    touch_members(state, key, change=change)


def touch_members(state: StateFile, key: int, *, change: int) -> None:
    """Have the next cycle look at the scope of every direct member of a group."""
    members = "select person_key from memberships where group_key = ? and present = 1"
    state.run(f"update people set touched = ? where key in ({members})", (change, key))  # noqa: S608


def put_members(state: StateFile, pairs: Iterable[tuple[int, int]], *, change: int) -> int:
    """Add (group, person) memberships inside the caller's transaction; return how many are new."""
    pairs = list(pairs)
    added = state.run_many(
        "insert into memberships (group_key, person_key, present) values (?, ?, 1)"
        " on conflict do update set present = 1 where present = 0",
        pairs,
    )
    _touch_people(state, pairs, change=change)
    return added


def drop_members(state: StateFile, pairs: Iterable[tuple[int, int]], *, change: int) -> int:
    """End (group, person) memberships inside the caller's transaction; return how many there were.

    A row that the target knows of stays until the target was told; the others go at once.
    """
    pairs = list(pairs)
    kept = state.run_many(
        "update memberships set present = 0 where group_key = ? and person_key = ? and present = 1 and sent = 1",
        pairs,
    )
    gone = state.run_many(
        "delete from memberships where group_key = ? and person_key = ? and present = 1 and sent = 0", pairs
    )
    _touch_people(state, pairs, change=change)
    return kept + gone


def _touch_people(state: StateFile, pairs: list[tuple[int, int]], *, change: int) -> None:
    people = {person for _, person in pairs}
    state.run_many("update people set touched = ? where key = ?", ((change, person) for person in people))


def _refuse_name(state: StateFile, name: str, *, besides: int) -> None:
    if not name.strip():
        raise InvalidAttribute("A group needs a name.")
    query = "select key from groups where name_key = ? and deleted_at is null and key <> ?"
    if state.find(query, (name.casefold(), besides)):
        raise NameTaken(f"Another group is already called {name!r}.")
