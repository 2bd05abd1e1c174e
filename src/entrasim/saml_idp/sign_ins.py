"""Browsers that signed in at the identity provider, and the assertions each of them took away.

The cookie is a random text of which only a hash is kept; a sign-in ends after eight hours, at a logout, or as soon as
the account is disabled or deleted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrasim.entries import Person
from entrasim.people import get_person, timestamp
from entrasim.saml_idp.claims import Name
from entrasim.statefile import StateFile

LASTS = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser's sign-in: who, and since when (RFC 3339)."""

    cookie_hash: str
    person: Person
    began: str


@dataclass(frozen=True, slots=True)
class Given:
    """An assertion that was given to the application within a sign-in: what a logout names."""

    id: str
    name: Name


def begin_sign_in(state: StateFile, cookie: str, *, person: Person, now: datetime) -> SignIn:
    """Remember a browser; sign-ins that ended are forgotten."""
    hashed = _hash(cookie)
    with state.transaction():
        state.run("delete from sign_ins where expires <= ?", (timestamp(now),))
        state.run("delete from assertions where cookie_hash not in (select cookie_hash from sign_ins)")
        state.run(
            "insert into sign_ins values (?, ?, ?, ?)",
            (hashed, person.key, timestamp(now), timestamp(now + LASTS)),
        )
    return SignIn(hashed, person, timestamp(now))


def find_sign_in(state: StateFile, cookie: str | None, *, now: datetime) -> SignIn | None:
    """Return the sign-in of a cookie while it lasts and the person is active."""
    if not cookie:
        return None
    row = state.find(
        "select cookie_hash, person_key, began from sign_ins where cookie_hash = ? and expires > ?",
        (_hash(cookie), timestamp(now)),
    )
    person = None if row is None else get_person(state, row[1])
    return None if row is None or person is None or not person.active else SignIn(row[0], person, row[2])


def end_sign_in(state: StateFile, sign_in: SignIn) -> None:
    """Forget a browser and what it took away."""
    with state.transaction():
        state.run("delete from assertions where cookie_hash = ?", (sign_in.cookie_hash,))
        state.run("delete from sign_ins where cookie_hash = ?", (sign_in.cookie_hash,))


def keep_assertion(state: StateFile, sign_in: SignIn, *, assertion_id: str, name: Name, now: datetime) -> None:
    """Remember that an assertion was given to this browser."""
    state.run(
        "insert or ignore into assertions values (?, ?, ?, ?, ?)",
        (assertion_id, sign_in.cookie_hash, name.text, name.format, timestamp(now)),
    )


def newest_assertion(state: StateFile, sign_in: SignIn) -> Given | None:
    """Return what the browser took away last, None where it never went to the application."""
    row = state.find(
        "select id, name_id, name_format from assertions where cookie_hash = ? order by issued desc limit 1",
        (sign_in.cookie_hash,),
    )
    return None if row is None else Given(row[0], Name(row[1], row[2]))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
