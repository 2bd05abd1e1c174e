"""The embedded PostgreSQL server of a data folder, shared by every Doorlist process that uses the folder.

Each process holds a shared lock on DATA/in-use.lock as long as it uses the server; starting and stopping happens
under an exclusive lock on DATA/start.lock. The last process to leave stops the server. The operating system frees
the locks of a killed process, so no count can go wrong. Refuses a folder that it cannot write or lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doorlist.errors import BadInput
from doorlist.store.cluster import Cluster, State

if sys.platform != "win32":
    import fcntl


@contextmanager
def running(data: Path, *, durable: bool = True) -> Iterator[str]:
    """Find or start the server of a data folder and yield the URL of its database.

    Args:
        data: the folder, created when missing; the cluster is in its subfolder `postgres`.
        durable: False gives up crash safety for speed; only tests do.

    Raises:
        BadInput: the folder cannot be used, or the server does not start.
    """
    data = _prepared(data)
    cluster = Cluster(data / "postgres", durable=durable)
    use = _opened(data / "in-use.lock")
    try:
        with _alone(data):
            fcntl.flock(use, fcntl.LOCK_SH)
            cluster.ensure()
            url = cluster.url
        yield url
    finally:
        try:
            with _alone(data):
                if _is_last(use):
                    cluster.stop()
        finally:
            os.close(use)


@contextmanager
def reachable(database_url: str | None, data: Path) -> Iterator[str]:
    """The URL of the named database, or where none is named that of the embedded server while it is in use."""
    if database_url is not None:
        yield database_url
    else:
        with running(data) as url:
            yield url


def restart_if_down(data: Path, *, durable: bool = True) -> bool:
    """Start the server again if it died; True if it did. For a process that is inside `running`.

    Raises:
        BadInput: it does not start again.
    """
    data = data.expanduser().resolve()
    cluster = Cluster(data / "postgres", durable=durable)
    if cluster.state() is not State.ABSENT:
        return False
    with _alone(data):
        return cluster.ensure()


def trim_logs(data: Path) -> None:
    """Keep the log files of a long-running server within bounds."""
    Cluster(data.expanduser().resolve() / "postgres").trim_logs()


def _prepared(data: Path) -> Path:
    if sys.platform == "win32":
        raise BadInput("The embedded PostgreSQL needs Linux or macOS. Name a server with --database-url.")
    data = data.expanduser().resolve()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The data folder cannot be made: {error.strerror}.", place=str(data)) from None
    return data


def _opened(path: Path) -> int:
    """A descriptor of a lock file that belongs to the owner of its folder, whoever made it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadInput(f"The data folder cannot be used: {error.strerror}.", place=str(path)) from None
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Wait until no other process starts or stops the server of this folder."""
    descriptor = _opened(data / "start.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_last(use: int) -> bool:
    """Give up the shared lock and tell whether nobody else holds one."""
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(use, fcntl.LOCK_UN)
        return False
    return True
