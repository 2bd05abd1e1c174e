"""What an operator watches of the whole installation, counted at most every few seconds by a process."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from doorlist.errors import Unavailable
from doorlist.service import clock
from doorlist.store import vitals
from doorlist.store.db import Database
from doorlist.store.vitals import Vitals

_FRESH: Final = 10.0
_PATIENCE: Final = 5.0


class Watch:
    """Counts when it is asked, and repeats what it counted for ten seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: Vitals | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def look(self) -> Vitals | None:
        """The counts; None when the database does not answer within five seconds."""
        async with self._lock:
            if time.monotonic() >= self._until:
                self._last = await self._count()
                self._until = time.monotonic() + (_FRESH if self._last else 0)
            return self._last

    async def _count(self) -> Vitals | None:
        try:
            async with asyncio.timeout(_PATIENCE), self._database.reporting() as connection:
                return await vitals.take(connection, now=clock.now())
        except (TimeoutError, Unavailable):
            return None
