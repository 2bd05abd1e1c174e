"""`entrasim okta …`: rehearse Okta's client instead of Entra's, on the same directory."""

from __future__ import annotations

from typing import Annotated

import typer

from entrasim.application import load_application
from entrasim.clock import load_clock
from entrasim.commands.running import run_async
from entrasim.commands.terminal import JsonOption, StateOption, err, mint, opened, print_json, say
from entrasim.okta.bodies import Integration
from entrasim.okta.provisioning import Okta
from entrasim.outcomes import Failure
from entrasim.statefile import StateFile

app = typer.Typer(help="Okta's client on the same directory: import and push.", no_args_is_help=True)

KindOption = Annotated[Integration, typer.Option("--kind", help="A catalog (oin) or a custom (aiw) integration.")]


@app.command("import")
def take_over(
    context: typer.Context, *, kind: KindOption = Integration.OIN, json: JsonOption = False, state: StateOption = None
) -> None:
    """Read every user of the target, and link those who are in the directory."""
    with opened(context, state) as file, file.only_cycle():
        try:
            result = run_async(_okta(file, kind).import_users())
        except Failure as failure:
            err.print(f"The import failed. {failure.code}: {failure.message}", markup=False)
            raise typer.Exit(1) from failure
    if json:
        print_json(result)
        return
    say(f"{len(result.linked)} linked, {len(result.unknown)} unknown here")


@app.command("push")
def push(
    context: typer.Context, *, kind: KindOption = Integration.OIN, json: JsonOption = False, state: StateOption = None
) -> None:
    """Push people, groups and members that are due; exit 1 when something failed."""
    with opened(context, state) as file, file.only_cycle():
        result = run_async(_okta(file, kind).push())
    if json:
        print_json(result)
    else:
        say(f"{result.requests} requests, {result.tally.failures} failures")
        members = result.tally.members
        say(f"  users {result.tally.users.created} created, {result.tally.users.updated} updated, "
            f"{result.tally.users.disabled} deactivated; groups {result.tally.groups.created} created; "
            f"members {members.added} added, {members.removed} removed")  # fmt: skip
    raise typer.Exit(0 if result.ok else 1)


def _okta(file: StateFile, kind: Integration) -> Okta:
    return Okta(file, load_application(file), integration=kind, clock=load_clock(file), mint=mint)
