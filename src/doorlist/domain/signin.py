"""Sign-in as values: the ways in, and somebody who is signed in. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.domain.tenancy import Administrator, Plan


class Method(StrEnum):
    """How somebody proved who they are."""

    SAML = "saml"
    PASSWORD = "password"  # noqa: S105 - the name of a way in
    PASSKEY = "passkey"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session and the person it belongs to, as they were when the request was made.

    Attributes:
        form_key: 16 random bytes that the forms of this session carry; another site does not know them.
    """

    org_id: UUID
    org_slug: str
    org_name: str
    plan: Plan
    session_id: UUID
    user_id: UUID
    user_name: str
    display_name: str
    role: Role
    method: Method
    form_key: bytes
    created_at: datetime
    rotated_at: datetime
    seen_at: datetime
    expires_at: datetime

    def acting(self, source: str = "console") -> Administrator:
        """The person as the one who acts, for the verbs of the service layer."""
        return Administrator(self.user_name, source, org_id=self.org_id, user_id=self.user_id)
