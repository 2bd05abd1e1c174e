"""The connection pool and transactions. The only module that imports the driver.

Driver errors that a caller can act on are translated here, once: a lost or refused connection becomes
`Unavailable`, a unique violation becomes `UniqueViolation`. Nothing here knows a table.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.exceptions import (
    CannotConnectNowError,
    ClientConfigurationError,
    DeadlockDetectedError,
    InterfaceError,
    InternalClientError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    OperatorInterventionError,
    PostgresConnectionError,
    SerializationError,
    TooManyConnectionsError,
    UniqueViolationError,
)

from doorlist.errors import BadInput, Unavailable

Connection: TypeAlias = asyncpg.Connection
Record: TypeAlias = asyncpg.Record
T = TypeVar("T")

_RETRYABLE = (DeadlockDetectedError, SerializationError)
_UNREACHABLE = (
    OSError,
    PostgresConnectionError,
    TooManyConnectionsError,
    CannotConnectNowError,
    OperatorInterventionError,
    TimeoutError,
)
_REFUSED = (InvalidAuthorizationSpecificationError, InvalidCatalogNameError)


# Every statement of a request has an index to use. Plans are kept, and one made while a table was empty would scan it
# from end to end until the next ANALYZE; so scans are made unattractive and reports ask for them (`reporting`).
# Planning anew for every call costs more than the call, so plans are generic.
_SESSION = {
    "application_name": "doorlist",
    "timezone": "UTC",
    "jit": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}


class UniqueViolation(Exception):  # noqa: N818 - the store's word for the database's answer, never shown
    """A unique index refused a row; `index` is its name."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


class TookTooLong(Exception):  # noqa: N818 - the store's word, which the service turns into a refusal
    """A search was given up after so many seconds."""


class Database:
    """A pool on one database URL.

    The pool skips the driver's reset query on release (one round trip): no code here changes session state,
    advisory locks are taken per transaction, and LISTEN uses a connection of its own.
    """

    def __init__(self, pool: asyncpg.Pool, *, url: str) -> None:
        self._pool = pool
        self.url = url
        self.waiting = 0
        """How many wait for a connection just now."""

    @classmethod
    async def connect(cls, url: str, *, maximum: int = 8) -> Database:
        """Open the pool with one connection. Raises `Unavailable` when there is none to be had within ten seconds.

        The pool keeps what it has opened, but promises the driver no least number: the driver would restore it by
        itself and tell of each failure with a traceback.
        """
        with Translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=maximum,
                max_inactive_connection_lifetime=0,
                reset=_keep_session,
                timeout=10,
                command_timeout=60,
                server_settings=_SESSION,
            )
        opened = cls(pool, url=url)
        try:
            async with opened.reading():
                return opened
        except BaseException:  # also when cancelled: nobody else knows the pool that would stay open
            pool.terminate()
            raise

    @property
    def driver_pool(self) -> asyncpg.Pool:
        """The driver's own pool, for the library of the job queue, which works on it."""
        return self._pool

    def pool_use(self) -> tuple[int, int, int]:
        """How many connections there may be, are open, and are at work."""
        opened = self._pool.get_size()
        return self._pool.get_max_size(), opened, opened - self._pool.get_idle_size()

    async def close(self) -> None:
        """Let running statements finish, then close every connection (ten seconds at most)."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=10)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction."""
        with Translated():
            self.waiting += 1
            try:
                connection = await self._pool.acquire(timeout=10)
            finally:
                self.waiting -= 1
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    @asynccontextmanager
    async def searching(self, *, seconds: float) -> AsyncIterator[Connection]:
        """A connection for reads whose cost the client chose; what takes longer is cancelled, also in the server.

        Raises `TookTooLong`.
        """
        async with self.reading() as connection:
            try:
                async with asyncio.timeout(seconds):
                    yield connection
            except TimeoutError:
                raise TookTooLong(seconds) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one READ COMMITTED transaction: all of it or nothing."""
        async with self.reading() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A read-only transaction in which every statement sees the same moment."""
        async with (
            self.reading() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[Connection]:
        """A transaction for statements over much of a table, planned afresh and free to scan."""
        async with self.transaction() as connection:
            await connection.execute("set local enable_seqscan = on; set local plan_cache_mode = force_custom_plan")
            yield connection

    @asynccontextmanager
    async def measuring(self, *, keep: bool) -> AsyncIterator[Connection]:
        """A transaction on one snapshot, planned like a report; without `keep` it leaves nothing behind.

        What others changed meanwhile ends it when it takes their rows: run it with `retrying`.
        """
        async with self.reading() as connection:
            transaction = connection.transaction(isolation="repeatable_read")
            await transaction.start()
            try:
                await connection.execute("set local enable_seqscan = on; set local plan_cache_mode = force_custom_plan")
                yield connection
            except BaseException:
                await transaction.rollback()
                raise
            await (transaction.commit() if keep else transaction.rollback())

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        """Call `heard` with the payload of each notification, on a connection of its own.

        Yields an event that is set when the connection is lost. Raises `Unavailable` when there is none to be had.
        """
        lost = asyncio.Event()
        async with alone(self.url) as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(channel, lambda *message: heard(message[3]))
            yield lost

    async def retrying(self, verb: Callable[[], Awaitable[T]], *, attempts: int = 5) -> T:
        """Run a verb again when the database gave it up for a deadlock; it must hold its own transaction."""
        for _ in range(attempts - 1):
            try:
                return await verb()
            except _RETRYABLE:
                continue
        return await verb()


async def connect_alone(url: str) -> Connection:
    """A connection outside any pool, which the caller closes.

    Raises:
        BadInput: the address cannot be used, or the server does not let this account in.
        Unavailable: the server cannot be reached within ten seconds.
    """
    with Translated():
        try:
            return await asyncpg.connect(url, timeout=10, server_settings={"application_name": "doorlist"})
        except _REFUSED as error:
            raise BadInput(f"The database refuses: {error}.") from error
        except (ValueError, ClientConfigurationError) as error:
            raise BadInput(f"The database URL is not usable: {error}.") from error


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[Connection]:
    """One connection for a short errand; raises like `connect_alone`."""
    connection = await connect_alone(url)
    try:
        with Translated():
            yield connection
    finally:
        await connection.close(timeout=10)


async def _keep_session(_: Connection) -> None:
    return None


class Translated:
    """Turns driver errors inside its block into the store's and the product's own."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> None:
        if isinstance(error, UniqueViolationError):
            raise UniqueViolation(str(error.constraint_name)) from error
        if isinstance(error, _UNREACHABLE) or _is_closed(error):
            raise Unavailable("The database cannot be reached just now.") from error


def _is_closed(error: BaseException | None) -> bool:
    """Whether the driver refuses a connection that has ended; its other errors of this kind are faults of ours.

    A server that ends says so to idle connections too; one that is used before its end was read fails in the driver's
    own bookkeeping.
    """
    if isinstance(error, InternalClientError):
        return "cannot switch to state" in str(error)
    return isinstance(error, InterfaceError) and "clos" in str(error)
