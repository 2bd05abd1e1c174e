"""`doorlist access`: who reaches what, giving a level and taking it away, and what people kept."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from doorlist.cli.acting import Folder, Org, Workspace, at_place, operator, parse_level
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.planning_commands import apply, plan
from doorlist.cli.question_commands import ACCESS, Csv, Person, explain, what, who
from doorlist.cli.report_commands import compare, review
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import excluding, finding, insight, sharing
from doorlist.service.sharing import PersonRemoved, Ungranted
from doorlist.store.grants import Put
from doorlist.store.retention import RetainedLine

app = typer.Typer()
for command in (who, what, explain, plan, apply, compare, review):
    app.command()(command)

Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="A group, by name or id.")]
User = Annotated[str | None, typer.Option("--user", metavar="USER_NAME", help="A person, by user name or id.")]

_RETAINED: Final[Columns[RetainedLine]] = {
    "user_name": lambda line: line.user_name,
    "workspace": lambda line: line.workspace,
    "folder": lambda line: line.folder,
    "level": lambda line: Level(line.level).label,
    "group": lambda line: line.group_name,
    "state": lambda line: line.state,
    "since": lambda line: line.since,
}


@app.command()
def export(org: Org, csv: Csv = False, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Every effective access above none: user_name, workspace, folder (empty: the workspace itself), level."""
    run(_export(settings(data, database_url), org, Form.of(json=json, csv=csv)))


@app.command()
def grant(
    org: Org,
    *,
    workspace: Workspace,
    level: Annotated[str, typer.Option("--level", help="viewer, checker, editor; people also admin, owner.")],
    group: Group = None,
    user: User = None,
    folder: Folder = "",
    policy: Annotated[
        Policy | None, typer.Option("--policy", help="What leavers of the group keep; none: as the organization.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Give a group or a person a level on a workspace or folder, or change the level given."""
    _require_one_principal(group, user)
    if user is not None and policy is not None:
        raise typer.BadParameter("A person's own grant has no policy.", param_hint="--policy")
    where = (org, workspace, folder)
    put = run(_grant(settings(data, database_url), where, group, user, level=parse_level(level), policy=policy))
    verb = ("Changed" if put.before else "Added") if put.changed else "Nothing to do:"
    if json:
        emit_json({"id": put.id, "level": put.level.label, "policy": put.policy, "changed": put.changed})
    else:
        say(f"{verb} {group or user} is {put.level.label} on {_spelled(workspace, folder)}.")


@app.command()
def ungrant(
    org: Org,
    *,
    workspace: Workspace,
    group: Group = None,
    user: User = None,
    folder: Folder = "",
    members: Annotated[
        bool | None, typer.Option("--keep-members/--remove-members", help="Whether the group's members keep it.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Take a grant away. For a group, say whether its present members keep the level: there is no default."""
    _require_one_principal(group, user)
    if group is not None and members is None:
        raise BadInput("Say --keep-members or --remove-members.", place="members")
    kept = None if members is None else Policy.KEEP if members else Policy.REMOVE
    done = run(_ungrant(settings(data, database_url), (org, workspace, folder), group, user, members=kept))
    if json:
        emit_json({"level": done.level.label, "kept": done.kept})
    else:
        taken = f"{done.level.label} on {_spelled(workspace, folder)} from {group or user}"
        say(f"Took {taken}; {done.kept} people keep it.")


@app.command()
def retained(
    org: Org,
    *,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="USER_NAME", help="Delete what this person kept there.")
    ] = None,
    workspace: Annotated[str | None, typer.Option("--workspace", metavar="NAME", help="Where, with --remove.")] = None,
    folder: Folder = "",
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List what people kept after they left a group, or delete it for one person in one place."""
    config = settings(data, database_url)
    if remove is None:
        run(_list_retained(config, org, Form.of(json=json, csv=csv)))
        return
    if workspace is None:
        raise typer.BadParameter("Name the place to remove the person from.", param_hint="--workspace")
    ended = run(_remove_retained(config, (org, workspace, folder), remove))
    if json:
        emit_json({"removed": ended})
    else:
        say(f"Removed what {remove} kept on {_spelled(workspace, folder)}.")


@app.command()
def exclude(
    org: Org,
    *,
    user: Person,
    workspace: Workspace,
    folder: Folder = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Let what groups give a person in one place count nothing; a direct grant there lifts it."""
    done = run(_exclude(settings(data, database_url), (org, workspace, folder), user, lift=False))
    if json:
        emit_json({"excluded": done})
    else:
        say(f"{user} is excluded on {_spelled(workspace, folder)}.")


@app.command()
def include(
    org: Org,
    *,
    user: Person,
    workspace: Workspace,
    folder: Folder = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Lift an exclusion: what groups give the person there counts again."""
    run(_exclude(settings(data, database_url), (org, workspace, folder), user, lift=True))
    if json:
        emit_json({"excluded": False})
    else:
        say(f"{user} is no longer excluded on {_spelled(workspace, folder)}.")


@app.command()
def remove(
    org: Org,
    *,
    user: Person,
    workspace: Workspace,
    folder: Folder = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Delete a person's own and kept access to a folder, or to a workspace with all its folders."""
    done = run(_remove(settings(data, database_url), (org, workspace, folder), user))
    if json:
        emit_json(done)
        return
    say(f"Removed {done.direct} grants and {done.retained} kept levels of {user}.")
    for path in done.remaining:
        where = _spelled(path.workspace, path.folder)
        say(f"  still {Level(path.level).label} on {where} by the group {path.group_name}")
    if done.remaining:
        say("To end that: remove the person from the group in the directory, take the group's grant away")
        say("(doorlist access plan ungrant shows the effect), or exclude the person (doorlist access exclude).")


async def _export(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.export_access(database, org_id), ACCESS, form)


async def _list_retained(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.retained(database, org_id), _RETAINED, form)


async def _grant(
    config: Settings,
    where: tuple[str, str, str],
    group: str | None,
    user: str | None,
    *,
    level: Level,
    policy: Policy | None,
) -> Put:
    async with at_place(config, where) as (database, org_id, place):
        if group is not None:
            group_id = (await finding.group(database, org_id, group)).id
            return await sharing.grant_group(
                database, operator(), org_id, resource_id=place, group_id=group_id, level=level, policy=policy
            )
        user_id = (await finding.person(database, org_id, user or "")).id
        return await sharing.grant_person(database, operator(), org_id, resource_id=place, user_id=user_id, level=level)


async def _ungrant(
    config: Settings, where: tuple[str, str, str], group: str | None, user: str | None, *, members: Policy | None
) -> Ungranted:
    async with at_place(config, where) as (database, org_id, place):
        if group is not None and members is not None:
            group_id = (await finding.group(database, org_id, group)).id
            return await sharing.ungrant_group(
                database, operator(), org_id, resource_id=place, group_id=group_id, members=members
            )
        user_id = (await finding.person(database, org_id, user or "")).id
        return await sharing.ungrant_person(database, operator(), org_id, resource_id=place, user_id=user_id)


async def _remove_retained(config: Settings, where: tuple[str, str, str], user: str) -> int:
    async with at_place(config, where) as (database, org_id, place):
        user_id = (await finding.person(database, org_id, user)).id
        return await sharing.remove_retained(database, operator(), org_id, resource_id=place, user_id=user_id)


async def _exclude(config: Settings, where: tuple[str, str, str], user: str, *, lift: bool) -> bool:
    async with at_place(config, where) as (database, org_id, place):
        user_id = (await finding.person(database, org_id, user)).id
        ids = {"resource_id": place, "user_id": user_id}
        if lift:
            await excluding.lift_exclusion(database, operator(), org_id, **ids)
            return False
        return await excluding.exclude_person(database, operator(), org_id, **ids)


async def _remove(config: Settings, where: tuple[str, str, str], user: str) -> PersonRemoved:
    async with at_place(config, where) as (database, org_id, place):
        user_id = (await finding.person(database, org_id, user)).id
        return await sharing.remove_person(database, operator(), org_id, resource_id=place, user_id=user_id)


def _require_one_principal(group: str | None, user: str | None) -> None:
    if (group is None) == (user is None):
        raise typer.BadParameter("Name either --group or --user.")


def _spelled(workspace: str, folder: str) -> str:
    return f"{workspace} / {folder}" if folder else workspace
