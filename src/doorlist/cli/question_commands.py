"""`doorlist access explain`, `who` and `what`: the questions about access, of now or of an earlier moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from doorlist.cli.acting import Folder, Org, Workspace
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.explanation import Explanation, Way
from doorlist.domain.levels import Level
from doorlist.service import finding, insight, recalling
from doorlist.store.access import AccessLine

Person = Annotated[str, typer.Option("--user", metavar="USER_NAME", help="A person, by user name or id.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As of this moment: ISO 8601, UTC where no zone is given.")
]

ACCESS: Final[Columns[AccessLine]] = {
    "user_name": lambda line: line.user_name,
    "workspace": lambda line: line.workspace,
    "folder": lambda line: line.folder,
    "level": lambda line: Level(line.level).label,
}
_WAYS: Final[Columns[Way]] = {
    "level": lambda way: Level(way.level).label,
    "bearing": lambda way: way.bearing,
    "kind": lambda way: way.kind,
    "via": lambda way: way.via,
    "group": lambda way: way.group,
    "origin": lambda way: way.origin,
    "since": lambda way: way.since,
    "by": lambda way: way.by,
}


def explain(
    org: Org,
    *,
    user: Person,
    workspace: Workspace,
    folder: Folder = "",
    at: At = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Why a person has a level on a workspace or folder or none, every way to it, and what would change it."""
    where = (org, workspace, folder)
    answer = run(_explain(settings(data, database_url), where, user, moment(at)))
    if json:
        emit_json(document(answer))
    elif csv:
        run(_print_ways(answer))
    else:
        for sentence in answer.sentences:
            say(sentence)


def who(
    org: Org,
    *,
    workspace: Workspace,
    folder: Folder = "",
    at: At = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Everybody who reaches a workspace or folder, and at which level."""
    where = (org, workspace, folder)
    run(_who(settings(data, database_url), where, moment(at), Form.of(json=json, csv=csv)))


def what(
    org: Org,
    *,
    user: Person,
    at: At = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Every workspace and folder that a person reaches, and at which level."""
    run(_what(settings(data, database_url), org, user, moment(at), Form.of(json=json, csv=csv)))


def document(answer: Explanation) -> dict[str, object]:
    """An explanation as JSON: the data and the sentences."""
    return {
        "user_name": answer.user_name,
        "place": answer.place,
        "level": answer.level_name,
        "winning": answer.winning,
        "ways": answer.ways,
        "blockers": answer.blockers,
        "levers": answer.levers,
        "sentences": answer.sentences,
    }


def moment(text: str | None) -> datetime | None:
    """The moment that --at names; another word is wrong usage."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time.", param_hint="--at") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


async def _explain(config: Settings, where: tuple[str, str, str], user: str, at: datetime | None) -> Explanation:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        place = await recalling.place(database, org_id, workspace=where[1], folder=where[2], at=at)
        person = await recalling.person(database, org_id, user, at=at)
        return await insight.explain(database, org_id, user_id=person, resource_id=place, at=at)


async def _print_ways(answer: Explanation) -> None:
    async def rows() -> AsyncIterator[Way]:
        for way in answer.ways:
            yield way

    await print_rows(rows(), _WAYS, Form.CSV)


async def _who(config: Settings, where: tuple[str, str, str], at: datetime | None, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        place = await recalling.place(database, org_id, workspace=where[1], folder=where[2], at=at)
        await print_rows(insight.who(database, org_id, place, at=at), ACCESS, form)


async def _what(config: Settings, org: str, user: str, at: datetime | None, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        person = await recalling.person(database, org_id, user, at=at)
        await print_rows(insight.what(database, org_id, person, at=at), ACCESS, form)
