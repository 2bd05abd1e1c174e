"""Bring the directory in line with CSV files: joiners, movers and leavers in one transaction, or nothing at all.

People are recognised by handle, groups by name. Without `replace` the files only add and change; with it, what the
given files leave out is soft-deleted (people), deleted (groups) or removed (memberships).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from entrasim.csv_files import Files, GroupRow, PersonRow, Place
from entrasim.entries import Group, Person
from entrasim.people import COLUMNS as PERSON_COLUMNS
from entrasim.people import complete, insert_person, person_of, timestamp, update_person
from entrasim.refusals import ImportRefused
from entrasim.security_groups import COLUMNS as GROUP_COLUMNS
from entrasim.security_groups import drop_members, group_of, insert_group, mark_deleted, put_members
from entrasim.statefile import StateFile


class Counts(msgspec.Struct):
    """How many objects of one kind an import moved, and how."""

    added: int = 0
    updated: int = 0
    restored: int = 0
    removed: int = 0
    unchanged: int = 0


class ImportReport(msgspec.Struct):
    """What an import did."""

    users: Counts = msgspec.field(default_factory=Counts)
    groups: Counts = msgspec.field(default_factory=Counts)
    members: Counts = msgspec.field(default_factory=Counts)


def import_files(
    state: StateFile, files: Files, *, replace: bool, now: datetime, mint: Callable[[], str]
) -> ImportReport:
    """Take the files into the directory. `mint` makes object ids. Raises `ImportRefused` and then takes nothing."""
    if files.problems:
        raise ImportRefused(files.problems)
    with state.transaction():
        intake = _Intake(state, now=now, mint=mint)
        if replace and files.people is not None:
            intake.drop_people_besides(files.people)  # first: a joiner may get a leaver's user name
        intake.take_people(files.people or [])
        intake.take_groups(files.groups or [])
        intake.take_members(files)
        if replace:
            intake.drop_groups_and_members_besides(files)
        if intake.problems:
            raise ImportRefused(intake.problems)
    return intake.report


class _Intake:
    """One import inside one transaction: what the directory held, what is wrong, what was done."""

    def __init__(self, state: StateFile, *, now: datetime, mint: Callable[[], str]) -> None:
        self.state, self.now, self.mint = state, now, mint
        self.change = state.next_change()
        self.report = ImportReport()
        self.problems: list[str] = []
        self.people = _people_by_handle(state)
        self.groups = _groups_by_name(state)
        self.upns = {p.user_principal_name.casefold(): p.key for p in self.people.values() if not _is_gone(p)}
        self.listed_groups: set[int] = set()
        self.listed_members: set[tuple[int, int]] = set()

    def take_people(self, rows: list[PersonRow]) -> None:
        # User names that move from one person to another within the files free themselves first.
        for row in rows:
            known = self.people.get(row.handle.casefold())
            if known is not None and self.upns.get(known.user_principal_name.casefold()) == known.key:
                del self.upns[known.user_principal_name.casefold()]
        self._park_moving_user_names(rows)
        keys = [(row, self._take_person(row)) for row in rows]
        for row, key in keys:
            if row.names_manager and key:
                self._set_manager(row, key)

    def _park_moving_user_names(self, rows: list[PersonRow]) -> None:
        """Step aside for swaps: the unique index on user names is checked row by row."""
        for row in rows:
            known = self.people.get(row.handle.casefold())
            upn = row.fields["user_principal_name"]
            if known is not None and upn is not None and upn.casefold() != known.user_principal_name.casefold():
                self.state.run("update people set upn_key = id where key = ?", (known.key,))

    def _take_person(self, row: PersonRow) -> int:
        upn = str(row.fields["user_principal_name"]).casefold()
        if upn in self.upns:
            self._refuse(row.place, f"user_name {row.fields['user_principal_name']!r} belongs to somebody else")
            return 0
        known = self.people.get(row.handle.casefold())
        key = self._add_person(row) if known is None else self._change_person(row, known)
        self.upns[upn] = key
        return key

    def _add_person(self, row: PersonRow) -> int:
        fields: dict[str, Any] = dict(complete(row.fields))
        if row.enabled is not None:
            fields["account_enabled"] = row.enabled
        new_id = self.mint()
        key = insert_person(self.state, fields, new_id=new_id, change=self.change)
        self.report.users.added += 1
        self.people[row.handle.casefold()] = Person(key=key, id=new_id, **fields)
        return key

    def _change_person(self, row: PersonRow, known: Person) -> int:
        wanted: dict[str, Any] = dict(row.fields)
        if "display_name" in wanted or not known.display_name:
            wanted["display_name"] = complete(row.fields)["display_name"]
        if row.enabled is not None:
            wanted["account_enabled"] = row.enabled
        changes = {name: value for name, value in wanted.items() if getattr(known, name) != value}
        if _is_gone(known):
            update_person(self.state, known.key, changes={**wanted, "soft_deleted_at": None}, change=self.change)
            self.report.users.restored += 1
        elif changes:
            update_person(self.state, known.key, changes=changes, change=self.change)
            self.report.users.updated += 1
        else:
            self.report.users.unchanged += 1
        return known.key

    def _set_manager(self, row: PersonRow, key: int) -> None:
        manager = self.people.get(row.manager.casefold()) if row.manager else None
        if row.manager and manager is None:
            self._refuse(row.place, f"manager {row.manager!r} is nobody's handle")
        elif manager is not None and manager.key == key:
            self._refuse(row.place, f"{row.handle!r} cannot be their own manager")
        else:
            wanted = manager.key if manager else None
            self.state.run(
                "update people set manager = ?1, edited = ?2, touched = ?2 where key = ?3 and manager is not ?1",
                (wanted, self.change, key),
            )

    def take_groups(self, rows: list[GroupRow]) -> None:
        named = {row.name.casefold() for row in rows} | self.groups.keys()
        for row in rows:
            if row.parent and row.parent.casefold() not in named:
                self._refuse(row.place, f"parent {row.parent!r} is no group")
            known = self.groups.get(row.name.casefold())
            self.listed_groups.add(self._add_group(row) if known is None else self._change_group(row, known))

    def _add_group(self, row: GroupRow) -> int:
        new_id = self.mint()
        key = insert_group(self.state, row.name, new_id=new_id, description=row.description,
                           parent=row.parent, change=self.change)  # fmt: skip
        self.groups[row.name.casefold()] = Group(key=key, id=new_id, name=row.name)
        self.report.groups.added += 1
        return key

    def _change_group(self, row: GroupRow, known: Group) -> int:
        if (known.name, known.description, known.parent) == (row.name, row.description, row.parent):
            self.report.groups.unchanged += 1
            return known.key
        self.state.run(
            "update groups set name = ?1, description = ?2, parent = ?3, edited = ?4, touched = ?4 where key = ?5",
            (row.name, row.description, row.parent, self.change, known.key),
        )
        self.report.groups.updated += 1
        return known.key

    def take_members(self, files: Files) -> None:
        for row in files.members or []:
            group, person = self.groups.get(row.group.casefold()), self.people.get(row.handle.casefold())
            if group is None:
                self._refuse(row.place, f"group {row.group!r} is unknown")
            if person is None:
                self._refuse(row.place, f"handle {row.handle!r} is unknown")
            if group is not None and person is not None:
                self.listed_members.add((group.key, person.key))
        present = set(self.state.rows("select group_key, person_key from memberships where present = 1"))
        new = self.listed_members - present
        put_members(self.state, new, change=self.change)
        self.report.members.added += len(new)
        self.report.members.unchanged += len(self.listed_members) - len(new)

    def drop_people_besides(self, rows: list[PersonRow]) -> None:
        listed = {row.handle.casefold() for row in rows}
        for handle, person in self.people.items():
            if handle not in listed and not _is_gone(person):
                gone = {"soft_deleted_at": timestamp(self.now)}
                update_person(self.state, person.key, changes=gone, change=self.change)
                self.upns.pop(person.user_principal_name.casefold(), None)
                self.report.users.removed += 1

    def drop_groups_and_members_besides(self, files: Files) -> None:
        if files.members is not None:
            present = self.state.rows("select group_key, person_key from memberships where present = 1")
            absent = set(present) - self.listed_members
            drop_members(self.state, absent, change=self.change)
            self.report.members.removed += len(absent)
        if files.groups is not None:
            for group in self.groups.values():
                if group.key not in self.listed_groups:
                    mark_deleted(self.state, group.key, now=self.now, change=self.change)
                    self.report.groups.removed += 1

    def _refuse(self, place: Place, problem: str) -> None:
        self.problems.append(place.says(problem))


def _is_gone(person: Person) -> bool:
    return person.soft_deleted_at is not None


def _people_by_handle(state: StateFile) -> dict[str, Person]:
    """Everybody by handle; where several share one, the live person wins, then the newest in the recycle bin."""
    order = "soft_deleted_at is null, soft_deleted_at, key"
    query = f"select {', '.join(PERSON_COLUMNS)} from people where purged_at is null order by {order}"  # noqa: S608
    return {person.handle.casefold(): person for person in map(person_of, state.rows(query))}


def _groups_by_name(state: StateFile) -> dict[str, Group]:
    query = f"select {', '.join(GROUP_COLUMNS)} from groups where deleted_at is null"  # noqa: S608
    return {group.name.casefold(): group for group in map(group_of, state.rows(query))}
