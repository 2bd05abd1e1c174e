"""Links between directory objects and target resources, and what is still due to be told to the target.

Statements only, each inside the caller's transaction where it writes. `scope` says who is assigned; the rules of
what follows from that are in `job`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrasim.entries import Group, Person
from entrasim.people import COLUMNS as PERSON_COLUMNS
from entrasim.people import person_of
from entrasim.scope import GROUP_ASSIGNED, GROUP_IN_SCOPE, PERSON_ASSIGNED, PERSON_IN_SCOPE
from entrasim.security_groups import COLUMNS as GROUP_COLUMNS
from entrasim.security_groups import group_of
from entrasim.statefile import StateFile

_PERSON = ", ".join(f"p.{column}" for column in PERSON_COLUMNS)
_GROUP = ", ".join(f"g.{column}" for column in GROUP_COLUMNS)
# Constants only; values are bound.
_USER_SUBJECT = f"""
    select {_PERSON}, {PERSON_ASSIGNED}, p.passes, p.tried, l.target_id, l.in_scope, l.disabled
    from people p left join user_links l on l.person_key = p.key where p.key = ?
"""  # noqa: S608
_GROUP_SUBJECT = f"""
    select {_GROUP}, {GROUP_ASSIGNED}, g.passes, g.tried, l.target_id
    from groups g left join group_links l on l.group_key = g.key where g.key = ?
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class UserSubject:
    """A person as the cycle sees them: assigned and let through by the filters now or not, linked or not.

    `tried`: a create was sent whose answer was perhaps never seen. `was_in_scope` is how they were when last looked
    at, `told_disabled` what the target was told.
    """

    person: Person
    assigned: bool
    passes: bool
    tried: bool
    target_id: str | None
    was_in_scope: bool
    told_disabled: bool

    @property
    def in_scope(self) -> bool:
        """True for who is assigned and let through by the scoping filters."""
        return self.assigned and self.passes

    @property
    def soft_deleted(self) -> bool:
        """Entra's IsSoftDeleted: out of scope, disabled, or in the recycle bin."""
        return not (self.in_scope and self.person.active)

    @property
    def edited(self) -> bool:
        """True when an attribute changed since the target was last in line."""
        return self.person.edited > self.person.synced


@dataclass(frozen=True, slots=True)
class GroupSubject:
    """A group as the cycle sees it; `tried` as of a person."""

    group: Group
    assigned: bool
    passes: bool
    tried: bool
    target_id: str | None

    @property
    def in_scope(self) -> bool:
        """True for what is assigned and let through by the scoping filters."""
        return self.assigned and self.passes

    @property
    def edited(self) -> bool:
        """True when an attribute changed since the target was last in line."""
        return self.group.edited > self.group.synced


@dataclass(frozen=True, slots=True)
class Reference:
    """A manager reference that is due: target ids of the report and the manager, and what the target was told."""

    person: int
    target_id: str
    told: str | None
    manager: int | None
    manager_target: str | None


@dataclass(frozen=True, slots=True)
class DueMember:
    """A member that the target has to be told about, by row key and target id."""

    person: int
    target_id: str


def load_user(state: StateFile, key: int) -> UserSubject:
    """Return a person with assignment and link."""
    *columns, assigned, passes, tried, target_id, in_scope, disabled = state.row(_USER_SUBJECT, (key,))
    person = person_of(tuple(columns))
    return UserSubject(person, bool(assigned), bool(passes), bool(tried), target_id, bool(in_scope), bool(disabled))


def load_group(state: StateFile, key: int) -> GroupSubject:
    """Return a group with assignment and link."""
    *columns, assigned, passes, tried, target_id = state.row(_GROUP_SUBJECT, (key,))
    return GroupSubject(group_of(tuple(columns)), bool(assigned), bool(passes), bool(tried), target_id)


def users_due(state: StateFile, cycle: int) -> list[int]:
    """Return the people that a cycle has to look at; whoever is in escrow and did not change waits."""
    rows = state.rows(
        "select key from people where touched > synced and not exists (select 1 from escrows e where e.kind = 'user'"
        " and e.key = people.key and e.due_cycle > ? and e.change >= people.touched) order by key",
        (cycle,),
    )
    return [key for (key,) in rows]


def groups_due(state: StateFile, cycle: int) -> list[int]:
    """Return the groups that a cycle has to look at; what is in escrow and did not change waits."""
    rows = state.rows(
        "select key from groups where touched > synced and not exists (select 1 from escrows e where e.kind = 'group'"
        " and e.key = groups.key and e.due_cycle > ? and e.change >= groups.touched) order by key",
        (cycle,),
    )
    return [key for (key,) in rows]


def anything_due(state: StateFile) -> bool:
    """Tell whether a cycle would find anything to look at."""
    (due,) = state.row(
        "select exists (select 1 from people where touched > synced)"
        " or exists (select 1 from groups where touched > synced)"
        " or exists (select 1 from user_links where manager_due = 1)"
        " or exists (select 1 from memberships m join user_links u on u.person_key = m.person_key"
        "  join group_links l on l.group_key = m.group_key where m.present <> m.sent)"
    )
    return bool(due)


def settle_what_needs_nothing(state: StateFile) -> None:
    """Settle every object that is due but needs no request, in a handful of statements.

    That is who is neither assigned nor linked, who was told to be out of scope already, and who is only due because
    an assignment or membership moved that changes nothing for them.
    """
    state.run(
        f"update people as p set synced = touched where touched > synced and purged_at is null and ("  # noqa: S608
        f" tried = 0 and not {PERSON_IN_SCOPE} and not exists"
        "  (select 1 from user_links l where l.person_key = p.key and l.in_scope = 1)"
        f" or edited <= synced and {PERSON_IN_SCOPE} and exists"
        "  (select 1 from user_links l where l.person_key = p.key and l.in_scope = 1))"
    )
    state.run(
        f"update groups as g set synced = touched where touched > synced and deleted_at is null and ("  # noqa: S608
        f" tried = 0 and not {GROUP_IN_SCOPE} and not exists (select 1 from group_links l where l.group_key = g.key)"
        f" or edited <= synced and {GROUP_IN_SCOPE} and exists"
        "  (select 1 from group_links l where l.group_key = g.key))"
    )
    for kind, table in (("user", "people"), ("group", "groups")):
        due = f"select 1 from {table} t where t.key = escrows.key and t.touched > t.synced"  # noqa: S608
        state.run(f"delete from escrows where kind = ? and not exists ({due})", (kind,))  # noqa: S608


def mark_everything_due(state: StateFile) -> None:
    """Have the next cycle evaluate every object and reference again; links stay."""
    state.run("update people set synced = 0")
    state.run("update groups set synced = 0")
    state.run("delete from escrows")
    state.run("delete from memberships where present = 0 and sent = 0")
    state.run("update memberships set sent = 0 where present = 1")


def save_user(state: StateFile, subject: UserSubject, *, target_id: str) -> None:
    """Link a person to a resource that is now in line, and have the reference phase look at the manager."""
    state.run(
        "insert into user_links (person_key, target_id, in_scope, manager_due, disabled) values (?1, ?2, ?3, ?3, ?4)"
        " on conflict do update set target_id = ?2, in_scope = ?3, manager_due = max(manager_due, ?3), disabled = ?4",
        (subject.person.key, target_id, int(subject.in_scope), int(subject.soft_deleted)),
    )
    settle_user(state, subject.person)


def link_user(state: StateFile, subject: UserSubject, *, target_id: str) -> None:
    """Link a person to a resource that was found, without saying that it is in line."""
    state.run(
        "insert into user_links (person_key, target_id, in_scope, manager_due) values (?1, ?2, ?3, 0)"
        " on conflict do update set target_id = ?2, in_scope = ?3",
        (subject.person.key, target_id, int(subject.in_scope)),
    )


def settle_user(state: StateFile, person: Person) -> None:
    """Say that the target is in line with everything that was known of a person when they were loaded."""
    state.run("update people set synced = ?, tried = 0 where key = ?", (person.touched, person.key))
    state.run("delete from escrows where kind = 'user' and key = ?", (person.key,))


def try_person(state: StateFile, key: int) -> None:
    """Remember, in a transaction of its own, that a create is about to be sent whose answer may never be seen."""
    with state.transaction():
        state.run("update people set tried = 1 where key = ?", (key,))


def try_group(state: StateFile, key: int) -> None:
    """Remember, in a transaction of its own, that a create is about to be sent whose answer may never be seen."""
    with state.transaction():
        state.run("update groups set tried = 1 where key = ?", (key,))


def stands_for_another(state: StateFile, target_id: str) -> bool:
    """Tell whether somebody or some group is linked to a resource."""
    query = "select 1 from user_links where target_id = ?1 union all select 1 from group_links where target_id = ?1"
    return state.find(query, (target_id,)) is not None


def drop_user_link(state: StateFile, key: int) -> None:
    """Forget which resource stands for a person; what was told about their memberships is void with it."""
    state.run("delete from user_links where person_key = ?", (key,))
    state.run("delete from memberships where person_key = ? and present = 0", (key,))
    state.run("update memberships set sent = 0 where person_key = ? and sent = 1", (key,))


def forget_person(state: StateFile, key: int) -> None:
    """Remove a purged person and everything about them."""
    state.run("delete from user_links where person_key = ?", (key,))
    state.run("delete from memberships where person_key = ?", (key,))
    state.run("delete from assignments where kind = 'user' and key = ?", (key,))
    state.run("delete from escrows where kind = 'user' and key = ?", (key,))
    state.run("delete from people where key = ?", (key,))


def save_group(state: StateFile, group: Group, *, target_id: str) -> None:
    """Link a group to a resource that is now in line."""
    state.run("insert or replace into group_links values (?, ?)", (group.key, target_id))
    settle_group(state, group)


def settle_group(state: StateFile, group: Group) -> None:
    """Say that the target is in line with everything that was known of a group when it was loaded."""
    state.run("update groups set synced = ?, tried = 0 where key = ?", (group.touched, group.key))
    state.run("delete from escrows where kind = 'group' and key = ?", (group.key,))


def drop_group_link(state: StateFile, key: int) -> None:
    """Forget which resource stands for a group; what was told about its members is void with it."""
    state.run("delete from group_links where group_key = ?", (key,))
    state.run("delete from memberships where group_key = ? and present = 0", (key,))
    state.run("update memberships set sent = 0 where group_key = ? and sent = 1", (key,))


def forget_group(state: StateFile, key: int) -> None:
    """Remove a deleted group and everything about it."""
    state.run("delete from group_links where group_key = ?", (key,))
    state.run("delete from memberships where group_key = ?", (key,))
    state.run("delete from assignments where kind = 'group' and key = ?", (key,))
    state.run("delete from escrows where kind = 'group' and key = ?", (key,))
    state.run("delete from groups where key = ?", (key,))


def managers_due(state: StateFile) -> list[Reference]:
    """Return the manager references that the reference phase has to look at."""
    rows = state.rows(
        "select l.person_key, l.target_id, l.manager, p.manager, m.target_id from user_links l"
        " join people p on p.key = l.person_key left join user_links m on m.person_key = p.manager"
        " where l.manager_due = 1 order by l.person_key"
    )
    return [Reference(*row) for row in rows]


def save_manager(state: StateFile, person: int, *, told: str | None) -> None:
    """Keep what the target now holds as a person's manager; the reference is settled."""
    state.run("update user_links set manager = ?, manager_due = 0 where person_key = ?", (told, person))


def groups_with_members_due(state: StateFile) -> list[tuple[int, str]]:
    """Return linked groups with memberships to tell, as row key and target id."""
    rows = state.rows(
        "select l.group_key, l.target_id from group_links l where exists ("
        " select 1 from memberships m join user_links u on u.person_key = m.person_key"
        " where m.group_key = l.group_key and m.present <> m.sent) order by l.group_key"
    )
    return [(key, target) for key, target in rows]


def members_due(state: StateFile, group: int, *, adding: bool) -> list[DueMember]:
    """Return the linked members of a group that have to be added, or removed; the others wait for their link."""
    rows = state.rows(
        "select m.person_key, u.target_id from memberships m join user_links u on u.person_key = m.person_key"
        " where m.group_key = ? and m.present <> m.sent and m.present = ? order by m.person_key",
        (group, int(adding)),
    )
    return [DueMember(*row) for row in rows]


def present_members(state: StateFile, group: int) -> list[DueMember]:
    """Return every linked member that a group has now."""
    rows = state.rows(
        "select m.person_key, u.target_id from memberships m join user_links u on u.person_key = m.person_key"
        " where m.group_key = ? and m.present = 1 order by m.person_key",
        (group,),
    )
    return [DueMember(*row) for row in rows]


def save_members(state: StateFile, group: int, *, members: Sequence[DueMember], added: bool) -> None:
    """Keep that the target was told about members that were added, or removed."""
    pairs = [(group, member.person) for member in members]
    if added:  # a row that went meanwhile comes back as one to remove
        state.run_many("insert into memberships values (?, ?, 0, 1) on conflict do update set sent = 1", pairs)
        return
    state.run_many("update memberships set sent = 0 where group_key = ? and person_key = ?", pairs)
    state.run_many("delete from memberships where group_key = ? and person_key = ? and present = 0 and sent = 0", pairs)


def reevaluate_person(state: StateFile, key: int) -> None:
    """Have the next cycle read a person's resource again, because the target does not seem to know it."""
    state.run("update people set edited = ?1, touched = ?1 where key = ?2", (state.next_change(), key))


def reevaluate_group(state: StateFile, key: int) -> None:
    """Have the next cycle read a group's resource again, because the target does not seem to know it."""
    state.run("update groups set edited = ?1, touched = ?1 where key = ?2", (state.next_change(), key))
