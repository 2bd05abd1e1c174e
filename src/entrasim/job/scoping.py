"""Scoping filters at work: which objects they let through, worked out for everything that is due."""

from __future__ import annotations

from entrasim.configuration import Configuration
from entrasim.filters import passes
from entrasim.flows import group_source, user_source
from entrasim.people import COLUMNS as PERSON_COLUMNS
from entrasim.people import person_of
from entrasim.security_groups import COLUMNS as GROUP_COLUMNS
from entrasim.security_groups import group_of
from entrasim.statefile import StateFile


def filter_what_is_due(state: StateFile, configuration: Configuration) -> None:
    """Work out `passes` of every object that is due, inside the caller's transaction."""
    _filter_people(state, configuration)
    _filter_groups(state, configuration)


def _filter_people(state: StateFile, configuration: Configuration) -> None:
    filters = configuration.users.filters
    if not filters:
        state.run("update people set passes = 1 where passes = 0")
        return
    rows = state.rows(f"select {', '.join(PERSON_COLUMNS)} from people where touched > synced")  # noqa: S608
    people = [person_of(row) for row in rows]
    judged = ((int(passes(filters, user_source(one, soft_deleted=not one.active))), one.key) for one in people)
    state.run_many("update people set passes = ? where key = ?", judged)


def _filter_groups(state: StateFile, configuration: Configuration) -> None:
    filters = configuration.groups.filters
    if not filters:
        state.run("update groups set passes = 1 where passes = 0")
        return
    rows = state.rows(f"select {', '.join(GROUP_COLUMNS)} from groups where touched > synced")  # noqa: S608
    groups = [group_of(row) for row in rows]
    judged = ((int(passes(filters, group_source(one))), one.key) for one in groups)
    state.run_many("update groups set passes = ? where key = ?", judged)
