"""Metrics for Prometheus at /metrics: what the processes of this server counted, in one total with the state of data.

Every process counts for itself and writes its counts into a folder that all of them share, once a second; whichever
is asked adds them up. A process that ended has its requests in the total still, so that no counter falls.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from doorlist.service.vitals_seen import Watch
from doorlist.store.vitals import Vitals
from doorlist.web.metering import BOUNDS, Tally

_PAUSE: Final = 1.0
_STALE: Final = 10.0
_LE: Final = (*(str(bound / 1e6) for bound in BOUNDS), "+Inf")


@dataclass(frozen=True, slots=True)
class Gauges:
    """What one process is at just now; `oldest` is the age in seconds of the first log line not yet written."""

    pool_limit: int = 0
    pool_open: int = 0
    pool_in_use: int = 0
    pool_waiting: int = 0
    log_waiting: int = 0
    oldest: float = 0.0
    lost: int = 0


class Sheet(msgspec.Struct, frozen=True):
    """What one process publishes."""

    at: float
    gauges: Gauges
    requests: list[tuple[str, int, list[int]]] = msgspec.field(default_factory=list)


@dataclass(slots=True)
class Total:
    """The sheets of all processes, added up."""

    processes: int = 0
    gauges: dict[str, float] = field(default_factory=dict)
    requests: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)


@contextmanager
def counting(folder: Path | None) -> Iterator[Path]:
    """A folder of this server's own, below the one that is named, in which its processes show their counts."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="doorlist-counts-", dir=folder, ignore_cleanup_errors=True) as own:
        yield Path(own)


class Board:
    """The folder in which the processes of one server show their counts.

    Args:
        folder: shared by the processes of this server and nobody else.
        tally: this process's counts.
        look: gives what this process is at.
    """

    def __init__(self, folder: Path, tally: Tally, look: Callable[[], Gauges]) -> None:
        self._path = folder / f"{uuid.uuid4().hex}.json"
        self._tally = tally
        self._look = look

    def publish(self) -> None:
        """Write this process's sheet; readers see the old one or the new one."""
        requests = [(operation, status, row) for (operation, status), row in self._tally.counts.items()]
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(Sheet(time.time(), self._look(), requests)))
        os.replace(fresh, self._path)

    def total(self) -> Total:
        """Every process's counts, and the state of those that live."""
        self.publish()
        decode = msgspec.json.Decoder(Sheet).decode
        return add_up([decode(path.read_bytes()) for path in self._path.parent.glob("*.json")], now=time.time())

    async def publish_for_ever(self) -> None:
        """Publish once a second, as a task of a serving process, and once more at the end."""
        try:
            while True:
                with suppress(OSError):  # a full disk must not end the counting
                    self.publish()
                await asyncio.sleep(_PAUSE)
        finally:
            with suppress(OSError):
                self.publish()


def add_up(sheets: Iterable[Sheet], *, now: float) -> Total:
    """Requests and losses of all processes ever; the state only of those that published lately."""
    total = Total()
    for sheet in sheets:
        live = now - sheet.at < _STALE
        total.processes += live
        for name in Gauges.__dataclass_fields__:
            if live or name == "lost":
                own, before = getattr(sheet.gauges, name), total.gauges.get(name, 0)
                total.gauges[name] = max(before, own) if name == "oldest" else before + own
        for operation, status, row in sheet.requests:
            area, _, verb = operation.partition(" ")
            sums = total.requests.setdefault((area, verb, outcome(status)), [0] * len(row))
            sums[:] = map(sum, zip(sums, row, strict=True))
    return total


def outcome(status: int) -> str:
    """What became of a request, in one word of six."""
    if status in (429, 499, 503):
        return {429: "limited", 499: "gone", 503: "unavailable"}[status]
    return "done" if status < 400 else "refused" if status < 500 else "failed"


class Metrics:
    """The page /metrics, for whoever shows the token of the setting; without the setting there is none."""

    def __init__(self, board: Board, watch: Watch, *, token: str | None) -> None:
        self._board = board
        self._watch = watch
        self._token = None if token is None else token.encode()

    async def answer(self, request: Request) -> Response:
        if self._token is None:
            return PlainTextResponse("There is nothing at this address.\n", 404)
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), self._token):
            return PlainTextResponse("The request has no valid token.\n", 401, {"www-authenticate": "Bearer"})
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Found([*of_requests(self._board.total()), *of_database(await self._watch.look())]))
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type)


class _Found:
    """Families that are there already, for the library's writer."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def of_requests(total: Total) -> Iterator[Metric]:
    """The families of what processes counted."""
    requests = HistogramMetricFamily(
        "doorlist_request_duration_seconds",
        "Requests by what was done and what became of it",
        labels=("area", "operation", "outcome"),
    )
    for labels, row in sorted(total.requests.items()):
        reached = [sum(row[: place + 1]) for place in range(len(_LE))]
        requests.add_metric(labels, list(zip(_LE, map(float, reached), strict=True)), sum_value=row[-1] / 1e6)
    yield requests
    yield _gauge("doorlist_processes", "Serving processes", total.processes)
    state = total.gauges
    yield _gauge("doorlist_pool_connections_limit", "Database connections that may be open", state["pool_limit"])
    yield _gauge("doorlist_pool_connections_open", "Database connections open", state["pool_open"])
    yield _gauge("doorlist_pool_connections_in_use", "Database connections at work", state["pool_in_use"])
    yield _gauge("doorlist_pool_waiting", "Requests and tasks waiting for a connection", state["pool_waiting"])
    yield _gauge("doorlist_request_log_waiting", "Requests not yet written to the request log", state["log_waiting"])
    yield _gauge("doorlist_request_log_lag_seconds", "Age of the oldest of them", state["oldest"])
    yield _counter("doorlist_request_log_lost", "Requests that could not be logged", state["lost"])


def of_database(vitals: Vitals | None) -> Iterator[Metric]:
    """The families of what the database holds; only whether it answers when it does not."""
    yield _gauge("doorlist_database_up", "1 when the database answered this scrape", float(vitals is not None))
    if vitals is None:
        return
    since = vitals.unsealed_since
    lag = 0.0 if since is None else max(time.time() - since.timestamp(), 0.0)
    yield _labelled("doorlist_retained", "Kept accesses", "state", {"live": vitals.live, "held": vitals.held})
    yield _labelled("doorlist_attention_waiting", "What waits for an administrator", "kind", vitals.attention)
    yield _labelled("doorlist_tokens_ending", "Unrevoked tokens that end within days", "days", vitals.tokens)
    yield _labelled(
        "doorlist_certificates_ending", "SAML certificates that end within days", "days", vitals.certificates
    )
    yield _gauge("doorlist_connections_paused", "Connections that an administrator paused", vitals.paused)
    yield _gauge("doorlist_audit_unsealed", "Audit events not yet sealed", vitals.unsealed)
    yield _gauge("doorlist_audit_seal_lag_seconds", "Age of the oldest of them", lag)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str, values: dict[str, int] | dict[int, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((str(key),), value)
    return family
