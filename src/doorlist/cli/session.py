"""What every command shares: the options that name a database, the settings, and a database that is ready.

A command reads like this:

    @app.command()
    def create(name: str, data: Data = None, database_url: DatabaseUrl = None) -> None:
        run(_create(settings(data, database_url), name))

    async def _create(settings: Settings, name: str) -> None:
        async with opened(settings) as database: ...

Refusals are raised and not caught in commands. Heavy imports happen inside functions: help must be quick.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from doorlist.config import Settings
    from doorlist.store.db import Database

T = TypeVar("T")

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of the embedded PostgreSQL. [env: DOORLIST_DATA; default: the account's data folder]",
        show_default=False,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        help="A PostgreSQL 15 or newer instead of the embedded one. [env: DOORLIST_DATABASE_URL]",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings(data: Path | None, database_url: str | None, *, remembered: bool = True, **chosen: Any) -> Settings:
    """The settings of the environment with the options on top; --data wins over a URL of the environment.

    Where no public URL is set and `remembered`, addresses are those that the data folder was last served at.

    Raises:
        BadInput: the environment or an option is not usable.
    """
    from doorlist.config import load, remembered_address  # noqa: PLC0415 - slow to import

    if data is not None and database_url is not None:
        raise typer.BadParameter("Name either --data or --database-url.")
    loaded = load(data=data, database_url=database_url, **chosen)
    changes: dict[str, object] = {"database_url": None} if data is not None else {}
    if remembered and loaded.public_url is None and (data is not None or loaded.database_url is None):
        changes["public_url"] = remembered_address(loaded.data)
    return loaded.model_copy(update=changes)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """A database that is up and migrated; the embedded server stops afterwards if nobody else uses it.

    Raises:
        BadInput: the database cannot be used.
        Unavailable: the server cannot be reached.
    """
    from doorlist.store import migrate  # noqa: PLC0415 - slow to import
    from doorlist.store.db import Database  # noqa: PLC0415 - slow to import
    from doorlist.store.embedded import reachable  # noqa: PLC0415 - slow to import

    with reachable(settings.database_url, settings.data) as url:
        await migrate.ensure(url)
        database = await Database.connect(url, maximum=4)
        try:
            yield database
        finally:
            await database.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command to its end."""
    return asyncio.run(work)
