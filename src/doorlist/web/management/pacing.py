"""How many requests one key may make: a bucket of tokens for each, refilled with time. Kept in this process alone."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from doorlist.errors import Busy

_BURST: Final = 4.0
"""How many seconds' worth of requests may come at once."""

_MOST_BUCKETS: Final = 10_000


class Pace:
    """Admits so many requests a second for each key, and a few seconds' worth at once."""

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = float(per_second)
        self._clock = clock
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def admit(self, key_id: UUID) -> None:
        """Take one request off the key's bucket. Raises `Busy` when it is empty."""
        now, full = self._clock(), self._rate * _BURST
        left, since = self._buckets.get(key_id, (full, now))
        left = min(full, left + (now - since) * self._rate)
        if left < 1:
            raise Busy(f"A key makes at most {self._rate:.0f} requests a second.")
        self._buckets[key_id] = (left - 1, now)
        self._buckets.move_to_end(key_id)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
