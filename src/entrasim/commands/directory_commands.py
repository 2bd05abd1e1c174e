"""Commands that fill the directory from files and decide who is assigned to the application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from entrasim import scope
from entrasim.clock import load_clock
from entrasim.commands.terminal import JsonOption, StateOption, mint, opened, print_json, say
from entrasim.csv_files import read_files
from entrasim.intake import Counts, import_files
from entrasim.people import find_person
from entrasim.security_groups import find_group
from entrasim.statefile import StateFile

AllOption = Annotated[bool, typer.Option("--all", help="Everybody and every group, later ones too.")]
GroupsOption = Annotated[list[str] | None, typer.Option("--group", help="A group by name; may be repeated.")]
UsersOption = Annotated[list[str] | None, typer.Option("--user", help="A person by handle or user name; repeatable.")]


def import_csv(
    context: typer.Context,
    *,
    directory: Annotated[
        Path | None, typer.Argument(help="A directory that holds users.csv, groups.csv and members.csv.")
    ] = None,
    users: Annotated[Path | None, typer.Option(help="users.csv: user_name, and handle, display_name, email, …")] = None,
    groups: Annotated[Path | None, typer.Option(help="groups.csv: group, description, parent")] = None,
    members: Annotated[Path | None, typer.Option(help="members.csv: group, handle")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Delete and remove what the files leave out.")] = False,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Take people, groups and members from CSV files; all of them, or nothing when a row is wrong."""
    if directory is not None:
        users = users or directory / "users.csv"
        groups = groups or directory / "groups.csv"
        members = members or directory / "members.csv"
    if users is None and groups is None and members is None:
        raise typer.BadParameter("give a DIRECTORY, or at least one of --users, --groups, --members")
    files = read_files(users, groups, members=members)
    with opened(context, state) as file:
        report = import_files(file, files, replace=replace, now=load_clock(file)(), mint=mint)
    if json:
        print_json(report)
        return
    for kind, counts in (("users", report.users), ("groups", report.groups), ("members", report.members)):
        say(f"{kind:8} {_spelled(counts)}")


def assign(
    context: typer.Context,
    everything: AllOption = False,
    group: GroupsOption = None,
    user: UsersOption = None,
    state: StateOption = None,
) -> None:
    """Assign people and groups to the application. Only direct members of an assigned group are in scope."""
    _refuse_nothing(everything, group, user)
    with opened(context, state) as file:
        if everything:
            scope.assign_all(file)
        group_keys, user_keys = _keys(file, group, user)
        for key in group_keys:
            scope.assign_group(file, key)
        for key in user_keys:
            scope.assign_user(file, key)
    say("Assigned. The next cycle provisions what came into scope.")


def unassign(
    context: typer.Context,
    everything: AllOption = False,
    group: GroupsOption = None,
    user: UsersOption = None,
    state: StateOption = None,
) -> None:
    """End assignments: the next cycle disables people and deletes groups that left the scope."""
    _refuse_nothing(everything, group, user)
    with opened(context, state) as file:
        if everything:
            scope.unassign_all(file)
        group_keys, user_keys = _keys(file, group, user)
        for key in group_keys:
            scope.unassign_group(file, key)
        for key in user_keys:
            scope.unassign_user(file, key)
    say("Unassigned. The next cycle disables people and deletes groups that left the scope.")


def _refuse_nothing(everything: bool, groups: list[str] | None, users: list[str] | None) -> None:
    if not (everything or groups or users):
        raise typer.BadParameter("give --all, or at least one --group or --user")


def _keys(file: StateFile, groups: list[str] | None, users: list[str] | None) -> tuple[list[int], list[int]]:
    """Look every name up before anything is changed."""
    return [find_group(file, name).key for name in groups or []], [find_person(file, n).key for n in users or []]


def _spelled(counts: Counts) -> str:
    parts = [f"{getattr(counts, name)} {name}" for name in counts.__struct_fields__ if getattr(counts, name)]
    return ", ".join(parts) or "nothing to do"
