"""`doorlist restore`: bring a backup back into an empty database."""

from __future__ import annotations

from pathlib import Path

from doorlist.cli.acting import operator
from doorlist.cli.backup_command import File, tell
from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings
from doorlist.config import Settings
from doorlist.service.saving import restore
from doorlist.store.archive import Manifest
from doorlist.store.db import Database
from doorlist.store.embedded import reachable


def command(file: File, *, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Restore a backup into an empty database, and compare every table with what was saved."""
    tell(run(_restore(settings(data, database_url), file)), "Restored and compared", file, json=json)


async def _restore(config: Settings, file: Path) -> Manifest:
    with reachable(config.database_url, config.data) as url:
        database = await Database.connect(url, maximum=2)
        try:
            return await restore(database, file, operator())
        finally:
            await database.close()
