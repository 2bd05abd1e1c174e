"""Who is assigned to the application: people, groups, or everybody.

Only direct members of an assigned group are in scope, because Entra's provisioning does not resolve nested groups.
"""

from __future__ import annotations

from entrasim.refusals import WrongState
from entrasim.security_groups import touch_members
from entrasim.statefile import StateFile

# One expression decides scope everywhere; `p` is the row of people, `g` the row of groups.
PERSON_ASSIGNED = """(
    exists (select 1 from settings where key = 'sync_all')
    or exists (select 1 from assignments where kind = 'user' and key = p.key)
    or exists (select 1 from memberships m
               join assignments a on a.kind = 'group' and a.key = m.group_key
               join groups g on g.key = m.group_key and g.deleted_at is null
               where m.person_key = p.key and m.present = 1)
)"""
# What scoping filters (`passes`) leave of it is in scope.
PERSON_IN_SCOPE = f"(p.passes = 1 and {PERSON_ASSIGNED})"
GROUP_ASSIGNED = """(
    g.deleted_at is null and (
        exists (select 1 from settings where key = 'sync_all')
        or exists (select 1 from assignments where kind = 'group' and key = g.key))
)"""

GROUP_IN_SCOPE = f"(g.passes = 1 and {GROUP_ASSIGNED})"


def assign_all(state: StateFile) -> None:
    """Choose "sync all users and groups": whoever comes later is in scope too."""
    with state.transaction():
        state.set_setting("sync_all", "1")
        _touch_everything(state)


def assign_selected(state: StateFile) -> None:
    """Go back from "all users and groups" to those that are assigned on their own."""
    with state.transaction():
        state.set_setting("sync_all", None)
        _touch_everything(state)


def unassign_all(state: StateFile) -> None:
    """Take everybody and every group out of scope."""
    with state.transaction():
        state.set_setting("sync_all", None)
        state.run("delete from assignments")
        _touch_everything(state)


def assign_user(state: StateFile, key: int) -> None:
    """Assign one person to the application."""
    with state.transaction():
        state.run("insert or ignore into assignments values ('user', ?)", (key,))
        state.run("update people set touched = ? where key = ?", (state.next_change(), key))


def unassign_user(state: StateFile, key: int) -> None:
    """End one person's own assignment. Raises `WrongState` where there is none."""
    with state.transaction():
        _delete_assignment(state, "user", key=key)
        state.run("update people set touched = ? where key = ?", (state.next_change(), key))


def assign_group(state: StateFile, key: int) -> None:
    """Assign a group; it and its direct members come into scope."""
    with state.transaction():
        state.run("insert or ignore into assignments values ('group', ?)", (key,))
        _touch_group(state, key)


def unassign_group(state: StateFile, key: int) -> None:
    """End a group's assignment. Raises `WrongState` where there is none."""
    with state.transaction():
        _delete_assignment(state, "group", key=key)
        _touch_group(state, key)


def syncs_all(state: StateFile) -> bool:
    """Tell whether everything is in scope."""
    return state.setting("sync_all") is not None


def _delete_assignment(state: StateFile, kind: str, *, key: int) -> None:
    if not state.run("delete from assignments where kind = ? and key = ?", (kind, key)):
        raise WrongState(f"The {kind} is not assigned on its own; membership or `--all` may still hold it.")


def _touch_group(state: StateFile, key: int) -> None:
    change = state.next_change()
    state.run("update groups set touched = ? where key = ?", (change, key))
    touch_members(state, key, change=change)


def _touch_everything(state: StateFile) -> None:
    change = state.next_change()
    state.run("update people set touched = ?", (change,))
    state.run("update groups set touched = ?", (change,))
