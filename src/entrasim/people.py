"""Verbs on people: add, change, disable, enable, delete to the recycle bin, restore, purge.

Each verb is one transaction and marks what the next cycle has to look at. `now` and new ids are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from entrasim.entries import FIELDS, Person
from entrasim.refusals import InvalidAttribute, NameTaken, UnknownName, WrongState
from entrasim.statefile import StateFile

COLUMNS = ("key", "id", *FIELDS, "manager", "account_enabled", "soft_deleted_at", "purged_at")
COLUMNS += ("edited", "touched", "synced")
RECYCLE_BIN = timedelta(days=30)
# The order of preference of a name: a live person, then somebody in the recycle bin, newest first.
FIND = f"""
    select {", ".join(COLUMNS)} from people
    where purged_at is null and (handle_key = :name or upn_key = :name or id = :name)
    order by soft_deleted_at is not null, soft_deleted_at desc, key desc limit 1
"""  # noqa: S608 - constants only


def person_of(row: tuple[Any, ...]) -> Person:
    """Turn a row of `COLUMNS` into a person."""
    return Person(**dict(zip(COLUMNS, row, strict=True)))


def get_person(state: StateFile, key: int) -> Person | None:
    """Return the person of a row key, purged ones too."""
    found = state.find(f"select {', '.join(COLUMNS)} from people where key = ?", (key,))  # noqa: S608
    return None if found is None else person_of(found)


def find_person(state: StateFile, name: str) -> Person:
    """Return the person whose handle, user principal name or object id is `name`. Raises `UnknownName`."""
    found = state.find(FIND, {"name": name.casefold()})
    if found is None:
        raise UnknownName(f"Nobody in the directory is called {name!r}.")
    return person_of(found)


def add_person(state: StateFile, fields: Mapping[str, str | None], *, new_id: str) -> Person:
    """Add somebody; `fields` needs `user_principal_name`. Raises `NameTaken`, `InvalidAttribute`."""
    fields = complete(fields)
    with state.transaction():
        _refuse_taken(state, fields, besides=0)
        key = insert_person(state, fields, new_id=new_id, change=state.next_change())
    person = get_person(state, key)
    assert person is not None
    return person


def change_person(state: StateFile, name: str, *, changes: Mapping[str, Any]) -> Person:
    """Set attributes of somebody; None empties one, `manager` takes a row key.

    Raises `UnknownName`, `NameTaken`, `InvalidAttribute`.
    """
    with state.transaction():
        person = find_person(state, name)
        for field in ("handle", "user_principal_name"):
            if field in changes and not changes[field]:
                raise InvalidAttribute(f"The attribute {field} cannot be empty.")
        if changes.get("manager") == person.key:
            raise InvalidAttribute("Nobody is their own manager.")
        _refuse_taken(state, changes, besides=person.key)
        differing = {field: value for field, value in changes.items() if getattr(person, field) != value}
        if differing:
            update_person(state, person.key, changes=differing, change=state.next_change())
    return find_person(state, person.id)


def set_enabled(state: StateFile, name: str, *, enabled: bool) -> Person:
    """Block or allow sign-in (`accountEnabled`). Raises `UnknownName`, `WrongState`."""
    person = _in_directory(state, name)
    return change_person(state, person.id, changes={"account_enabled": int(enabled)})


def delete_person(state: StateFile, name: str, *, now: datetime) -> Person:
    """Move somebody to the recycle bin. Raises `UnknownName`, `WrongState`."""
    person = _in_directory(state, name)
    return change_person(state, person.id, changes={"soft_deleted_at": timestamp(now)})


def restore_person(state: StateFile, name: str) -> Person:
    """Take somebody out of the recycle bin. Raises `UnknownName`, `WrongState`, `NameTaken`."""
    person = find_person(state, name)
    if person.soft_deleted_at is None:
        raise WrongState(f"{person.name} is not in the recycle bin.")
    _refuse_taken(state, {field: getattr(person, field) for field in ("handle", "user_principal_name")},
                  besides=person.key)  # fmt: skip
    return change_person(state, person.id, changes={"soft_deleted_at": None})


def purge_person(state: StateFile, name: str, *, now: datetime) -> Person:
    """Delete somebody from the recycle bin for good, as Entra does after 30 days.

    Raises `UnknownName`, and `WrongState` for somebody who was not deleted before.
    """
    with state.transaction():
        person = find_person(state, name)
        if person.soft_deleted_at is None:
            raise WrongState(f"{person.name} must be deleted before they can be purged.")
        change = state.next_change()
        state.run("update people set manager = null, edited = ?1, touched = ?1 where manager = ?2",
                  (change, person.key))  # fmt: skip
        update_person(state, person.key, changes={"purged_at": timestamp(now)}, change=change)
    return person


def purge_expired(state: StateFile, *, now: datetime) -> int:
    """Purge everybody who has been in the recycle bin for 30 days; return how many."""
    oldest = timestamp(now - RECYCLE_BIN)
    rows = state.rows("select id from people where purged_at is null and soft_deleted_at <= ? order by key", (oldest,))
    for (person,) in rows:
        purge_person(state, person, now=now)
    return len(rows)


def next_expiry(state: StateFile) -> datetime | None:
    """Return when the next person leaves the recycle bin for good."""
    (first,) = state.row("select min(soft_deleted_at) from people where purged_at is null")
    return None if first is None else datetime.fromisoformat(first) + RECYCLE_BIN


def timestamp(now: datetime) -> str:
    """Spell a UTC time for the state file, with milliseconds."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def complete(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Fill in what a new person needs: the handle from the user name, the display name from the names.

    Raises `InvalidAttribute` without a user name.
    """
    upn = fields.get("user_principal_name")
    if not upn:
        raise InvalidAttribute("A person needs a user name.")
    handle = fields.get("handle") or upn.partition("@")[0] or upn
    full_name = " ".join(part for part in (fields.get("given_name"), fields.get("surname")) if part)
    return {**fields, "handle": handle, "display_name": fields.get("display_name") or full_name or handle}


def insert_person(state: StateFile, fields: Mapping[str, Any], *, new_id: str, change: int) -> int:
    """Insert a completed person inside the caller's transaction and return the row key."""
    values = {**_with_keys(fields), "id": new_id, "edited": change, "touched": change}
    marks = ", ".join("?" * len(values))
    return state.insert(f"insert into people ({', '.join(values)}) values ({marks})", tuple(values.values()))  # noqa: S608


def update_person(state: StateFile, key: int, *, changes: Mapping[str, Any], change: int) -> None:
    """Set columns of a person inside the caller's transaction."""
    values = {**_with_keys(changes), "edited": change, "touched": change}
    columns = ", ".join(f"{column} = ?" for column in values)
    state.run(f"update people set {columns} where key = ?", (*values.values(), key))  # noqa: S608


def _with_keys(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    if values.get("handle"):
        values["handle_key"] = values["handle"].casefold()
    if values.get("user_principal_name"):
        values["upn_key"] = values["user_principal_name"].casefold()
    return values


def _in_directory(state: StateFile, name: str) -> Person:
    person = find_person(state, name)
    if person.soft_deleted_at is not None:
        raise WrongState(f"{person.name} is in the recycle bin.")
    return person


def _refuse_taken(state: StateFile, fields: Mapping[str, Any], *, besides: int) -> None:
    for field, column in (("handle", "handle_key"), ("user_principal_name", "upn_key")):
        value = fields.get(field)
        query = f"select key from people where {column} = ? and soft_deleted_at is null and purged_at is null"  # noqa: S608
        if value and any(key != besides for (key,) in state.rows(query, (value.casefold(),))):
            raise NameTaken(f"Somebody else already has the {field.replace('_', ' ')} {value!r}.")
