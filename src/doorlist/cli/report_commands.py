"""`doorlist access compare` and `review`: reports over a whole organization."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import typer

from doorlist.cli.acting import Org
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.question_commands import Csv, moment
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.levels import Level
from doorlist.service import finding, insight
from doorlist.store.difference import Line
from doorlist.store.reviewing import ReviewLine

CHANGES: Final[Columns[Line]] = {
    "change": lambda line: line.kind,
    "user_name": lambda line: line.user_name,
    "workspace": lambda line: line.workspace,
    "folder": lambda line: line.folder,
    "before": lambda line: _named(line.before),
    "after": lambda line: _named(line.after),
}
_REVIEW: Final[Columns[ReviewLine]] = {
    "user_name": lambda line: line.user_name,
    "display_name": lambda line: line.display_name,
    "workspace": lambda line: line.workspace,
    "folder": lambda line: line.folder,
    "level": lambda line: _named(line.level),
    "way": lambda line: line.kind,
    "group": lambda line: line.group,
    "since": lambda line: line.since,
    "by": lambda line: line.granted_by,
}


def compare(
    org: Org,
    *,
    earlier: Annotated[str, typer.Option("--from", metavar="TIME", help="The earlier moment, ISO 8601.")],
    later: Annotated[str | None, typer.Option("--to", metavar="TIME", help="The later one; none: now.")] = None,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Who gained and who lost access between two moments."""
    first = moment(earlier)
    assert first is not None, "the option is required"
    run(_compare(settings(data, database_url), org, first, moment(later), Form.of(json=json, csv=csv)))


def review(org: Org, csv: Csv = False, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Every effective access with the way that decides it, for an access review."""
    run(_review(settings(data, database_url), org, Form.of(json=json, csv=csv)))


async def _compare(config: Settings, org: str, earlier: datetime, later: datetime | None, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.compare(database, org_id, earlier=earlier, later=later), CHANGES, form)


async def _review(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.review(database, org_id), _REVIEW, form)


def _named(level: int) -> str:
    return Level(level).label if level else "none"
