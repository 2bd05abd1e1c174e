"""The system account that the embedded PostgreSQL runs under, and what that account must be able to reach.

PostgreSQL refuses to run as root. For root this module names an unprivileged account (the owner of an existing
cluster, otherwise `doorlist`, created when missing) and opens the way to the programs and the data: it lets others
pass through a folder, never list it. For everybody else there is nothing to do.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doorlist.errors import BadInput

NAME = "doorlist"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id that PostgreSQL's programs are started with."""

    uid: int
    gid: int

    def spawning(self) -> dict[str, Any]:
        """The arguments with which `subprocess` starts a program under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Hand a folder and everything in it to this account; links are not followed."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def serving_account(cluster: Path) -> Account | None:
    """The account for a cluster folder, or None when the present one will do.

    Raises:
        BadInput: this is root and there is no account, nor a way to create one.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    if cluster.is_dir():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    return _named_account() or _created_account()


def open_way(path: Path) -> None:
    """Let every account pass through the folders above a path. Only root calls it."""
    for parent in path.resolve().parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def open_programs(folder: Path) -> None:
    """Let every account run the programs of an installation whose bin folder this is. Only root calls it.

    A package installed under a strict umask is readable by root alone; what is public is made readable.
    """
    open_way(folder / "postgres")
    root = folder.parent
    if root.stat().st_mode & stat.S_IROTH and (folder / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    bundled = root.parent.with_name(f"{root.parent.name}.libs")
    for top in (root, bundled):
        for path in (top, *top.rglob("*")) if top.is_dir() else ():
            if not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _named_account() -> Account | None:
    import pwd  # noqa: PLC0415 - absent on Windows, where this is never reached

    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _created_account() -> Account:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is not None:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", NAME]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed words
    account = _named_account()  # another process may have created it meanwhile
    if account is None:
        raise BadInput(
            f"PostgreSQL does not run as root, and the system account {NAME!r} that it would run under could not be "
            "created. Create it, run Doorlist as an ordinary user, or name a server with --database-url."
        )
    return account
