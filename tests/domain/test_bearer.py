from __future__ import annotations

import hashlib

import pytest

from doorlist.domain import bearer

TOKEN = bearer.mint(bytes(range(32)))


def test_a_token_spells_all_its_bits() -> None:
    assert len(TOKEN) == len(bearer.mint(bytes(32))) == len(bearer.mint(b"\xff" * 32)) == 57
    assert TOKEN.startswith("dl_scim_")
    assert TOKEN.isascii()
    assert TOKEN[8:].isalnum()
    assert len({bearer.mint(bytes(31) + bytes([last])) for last in range(256)}) == 256


@pytest.mark.parametrize(
    "text", ["", "dl_scim_", TOKEN[:-1], TOKEN + "0", TOKEN.swapcase(), "x" + TOKEN[1:], TOKEN[:20] + "~" + TOKEN[21:]]
)
def test_a_mistyped_token_is_not_well_formed(text: str) -> None:
    assert bearer.is_well_formed(TOKEN)
    assert not bearer.is_well_formed(text)


def test_a_token_is_stored_as_its_hash_and_shown_by_its_start() -> None:
    assert bearer.digest(TOKEN) == hashlib.sha256(TOKEN.encode()).digest()
    assert bearer.hint(TOKEN) == TOKEN[:12]
    assert bearer.digest("\udc80")
