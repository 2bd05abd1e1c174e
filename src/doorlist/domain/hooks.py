"""Webhooks by the Standard Webhooks convention: which events there are, how one is signed, when it is repeated. Pure.

Events of people, groups and attention are told one by one; of each kind only the first few of a minute, the rest in
one summary, so that the first push of a directory does not flood anybody. Nothing is left out of the counts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from doorlist.domain.events import Action

EVENTS: Final[Mapping[str, str]] = {
    "person.activated": "a person was created active, reactivated or unblocked",
    "person.deactivated": "a person was deactivated, blocked or deleted",
    "group.changed": "a group was created, renamed or deleted, or its members changed",
    "access.gained": "a person's level on a workspace or folder rose",
    "access.lost": "a person's level on a workspace or folder fell",
    "token.expiring": "a token of the directory ends soon",
    "attention.raised": "something waits for an administrator's decision",
}
"""Every event with when it is told; `.summary` behind a name tells of several."""

PING: Final = "webhook.ping"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how every secret starts
SINGLES: Final = 10
"""How many events of a kind are told one by one within a minute."""

NAMED: Final = 100
"""How many events a summary names; its count is exact."""

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800, 28800)
)
"""How long to wait after each failure of one message; after the last the endpoint is switched off."""

_ACTIVATED: Final = {Action.USER_REACTIVATED.value, Action.USER_UNBLOCKED.value}
_DEACTIVATED: Final = {Action.USER_DEACTIVATED.value, Action.USER_DELETED.value, Action.USER_BLOCKED.value}
_GROUP_CHANGED: Final = {
    Action.GROUP_CREATED.value,
    Action.GROUP_CHANGED.value,
    Action.GROUP_MEMBERS_CHANGED.value,
    Action.GROUP_DELETED.value,
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell: the name of the event, and what it is about as JSON values."""

    event: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many events of each kind were told one by one within the present minute."""

    used: Mapping[str, int] = field(default_factory=dict)


def event_of(action: str, *, active: bool | None) -> str | None:
    """The event that an entry of the audit log stands for; `active` is what a new person was created as."""
    if action == Action.USER_CREATED.value:
        return "person.activated" if active else None
    if action in _ACTIVATED:
        return "person.activated"
    if action in _DEACTIVATED:
        return "person.deactivated"
    return "group.changed" if action in _GROUP_CHANGED else None


def coalesce(happenings: Iterable[Happening], budget: Budget) -> tuple[list[Happening], Budget]:
    """What is told of events: the first of each kind one by one as far as the budget goes, then one summary each."""
    used, told = dict(budget.used), list[Happening]()
    rest: dict[str, list[Mapping[str, Any]]] = {}
    for one in happenings:
        if one.event not in rest and used.get(one.event, 0) < SINGLES:
            used[one.event] = used.get(one.event, 0) + 1
            told.append(one)
        else:
            rest.setdefault(one.event, []).append(one.data)
    for event, many in rest.items():
        told.append(Happening(f"{event}.summary", {"count": len(many), "first": many[:NAMED]}))
    return told, Budget(used)


def wanted(event: str, events: Sequence[str]) -> bool:
    """Whether an endpoint that asked for events (none named: all) is told of one."""
    return not events or event == PING or event.removesuffix(".summary") in events


def new_secret(random: bytes) -> str:
    """The secret that spells random bytes (24 to 64 of them)."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret, so that a rotation has an overlap."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def pause_after(failures: int) -> timedelta | None:
    """How long to wait after so many failures of one message in a row; None: no more."""
    return PAUSES[failures - 1] if failures <= len(PAUSES) else None


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
