"""`doorlist serve`: the server in the foreground, until stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.session import Data, DatabaseUrl, settings


def command(
    data: Data = None,
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [env: DOORLIST_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes any free one. [env: DOORLIST_PORT]")] = None,
    workers: Annotated[int | None, typer.Option(help="Serving processes. [env: DOORLIST_WORKERS]")] = None,
) -> None:
    """Serve SCIM and everything else until stopped; SIGTERM or Ctrl-C ends it when running requests are done.

    The embedded PostgreSQL of the data folder starts and stops with the server, unless a database URL is given.
    """
    from doorlist.web.serving import serve  # noqa: PLC0415 - slow to import

    chosen = settings(data, database_url, remembered=False, host=host, port=port, workers=workers)
    serve(chosen, announce=typer.echo)
