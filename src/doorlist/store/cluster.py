"""One PostgreSQL data folder: created whole or not at all, configured, started, stopped, asked whether it answers.

Nothing here knows who else uses the server; `store.embedded` holds the locks under which these methods run. The
server listens on a Unix socket in a folder that only its own account can enter, never on the network.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from doorlist.errors import BadInput
from doorlist.store.account import Account, open_programs, open_way, serving_account
from doorlist.store.binaries import Binaries, locate

ROLE: Final = "doorlist"
PORT: Final = 5432
_SOCKET: Final = f".s.PGSQL.{PORT}"
_LONGEST_SOCKET: Final = 100  # sun_path holds 104 bytes on macOS and 108 on Linux, one of them a zero
_STARTING_UP: Final = b"57P03"  # SQLSTATE cannot_connect_now: starting, recovering or shutting down
_KEPT_LOGS: Final = 5

_SETTINGS: Final = {
    "listen_addresses": "''",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "cluster_name": "'doorlist'",
    "logging_collector": "on",
    "log_directory": "'log'",
    "log_filename": "'postgres-%Y%m%d-%H%M%S.log'",
    "log_rotation_size": "8MB",
    "log_rotation_age": "0",
}
_CARELESS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class State(Enum):
    """What a server says when asked to open a session."""

    ABSENT = "nobody listens"
    BUSY = "starting, recovering or stopping"
    READY = "answers"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster in a folder. `durable` False gives up crash safety for speed and is for tests only."""

    folder: Path
    durable: bool = True

    @property
    def url(self) -> str:
        """The address under which the running server's database is reached."""
        return f"postgresql://{ROLE}@/{ROLE}?host={quote(str(self._socket_folder()), safe='/')}&port={PORT}"

    def state(self) -> State:
        """Open a session and leave at once: the only proof that a server is there and works."""
        return _greet(self._socket_folder() / _SOCKET)

    def ensure(self) -> bool:
        """Bring the server to where it answers; create the cluster first if there is none. True if it was started.

        Raises:
            BadInput: it cannot be created or started; the end of the server's log is listed.
        """
        self._refuse_foreign()
        state = self._settled(State.BUSY, seconds=300)
        if state is State.READY:
            return False
        major = self._major()
        binaries = locate(major)
        account = serving_account(self.folder)
        if account is not None:
            open_programs(binaries.folder)
            open_way(self.folder)
        if major is None:
            self._create(binaries, account)
        elif account is not None and self.folder.stat().st_uid != account.uid:
            account.own(self.folder)
        self._start(binaries, account)
        return True

    def stop(self) -> None:
        """End every session and shut down cleanly; also a server that was about to answer.

        A server that is asked to end while it recovers from a crash stays as it is until the waiting is over; so the
        recovery is waited for. What is ended at once recovers at its next start, and nothing committed is lost.
        """
        if self.state() is State.ABSENT and not self._is_alive():
            return
        tool, account = locate(self._major()).program("pg_ctl"), serving_account(self.folder)
        recovering = self._settled(State.BUSY, seconds=20) is State.BUSY
        for mode in ("immediate",) if recovering else ("fast", "immediate"):
            command = [tool, "stop", "-D", str(self.folder), "-m", mode, "-w", "-t", "30"]
            if _run(command, account, self.folder).returncode == 0:
                break
        if (folder := self._socket_folder()) != self.folder:
            shutil.rmtree(folder, ignore_errors=True)

    def trim_logs(self) -> None:
        """Delete all but the newest log files; each is at most a little over 8 MB."""
        for path in sorted(self.folder.glob("log/postgres-*.log"))[:-_KEPT_LOGS]:
            path.unlink(missing_ok=True)

    def _major(self) -> int | None:
        """The major version of PostgreSQL that made the cluster, or None where there is no cluster."""
        try:
            return int((self.folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _refuse_foreign(self) -> None:
        try:
            occupied = self.folder.is_dir() and any(self.folder.iterdir())
            foreign = occupied and self._major() is None
        except PermissionError:
            raise BadInput(
                "The database folder belongs to another account. Run the command as that account or as root.",
                place=str(self.folder),
            ) from None
        if foreign:
            raise BadInput("The folder is not empty and holds no PostgreSQL cluster.", place=str(self.folder))

    def _create(self, binaries: Binaries, account: Account | None) -> None:
        """Build the cluster beside its place and move it there complete, so that a killed start leaves none."""
        building = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700, parents=True)
        if account is not None:
            account.own(building)
        for command, text in _creation(binaries, building, sync=self.durable):
            done = _run(command, account, building, text=text)
            if done.returncode != 0:
                raise BadInput("The database could not be created.", problems=_tail(done.stdout), place=str(building))
        with (building / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n# Written anew at every start. Settings of your own go below this line.\n")
            file.write("include 'doorlist.conf'\n")
        building.rename(self.folder)

    def _start(self, binaries: Binaries, account: Account | None) -> None:
        self._configure(account)
        self._clear_stale_pid(binaries, account)
        self.trim_logs()
        early = self.folder / "start.log"
        command = [binaries.program("pg_ctl"), "start", "-D", str(self.folder), "-l", str(early), "-w", "-t", "300"]
        deadline = time.monotonic() + 30
        while True:
            early.unlink(missing_ok=True)
            if _run(command, account, self.folder).returncode == 0:
                return
            reasons = self._reasons()
            # After kill -9 of the postmaster a session that is still computing holds the shared memory.
            if not any("still in use" in line for line in reasons) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        raise BadInput("The embedded PostgreSQL did not start.", problems=reasons, place=str(self.folder))

    def _reasons(self) -> tuple[str, ...]:
        """The end of what the server last said, before it had opened its log file or in it."""
        early = _read(self.folder / "start.log")
        newest = sorted(self.folder.glob("log/postgres-*.log"))[-1:]
        return _tail(early if "FATAL" in early or not newest else _read(newest[0]))

    def _configure(self, account: Account | None) -> None:
        settings = _SETTINGS | ({} if self.durable else _CARELESS)
        folder = str(self._socket_folder(account, create=True)).replace("'", "''")
        settings["unix_socket_directories"] = f"'{folder}'"
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        self._write("doorlist.conf", lines, account)

    def _write(self, name: str, text: str, account: Account | None) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        if account is not None:
            os.chown(path, account.uid, account.gid)

    def _socket_folder(self, account: Account | None = None, *, create: bool = False) -> Path:
        """The cluster folder, or where its path is too long for a socket the recorded short one."""
        if len(os.fsencode(self.folder / _SOCKET)) <= _LONGEST_SOCKET:
            return self.folder
        recorded = Path(_read(self.folder / "socket-folder") or os.devnull)
        if not create or _is_private(recorded, self.folder.stat().st_uid):
            return recorded
        folder = _short_folder(recorded)
        if account is not None:
            account.own(folder)
            open_way(folder)
        self._write("socket-folder", str(folder), account)
        return folder

    def _settled(self, state: State, *, seconds: float) -> State:
        """The server's state as soon as it is another than the one given, or after that time."""
        deadline = time.monotonic() + seconds
        while (now := self.state()) is state and time.monotonic() < deadline:
            time.sleep(0.02)
        return now

    def _is_alive(self) -> bool:
        """Whether the process that is recorded as the server is one, even if it does not answer."""
        pid = _read(self.folder / "postmaster.pid").partition("\n")[0].strip()
        return pid.isdigit() and _serves(int(pid), self.folder)

    def _clear_stale_pid(self, binaries: Binaries, account: Account | None) -> None:
        """Keep what a dead server left behind from stopping a new one.

        PostgreSQL itself detects a process id that is free. When the id went to an unrelated process, or to a dead
        one that nobody has reaped, the id is replaced by ours, which PostgreSQL takes for its starter's; the rest of
        the file stays, because the server finds the old shared memory by it.
        """
        record = self.folder / "postmaster.pid"
        pid, newline, rest = _read(record).partition("\n")
        if pid and not self._is_alive():
            record.write_text(f"{os.getpid()}{newline}{rest}")
        elif pid and self._settled(State.ABSENT, seconds=2) is State.ABSENT:  # its socket file was deleted
            command = [binaries.program("pg_ctl"), "stop", "-D", str(self.folder), "-m", "fast", "-w"]
            _run(command, account, self.folder)
        if self.state() is State.ABSENT:
            (self._socket_folder() / f"{_SOCKET}.lock").unlink(missing_ok=True)


def _creation(binaries: Binaries, folder: Path, *, sync: bool) -> Iterator[tuple[list[str], str]]:
    """The commands that make a cluster, each with what it reads."""
    command = [binaries.program("initdb"), "-D", str(folder), "--username", ROLE, "--auth", "trust"]
    command += ["--encoding", "UTF8", "--data-checksums", "--no-instructions", *([] if sync else ["--no-sync"])]
    if binaries.major >= 17:
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    else:
        command += ["--locale", "C.UTF-8"]
    yield command, ""
    yield [binaries.program("postgres"), "--single", "-D", str(folder), "postgres"], f"create database {ROLE}\n"


def _run(
    command: list[str], account: Account | None, folder: Path, *, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL free of this process's PG* variables, language and terminal signals."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    spawning: dict[str, Any] = {} if account is None else account.spawning()
    # A file, not a pipe: the server inherits the output and would keep a pipe open for its whole life.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            command,
            input=text,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=folder,
            env=environ | {"LC_ALL": "C"},
            start_new_session=True,
            **spawning,
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read())


def _greet(path: Path) -> State:
    """Send the startup message of the PostgreSQL protocol 3.0 and read the kind of the answer."""
    body = struct.pack("!i", 196608) + f"user\0{ROLE}\0database\0{ROLE}\0\0".encode()
    goodbye = b"X" + struct.pack("!i", 4)
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(5)
            channel.connect(str(path))
            channel.sendall(struct.pack("!i", len(body) + 4) + body + goodbye)
            answer = channel.recv(1024)
    except TimeoutError:
        return State.BUSY
    except OSError:
        return State.ABSENT
    return State.BUSY if not answer or (answer[:1] == b"E" and _STARTING_UP in answer) else State.READY


def _serves(pid: int, folder: Path) -> bool:
    """Whether a process is alive and is the server of a cluster folder, which is then its working directory."""
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - needed after a crash only

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == folder
    except psutil.Error:
        return False


def _is_private(folder: Path, uid: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == 0o700


_SHORT_PARENTS: Final = ("/tmp", "/var/tmp")  # noqa: S108 - mkdtemp makes a private folder below
"""Where a socket goes when TMPDIR names a folder whose path is too long for one."""


def _short_folder(wanted: Path) -> Path:
    """A private folder for a socket: again the one of the last start if its name is free."""
    if wanted.name.startswith("doorlist-"):
        try:
            wanted.mkdir(mode=0o700)
        except OSError:
            pass
        else:
            return wanted
    for parent in (None, *_SHORT_PARENTS):
        try:
            folder = Path(tempfile.mkdtemp(prefix="doorlist-", dir=parent))
        except OSError:
            continue
        if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET:
            return folder
        folder.rmdir()
    raise BadInput("The data folder and every folder for temporary files have paths too long for a socket.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _tail(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())[-8:]
