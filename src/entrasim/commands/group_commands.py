"""`entrasim group …`: edits of one group and its direct members."""

from __future__ import annotations

from typing import Annotated

import typer

from entrasim.clock import load_clock
from entrasim.commands.terminal import StateOption, mint, opened, say
from entrasim.people import find_person
from entrasim.security_groups import add_group, add_member, delete_group, find_group, remove_member, rename_group

app = typer.Typer(help="Add, rename, delete one group and change its members.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Name or object id of the group.")]
MembersArgument = Annotated[list[str], typer.Argument(help="Handles, user names or object ids.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the new group.")],
    description: Annotated[str | None, typer.Option(help="What the group is for; stays in the directory.")] = None,
    state: StateOption = None,
) -> None:
    """Add an empty group."""
    with opened(context, state) as file:
        group = add_group(file, name, new_id=mint(), description=description)
    say(f"Added {group.name} ({group.id}).")


@app.command("rename")
def rename(
    context: typer.Context,
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(help="The new name.")],
    state: StateOption = None,
) -> None:
    """Give a group another name."""
    with opened(context, state) as file:
        say(f"Renamed to {rename_group(file, name, new_name=new_name).name}.")


@app.command("delete")
def delete(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Delete a group; the next cycle sends DELETE."""
    with opened(context, state) as file:
        say(f"Deleted {delete_group(file, name, now=load_clock(file)()).name}.")


@app.command("add-member")
def add_members(
    context: typer.Context, name: NameArgument, members: MembersArgument, state: StateOption = None
) -> None:
    """Make people direct members of a group."""
    with opened(context, state) as file:
        group = find_group(file, name)
        people = [find_person(file, member) for member in members]
        for person in people:
            new = add_member(file, group.key, person=person.key)
            say(f"{person.name} {'is now' if new else 'was already'} a member of {group.name}.")


@app.command("remove-member")
def remove_members(
    context: typer.Context, name: NameArgument, members: MembersArgument, state: StateOption = None
) -> None:
    """End direct memberships."""
    with opened(context, state) as file:
        group = find_group(file, name)
        people = [find_person(file, member) for member in members]
        for person in people:
            gone = remove_member(file, group.key, person=person.key)
            say(f"{person.name} {'is no longer' if gone else 'was not'} a member of {group.name}.")
