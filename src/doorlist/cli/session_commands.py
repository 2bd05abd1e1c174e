"""`doorlist session`: who is signed in, and ending it."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.ids import parse_id
from doorlist.service import finding, session_control
from doorlist.store.session_rows import SessionLine

app = typer.Typer()

User = Annotated[str | None, typer.Option("--user", metavar="USER_NAME", help="Only this person.")]


@app.command("list")
def list_all(
    org: Org, user: User = None, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """List the live sessions of an organization."""
    found = run(_list(settings(data, database_url), org, user))
    if json:
        emit_json(found)
        return
    columns = ["user_name", "method", "created_at", "seen_at", "expires_at", "address", "agent", "id"]
    show_table(columns, [[getattr(line, column) for column in columns] for line in found])


@app.command()
def revoke(
    org: Org,
    *,
    session: Annotated[str | None, typer.Argument(metavar="ID", show_default=False)] = None,
    user: User = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """End one session by its id, or all of a person."""
    if (session is None) == (user is None):
        raise typer.BadParameter("Give the id of a session, or --user.")
    count = run(_revoke(settings(data, database_url), org, session, user))
    if json:
        emit_json({"ended": count})
    else:
        say(f"{count} ended.")


@app.command()
def limit(
    org: Org,
    *,
    minutes: Annotated[int | None, typer.Option("--minutes", help="Every session ends after so many.")] = None,
    idle_minutes: Annotated[int | None, typer.Option("--idle-minutes", help="An unused one after so many.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show or set after how many minutes sessions end."""
    longest, idle = run(_limit(settings(data, database_url), org, minutes, idle_minutes))
    if json:
        emit_json({"minutes": longest, "idle_minutes": idle})
    else:
        say(f"Sessions end after {longest} minutes, unused ones after {idle}.")


async def _limit(config: Settings, org: str, minutes: int | None, idle_minutes: int | None) -> tuple[int, int]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        limits = {"minutes": minutes, "idle_minutes": idle_minutes}
        return await session_control.set_limits(database, operator(), org_id, **limits)


async def _list(config: Settings, org: str, user: str | None) -> list[SessionLine]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        user_id = None if user is None else (await finding.person(database, org_id, user)).id
        return await session_control.list_sessions(database, operator(), org_id, user_id=user_id)


async def _revoke(config: Settings, org: str, session: str | None, user: str | None) -> int:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        if user is not None:
            person = await finding.person(database, org_id, user)
            return await session_control.revoke_sessions_of(database, operator(), org_id, user_id=person.id)
        session_id = parse_id(session or "")
        if session_id is None:
            raise typer.BadParameter("This is no id of a session.")
        await session_control.revoke_session(database, operator(), org_id, session_id)
        return 1
