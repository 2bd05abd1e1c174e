"""The corpus of the coverage-guided fuzzer, and small changes of it: bytes are refused or understood, never a fault."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, PARSERS
from tests.fuzz.targets import TARGETS, feed

FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_before_is_no_fault(path: Path) -> None:
    data = path.read_bytes()
    feed(path.parent.name, data)
    chance = random.Random(data)
    for _ in range(60):
        feed(path.parent.name, _changed(chance, data))


def _changed(chance: random.Random, data: bytes) -> bytes:
    """The bytes with a piece left out, doubled, or replaced by a piece of another file of the same target."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.randrange(1, 12))
    piece = chance.choice([b"", data[start:end] * 2, bytes(chance.randrange(256) for _ in range(3)), b'"', b"["])
    return data[:start] + piece + data[end:]


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in FILES} == set(TARGETS) == set(PARSERS)


def test_a_fault_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: bytes) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setitem(TARGETS, "filter", failing)
    with pytest.raises(IndexError):
        feed("filter", b"title pr")
