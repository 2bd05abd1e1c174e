"""`entrasim user …`: edits of one person, as an administrator makes them in the directory."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from entrasim.clock import load_clock
from entrasim.commands.terminal import StateOption, mint, opened, say
from entrasim.entries import FIELDS, field_of_column, squash
from entrasim.people import (
    add_person,
    change_person,
    delete_person,
    find_person,
    purge_person,
    restore_person,
    set_enabled,
)
from entrasim.refusals import InvalidAttribute
from entrasim.statefile import StateFile

app = typer.Typer(help="Add, change, disable, delete one person of the directory.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Handle, user name or object id.")]
PairsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ATTRIBUTE=VALUE…", help="An empty value empties the attribute.")
]


@app.command("add")
def add(
    context: typer.Context,
    user_name: Annotated[str, typer.Argument(help="The user principal name, such as ana@contoso.example.")],
    attributes: PairsArgument = None,
    state: StateOption = None,
) -> None:
    """Add a person to the directory."""
    with opened(context, state) as file:
        fields = {**_parsed(file, attributes or []), "user_principal_name": user_name}
        manager = fields.pop("manager", None)
        person = add_person(file, fields, new_id=mint())
        if manager is not None:
            change_person(file, person.id, changes={"manager": manager})
    say(f"Added {person.name} ({person.id}).")


@app.command("set")
def set_attributes(
    context: typer.Context, name: NameArgument, attributes: PairsArgument = None, state: StateOption = None
) -> None:
    """Set attributes of a person; `manager` takes a handle."""
    if not attributes:
        raise typer.BadParameter("give at least one ATTRIBUTE=VALUE")
    with opened(context, state) as file:
        person = change_person(file, name, changes=_parsed(file, attributes))
    say(f"Changed {person.name}.")


@app.command("disable")
def disable(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Block sign-in (accountEnabled false); the next cycle sets active to False."""
    with opened(context, state) as file:
        say(f"Disabled {set_enabled(file, name, enabled=False).name}.")


@app.command("enable")
def enable(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Allow sign-in again; memberships are not sent again."""
    with opened(context, state) as file:
        say(f"Enabled {set_enabled(file, name, enabled=True).name}.")


@app.command("delete")
def delete(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Move a person to the recycle bin; the next cycle sets active to False."""
    with opened(context, state) as file:
        say(f"Moved {delete_person(file, name, now=load_clock(file)()).name} to the recycle bin.")


@app.command("restore")
def restore(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Take a person out of the recycle bin."""
    with opened(context, state) as file:
        say(f"Restored {restore_person(file, name).name}.")


@app.command("purge")
def purge(context: typer.Context, name: NameArgument, state: StateOption = None) -> None:
    """Delete a person from the recycle bin for good; the next cycle sends DELETE."""
    with opened(context, state) as file:
        say(f"Purged {purge_person(file, name, now=load_clock(file)()).name}.")


def _parsed(file: StateFile, pairs: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        field = "manager" if squash(name) == "manager" else field_of_column(name)
        if not equals or field is None:
            raise InvalidAttribute(f"{pair!r} is no ATTRIBUTE=VALUE; attributes are {', '.join(FIELDS)}, manager.")
        fields[field] = value.strip() or None
        if field == "manager" and fields[field] is not None:
            fields[field] = find_person(file, value.strip()).key
    return fields
