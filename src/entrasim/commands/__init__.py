"""The command `entrasim`: arguments in, service calls, text or JSON out. No rule lives here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from entrasim.commands import (
    clock_commands,
    conformance_commands,
    control_commands,
    directory_commands,
    fault_commands,
    group_commands,
    job_commands,
    okta_commands,
    rule_commands,
    saml_commands,
    user_commands,
)

app = typer.Typer(
    name="entrasim",
    help="A local stand-in for the provisioning service of Microsoft Entra ID.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def choose_state(
    context: typer.Context,
    state: Annotated[
        Path | None,
        typer.Option("--state", envvar="ENTRASIM_STATE", help="The state file; also accepted after the command."),
    ] = None,
) -> None:
    """A local stand-in for the provisioning service of Microsoft Entra ID."""
    context.obj = state


app.command("import")(directory_commands.import_csv)
app.command("connect")(job_commands.connect_application)
app.command("test-connection")(job_commands.try_connection)
app.command("assign")(directory_commands.assign)
app.command("unassign")(directory_commands.unassign)
app.command("cycle")(job_commands.cycle)
app.command("start")(control_commands.start)
app.command("stop")(control_commands.stop)
app.command("restart")(control_commands.restart)
app.command("allow-deletes")(control_commands.allow_deletes)
app.command("settings")(rule_commands.settings)
app.command("conformance")(conformance_commands.conformance)
app.command("serve")(control_commands.serve_pages)
app.command("on-demand")(job_commands.on_demand)
app.command("log")(job_commands.log)
app.command("show")(job_commands.show)
app.add_typer(user_commands.app, name="user")
app.add_typer(group_commands.app, name="group")
app.add_typer(clock_commands.app, name="clock")
app.add_typer(saml_commands.app, name="saml")
app.add_typer(rule_commands.mapping_app, name="mapping")
app.add_typer(rule_commands.filter_app, name="filter")
app.add_typer(fault_commands.app, name="fault")
app.add_typer(okta_commands.app, name="okta")
