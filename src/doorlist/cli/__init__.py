"""The command line. Commands translate options into verbs of the service and answers into text or JSON.

The table names every command with the line that help shows, so that help imports no command. A command module has
either `app`, a typer application of sub-commands, or `command`, the function of a single one. Every refusal becomes
text on standard error and exit code 1 here, in one place.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from doorlist.errors import Refusal

COMMANDS: Final = {
    "demo": ("doorlist.cli.demo_command", "Bring a sample company in and stay up to be explored."),
    "walkthrough": ("doorlist.cli.walkthrough_command", "Go through the acceptance list, then stop everything."),
    "serve": ("doorlist.cli.serve", "Serve SCIM and everything else until stopped."),
    "console": ("doorlist.cli.console_command", "Print a link that opens the console as the operator."),
    "org": ("doorlist.cli.org_commands", "Create and show organizations, change their plan and settings."),
    "token": ("doorlist.cli.token_commands", "Create, list, rotate and revoke the tokens of a directory."),
    "webhook": ("doorlist.cli.webhook_commands", "Tell other programs of what happens, and see how that goes."),
    "connection": ("doorlist.cli.connection_commands", "Pause, resume, show and set the connection of a directory."),
    "schema": ("doorlist.cli.schema_commands", "Declare, list, show and remove schemas of an organization."),
    "key": ("doorlist.cli.key_commands", "Create, list and revoke the keys of programs."),
    "saml": ("doorlist.cli.saml_commands", "Set up sign-in by SAML; show the sign-in log."),
    "signin": ("doorlist.cli.signin_commands", "Invite people to a local sign-in, help those who lost it."),
    "session": ("doorlist.cli.session_commands", "List who is signed in, and end it."),
    "domain": ("doorlist.cli.domain_commands", "Say whose people sign in where."),
    "people": ("doorlist.cli.people_commands", "List people, set their roles, block them."),
    "group": ("doorlist.cli.group_commands", "List groups, their members and where they are granted."),
    "workspace": ("doorlist.cli.workspace_commands", "Create, list and upgrade workspaces."),
    "folder": ("doorlist.cli.folder_commands", "Create folders in a workspace."),
    "place": ("doorlist.cli.place_commands", "Archive, delete and restore workspaces and folders."),
    "project": ("doorlist.cli.project_commands", "List, create, rename and delete the projects of a folder."),
    "task": ("doorlist.cli.task_commands", "List, create, tick and delete the tasks of a project."),
    "access": ("doorlist.cli.access_commands", "Show and export who reaches what, grant and take away."),
    "attention": ("doorlist.cli.attention_commands", "Show and decide what waits for an administrator."),
    "conflicts": ("doorlist.cli.conflict_commands", "Show what a directory could not write, and why."),
    "audit": ("doorlist.cli.audit_commands", "List, seal and verify the audit log."),
    "log": ("doorlist.cli.log_command", "Show what a directory asked and how it was answered."),
    "import": ("doorlist.cli.import_commands", "Import workspaces, folders and grants from files."),
    "backup": ("doorlist.cli.backup_command", "Save everything into one file."),
    "restore": ("doorlist.cli.restore_command", "Restore a backup into an empty database, and compare."),
    "doctor": ("doorlist.cli.doctor_command", "Find what is broken or should be seen to, and say what to do."),
    "maintenance": ("doorlist.cli.maintenance_commands", "Clean up what was deleted and is too old."),
    "export": ("doorlist.cli.export_command", "Write workspaces, folders, grants and settings as one file."),
    "plan": ("doorlist.cli.plan_command", "Show what a file's configuration would change."),
    "apply": ("doorlist.cli.apply_command", "Make an organization what a file's configuration says, as planned."),
    "db": ("doorlist.cli.schema", "Show and upgrade the schema of the database."),
}


class Commands(TyperGroup):
    """A group that imports a command's module when the command is run."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, line) in COMMANDS.items():
            self.add_command(TyperCommand(name, callback=None, help=line))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command in place of the line that stands for it in help."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else _loaded(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a refusal of any layer ends as text and exit code 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            from doorlist.cli.output import report  # noqa: PLC0415 - rich is imported when something is shown

            report(refusal)
            raise typer.Exit(1) from None


def _loaded(name: str) -> Any:
    module = importlib.import_module(COMMANDS[name][0])
    holder = typer.Typer(add_completion=False, callback=lambda: None)
    if hasattr(module, "app"):
        holder.add_typer(module.app, name=name, help=COMMANDS[name][1], no_args_is_help=True)
    else:
        holder.command(name)(module.command)
    return typer.main.get_group(holder).commands[name]


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Doorlist: a directory's people and groups come in over SCIM, and get access to workspaces and folders.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"doorlist {version('doorlist')}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command's name."""
