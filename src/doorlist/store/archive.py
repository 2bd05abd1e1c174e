"""The file of a backup: a dump of PostgreSQL, then what was saved, then a checksum over both.

    DOORLIST-BACKUP-1\\n | dump | manifest as JSON | its length, 8 bytes | SHA-256 of everything before, 32 bytes

A file is read only after its checksum was compared, so that a damaged one is refused whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from doorlist.errors import BadInput

_MAGIC: Final = b"DOORLIST-BACKUP-1\n"
_PIECE: Final = 1 << 20
_LENGTH, _DIGEST = 8, 32
_LONGEST_MANIFEST: Final = 1 << 24


class Table(msgspec.Struct, frozen=True):
    """How many rows a table has, and a sum over all of them that does not depend on their order."""

    rows: int
    digest: str


class Manifest(msgspec.Struct, frozen=True):
    """What was saved: at which migration and moment, of which PostgreSQL, and what each table held."""

    migration: str
    taken_at: datetime
    server: int
    tables: dict[str, Table]


@contextmanager
def writing(path: Path) -> Iterator[tuple[BinaryIO, Callable[[Manifest], None]]]:
    """A new file for the dump, and what ends it; the file has its name only when it is whole and on the disk.

    Nobody but its owner may read it. Raises `BadInput` where there is a file already or none can be made.
    """
    if path.exists():
        raise BadInput("There is a file of this name already.", place=str(path))
    part = path.with_name(path.name + ".part")
    try:
        with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            file.write(_MAGIC)
            file.flush()
            yield file, lambda manifest: _finish(file, manifest)
        part.rename(path)
    except OSError as error:
        raise BadInput(f"The backup cannot be written: {error.strerror}.", place=str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def _finish(file: BinaryIO, manifest: Manifest) -> None:
    file.seek(0, os.SEEK_END)
    said = msgspec.json.encode(manifest)
    file.write(said + len(said).to_bytes(_LENGTH, "big"))
    file.flush()
    file.write(_digest(file, file.tell()))
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def reading(path: Path) -> Iterator[tuple[Manifest, Iterator[bytes]]]:
    """What was saved, and the dump in pieces. Raises `BadInput` for a file that is damaged, or no backup at all."""
    try:
        with path.open("rb") as file:
            manifest, end = _checked(file, path)
            file.seek(len(_MAGIC))
            yield manifest, _pieces(file, end - len(_MAGIC))
    except OSError as error:
        raise BadInput(f"The backup cannot be read: {error.strerror}.", place=str(path)) from None


def _checked(file: BinaryIO, path: Path) -> tuple[Manifest, int]:
    """The manifest, and where the dump ends."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size < len(_MAGIC) + _LENGTH + _DIGEST or file.read(len(_MAGIC)) != _MAGIC:
        raise BadInput("The file is no backup of Doorlist, or its beginning is damaged.", place=str(path))
    file.seek(size - _DIGEST)
    if file.read(_DIGEST) != _digest(file, size - _DIGEST):
        raise BadInput("The backup is damaged: its checksum does not fit. Nothing was restored.", place=str(path))
    file.seek(size - _DIGEST - _LENGTH)
    length = int.from_bytes(file.read(_LENGTH), "big")
    end = size - _DIGEST - _LENGTH - length
    if length > _LONGEST_MANIFEST or end < len(_MAGIC):
        raise BadInput("The backup has no list of what was saved.", place=str(path))
    file.seek(end)
    try:
        return msgspec.json.decode(file.read(length), type=Manifest), end
    except msgspec.DecodeError:
        raise BadInput("The backup's list of what was saved cannot be read.", place=str(path)) from None


def _digest(file: BinaryIO, end: int) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    for piece in _pieces(file, end):
        digest.update(piece)
    file.seek(0, os.SEEK_END)
    return digest.digest()


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (piece := file.read(min(_PIECE, length))):
        length -= len(piece)
        yield piece
