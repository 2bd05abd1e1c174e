"""`doorlist access plan` and `apply`: see who would gain and lose what, then do exactly that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from doorlist.cli.acting import As, Folder, Org, administrator, operator, parse_level
from doorlist.cli.listing import Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.question_commands import Csv, moment
from doorlist.cli.report_commands import CHANGES
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.changes import (
    Change,
    DeleteGroup,
    DeleteResource,
    GrantGroup,
    GrantPerson,
    RemovePerson,
    RestoreMembers,
    RestoreRemoved,
    SwitchPolicy,
    UngrantGroup,
    UngrantPerson,
)
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import finding
from doorlist.store.db import Database
from doorlist.store.difference import Line

if TYPE_CHECKING:
    from doorlist.service.planning import Plan

T = TypeVar("T")


class Kind(StrEnum):
    """What can be planned."""

    GRANT = "grant"
    UNGRANT = "ungrant"
    REMOVE = "remove"
    DELETE = "delete"
    DELETE_GROUP = "delete-group"
    POLICY = "policy"
    RESTORE_MEMBERS = "restore-members"
    RESTORE = "restore"


What = Annotated[Kind, typer.Argument(help="The change; it takes the options of the command that makes it.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="A group, by name or id.")]
User = Annotated[str | None, typer.Option("--user", metavar="USER_NAME", help="A person, by user name or id.")]
Place = Annotated[str | None, typer.Option("--workspace", metavar="NAME", help="The workspace.")]
GivenLevel = Annotated[str | None, typer.Option("--level", help="The level, for grant.")]
GivenPolicy = Annotated[Policy | None, typer.Option("--policy", help="keep or remove, for grant and policy.")]
Members = Annotated[
    bool | None, typer.Option("--keep-members/--remove-members", help="For ungrant of a group: there is no default.")
]

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="For restore and restore-members: what was taken away since then."),
]
Request = Annotated[
    UUID | None, typer.Option("--request", metavar="ID", help="For restore: only what this request took away.")
]
Token = Annotated[
    str | None, typer.Option("--token", metavar="ID_OR_LABEL", help="For restore: only what this token took away.")
]


@dataclass(frozen=True, slots=True)
class _Wish:
    """The options of a change as they were typed."""

    kind: Kind
    workspace: str | None
    folder: str
    group: str | None
    user: str | None
    level: str | None
    policy: Policy | None
    members: bool | None
    since: str | None
    request: UUID | None
    token: str | None


def plan(
    what: What,
    *,
    org: Org,
    workspace: Place = None,
    folder: Folder = "",
    group: Group = None,
    user: User = None,
    level: GivenLevel = None,
    policy: GivenPolicy = None,
    members: Members = None,
    since: Since = None,
    request: Request = None,
    token: Token = None,
    acting_as: As = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show what a change would do and its hash, without doing it; --csv lists everybody concerned."""
    wish = _Wish(what, workspace, folder, group, user, level, policy, members, since, request, token)
    found = run(_run(settings(data, database_url), org, wish, acting_as, everybody=csv))
    _show(found, csv=csv, json=json)


def apply(
    what: What,
    *,
    org: Org,
    plan_hash: Annotated[str, typer.Option("--hash", metavar="HASH", help="What `plan` printed.")],
    workspace: Place = None,
    folder: Folder = "",
    group: Group = None,
    user: User = None,
    level: GivenLevel = None,
    policy: GivenPolicy = None,
    members: Members = None,
    since: Since = None,
    request: Request = None,
    token: Token = None,
    acting_as: As = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Do what was planned with the same options; refused when it would do anything else by now."""
    wish = _Wish(what, workspace, folder, group, user, level, policy, members, since, request, token)
    done = run(_run(settings(data, database_url), org, wish, acting_as, everybody=csv, plan_hash=plan_hash))
    _show(done, csv=csv, json=json)


def _show(found: Plan, *, csv: bool, json: bool) -> None:
    if json:
        lines = [{**asdict(line), "before": _named(line.before), "after": _named(line.after)} for line in found.lines]
        emit_json({**asdict(found), "lines": lines})
    elif csv:
        run(_print_lines(found))
    else:
        for kind in ("gained", "raised", "lowered", "lost", "retained", "unchanged", "ownerless"):
            say(f"{kind:>10}  {getattr(found, kind)}")
        for warning in found.warnings:
            say(f"  {warning}")
        for line in found.lines:
            where = f"{line.workspace} / {line.folder}" if line.folder else line.workspace
            say(f"  {line.kind}: {line.user_name} on {where}, {_named(line.before)} to {_named(line.after)}")
        say(f"Hash: {found.plan_hash}")


async def _print_lines(found: Plan) -> None:
    async def rows() -> AsyncIterator[Line]:
        for line in found.lines:
            yield line

    await print_rows(rows(), CHANGES, Form.CSV)


async def _run(
    config: Settings,
    org: str,
    wish: _Wish,
    acting_as: str | None,
    *,
    everybody: bool,
    plan_hash: str | None = None,
) -> Plan:
    from doorlist.service import planning  # noqa: PLC0415 - slow to import, and most commands do not plan

    names = None if everybody else planning.NAMES
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting, change = await administrator(database, org_id, acting_as), await _change(database, org_id, wish)
        if plan_hash is None:
            return await planning.plan(database, acting, org_id, change, names=names)
        return await planning.apply(database, acting, org_id, change, plan_hash, names=names)


async def _change(database: Database, org_id: UUID, wish: _Wish) -> Change:
    """The change that the options name. Raises `BadInput` for options that it needs and that are not there."""
    if wish.kind is Kind.POLICY:
        return SwitchPolicy(_needed(wish.policy, "policy"))
    if wish.kind is Kind.DELETE_GROUP:
        return DeleteGroup((await finding.group(database, org_id, _needed(wish.group, "group"))).id)
    if wish.kind is Kind.RESTORE_MEMBERS:
        group = (await finding.group(database, org_id, _needed(wish.group, "group"))).id
        return RestoreMembers(group, _needed(moment(wish.since), "since"))
    if wish.kind is Kind.RESTORE:
        return await _restoration(database, org_id, wish)
    name = _needed(wish.workspace, "workspace")
    place = (await finding.place(database, org_id, workspace=name, folder=wish.folder)).id
    if wish.kind is Kind.DELETE:
        return DeleteResource(place)
    if wish.group is not None and wish.kind is not Kind.REMOVE:
        return _of_group(wish, place, (await finding.group(database, org_id, wish.group)).id)
    return _of_person(wish, place, (await finding.person(database, org_id, _needed(wish.user, "user"))).id)


async def _restoration(database: Database, org_id: UUID, wish: _Wish) -> Change:
    """What directories took away, as far as the options narrow it; names of people are those of then."""
    from doorlist.service import recalling, tokens  # noqa: PLC0415 - slow to import

    since = _needed(moment(wish.since), "since")
    token = None if wish.token is None else (await tokens.find_token(database, operator(), org_id, wish.token)).id
    person = None if wish.user is None else await recalling.person(database, org_id, wish.user, at=since)
    return RestoreRemoved(since, wish.request, token, person)


def _of_group(wish: _Wish, place: UUID, group: UUID) -> Change:
    if wish.kind is Kind.GRANT:
        return GrantGroup(place, group, parse_level(_needed(wish.level, "level")), wish.policy)
    if wish.members is None:
        raise BadInput("Say --keep-members or --remove-members.", place="members")
    return UngrantGroup(place, group, Policy.KEEP if wish.members else Policy.REMOVE)


def _of_person(wish: _Wish, place: UUID, person: UUID) -> Change:
    if wish.kind is Kind.GRANT:
        return GrantPerson(place, person, parse_level(_needed(wish.level, "level")))
    return UngrantPerson(place, person) if wish.kind is Kind.UNGRANT else RemovePerson(place, person)


def _needed(value: T | None, option: str) -> T:
    if value is None:
        raise BadInput(f"This change needs --{option}.", place=option)
    return value


def _named(level: int) -> str:
    return Level(level).label if level else "none"
