"""For each way in which a directory's request fails: who can mend it, and where. Values only.

What happened is the refusal's own sentence; this adds the two things that it does not know. A code without an entry
of its own is explained by its status, so that there is an answer for every failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Who(StrEnum):
    """Who has to act."""

    DIRECTORY = "directory administrator"
    DOORLIST = "Doorlist administrator"
    NOBODY = "nobody: wait"


@dataclass(frozen=True, slots=True)
class Advice:
    """Who can mend a failure and where they do it."""

    who: Who
    where: str


_MAPPING: Final = "in the directory, the attribute mapping of the application: the attribute that the answer names"
_RENEW: Final = (
    "in Doorlist create a token (doorlist token create, or token rotate while the old one lives), then put it into the "
    "directory's provisioning settings and test the connection"
)
_CLIENT: Final = "with the maker of the SCIM client: the request is not what RFC 7644 describes"
_LATER: Final = "nowhere; directories repeat a failed request by themselves (Entra in about 40 minutes)"

_BY_CODE: Final = {
    "unauthenticated": Advice(
        Who.DIRECTORY, "in the directory's provisioning settings: the secret token is missing, cut or of another system"
    ),
    "token-expired": Advice(Who.DOORLIST, _RENEW),
    "token-revoked": Advice(Who.DOORLIST, _RENEW),
    "forbidden": Advice(Who.DOORLIST, "in Doorlist, the scopes of the token: create one that has the missing scope"),
    "plan-too-low": Advice(Who.DOORLIST, "in Doorlist, the organization's plan: doorlist org set SLUG --plan"),
    "scim-disabled": Advice(Who.DOORLIST, "in Doorlist, the organization's switch: doorlist org set SLUG --scim"),
    "connection-paused": Advice(Who.DOORLIST, "in Doorlist: doorlist connection resume; the directory then catches up"),
    "taken": Advice(
        Who.DIRECTORY,
        "in the directory: two objects have the same value, or the matching attribute does not find the existing one",
    ),
    "conflict": Advice(Who.DOORLIST, "in Doorlist, at the person or group that the answer names"),
    "invalid-value": Advice(Who.DIRECTORY, _MAPPING),
    "mutability": Advice(Who.DIRECTORY, _MAPPING),
    "no-target": Advice(Who.DIRECTORY, _MAPPING),
    "invalid-path": Advice(Who.DIRECTORY, _MAPPING),
    "invalid-filter": Advice(
        Who.DIRECTORY, "in the directory, the matching attribute of the attribute mapping; the names are at /Schemas"
    ),
    "invalid-syntax": Advice(Who.DIRECTORY, _CLIENT),
    "invalid-version": Advice(Who.DIRECTORY, "in the directory, the tenant URL: it ends in /scim/v2"),
    "not-found": Advice(
        Who.DIRECTORY,
        "in the directory: the tenant URL has to end in /scim/v2; if it does, the object was deleted here, and the "
        "directory creates it again when provisioning is restarted",
    ),
    "too-many": Advice(Who.DIRECTORY, "in the directory: ask for fewer at a time, by a narrower filter"),
    "too-large": Advice(
        Who.DOORLIST, "on the server: DOORLIST_MAX_BODY_BYTES; or have the directory send less at once"
    ),
    "version-mismatch": Advice(Who.NOBODY, _LATER),
    "unavailable": Advice(Who.NOBODY, _LATER),
    "client-gone": Advice(Who.NOBODY, "nowhere, unless it happens often: then look at the network and proxies between"),
    "internal": Advice(Who.DOORLIST, "in the log of the server, under the request id"),
}


def advice(code: str | None, status: int) -> Advice | None:
    """What to do about an answer; None for one that is no failure."""
    if status < 400:
        return None
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status == 503:
        return Advice(Who.NOBODY, _LATER)
    return _BY_CODE["internal"] if status >= 500 and status != 501 else Advice(Who.DIRECTORY, _CLIENT)
