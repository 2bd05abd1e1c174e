"""How much is let in: so many requests a second of one credential, and so many that wait for the database.

Both are of this process alone. What is too much is refused before any work is done for it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from doorlist.errors import Busy, Overloaded
from doorlist.store.db import Database

_BURST: Final = 4.0
"""How many seconds' worth of requests may come at once."""

_MOST_BUCKETS: Final = 10_000


class Pace:
    """Admits so many requests a second for each credential, and a few seconds' worth at once."""

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = float(per_second)
        self._clock = clock
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def admit(self, key_id: UUID) -> None:
        """Take one request off the credential's bucket. Raises `Busy` when it is empty."""
        now, full = self._clock(), self._rate * _BURST
        left, since = self._buckets.get(key_id, (full, now))
        left = min(full, left + (now - since) * self._rate)
        if left < 1:
            raise Busy(f"A credential makes at most {self._rate:.0f} requests a second.")
        self._buckets[key_id] = (left - 1, now)
        self._buckets.move_to_end(key_id)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)


class Crowd:
    """Admits requests as long as no more than so many wait for a connection to the database.

    Whoever waits is behind a queue of that length at most, so what is let in is answered in bounded time. The queue
    drains by itself; nothing has to be reset. Tasks of the server itself are not asked.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def admit(self, database: Database) -> None:
        """Raise `Overloaded` when too many wait."""
        if database.waiting >= self._most:
            raise Overloaded("The server has more to do than it gets done.")
