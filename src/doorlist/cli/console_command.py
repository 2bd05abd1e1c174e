"""`doorlist console`: a link that opens the console as the operator, once."""

from __future__ import annotations

from doorlist.cli.acting import operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import operating


def command(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Print a link that signs you in to the console as the operator: good once, for ten minutes."""
    config = settings(data, database_url)
    address = f"{config.base_url}/operator/{run(_make(config))}"
    if json:
        emit_json({"url": address})
    else:
        say(address)


async def _make(config: Settings) -> str:
    async with opened(config) as database:
        return await operating.make_link(database, operator())
