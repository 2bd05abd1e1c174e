"""From what an identity provider says to a person of the organization's directory. Never by e-mail, never elsewhere.

The order: who signed in under this stable id before; the person whose externalId it is; the person of that userName
without case. A name that belongs to somebody who has another stable id is nobody's until the directory says so: names
are given to others, and the directory tells later than the identity provider.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.samlsettings import SamlChoices
from doorlist.saml.checks import Wrong, require
from doorlist.saml.incoming import Accepted
from doorlist.saml.names import CLAIM_DISPLAY_NAME, CLAIM_EMAIL, FORMATS
from doorlist.scim.core import USER_TYPE
from doorlist.scim.values import comparison_form
from doorlist.service import clock
from doorlist.store import organizations, signin_rows, users
from doorlist.store.audit import Entry
from doorlist.store.db import Connection
from doorlist.store.organizations import Organization
from doorlist.store.signin_rows import Known
from doorlist.store.users import UserRow


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody is said to be: a stable id, if there is one, and a user name."""

    issuer: str
    stable_id: str | None
    user_name: str


def claim_of(accepted: Accepted, choices: SamlChoices) -> Claim:
    """The names in an assertion, by the organization's choice of attributes. Raises `Wrong` for one that is missing."""
    stable = accepted.attributes.get(choices.stable_id_claim, ())
    require(len(stable) <= 1, "The attribute of the stable id has several values.")
    if choices.user_name_claim is None:
        user_name = accepted.name_id.value
    else:
        values = accepted.attributes.get(choices.user_name_claim, ())
        require(len(values) == 1, f"The attribute {choices.user_name_claim[:120]!r} has not exactly one value.")
        user_name = values[0]
    persistent = accepted.name_id.format == FORMATS["persistent"] and choices.user_name_claim is not None
    identifier = stable[0] if stable and stable[0] else accepted.name_id.value if persistent else None
    require(0 < len(user_name) <= 512, "The user name is empty or too long.")
    return Claim(accepted.issuer, identifier, user_name)


async def find_person(
    connection: Connection, organization: Organization, claim: Claim, choices: SamlChoices, *, now: datetime
) -> Known:
    """The active person who is meant, made where the organization wants that.

    Raises `Wrong` for somebody who is not known, not active, or not surely the one.
    """
    org_id = organization.org_id
    connection_id = await organizations.default_connection(connection, org_id)
    found, deleted = await _by_stable_id(connection, org_id, connection_id, claim)
    if found is None:
        key = fold(claim.user_name)
        found = await signin_rows.by_user_name(connection, org_id, key=key, connection_id=connection_id)
        if found is not None and claim.stable_id is not None:
            await _refuse_other_holder(connection, org_id, claim, found)
    if found is None:
        key = fold(claim.user_name)
        deleted = deleted or await signin_rows.was_buried(connection, org_id, key=key, connection_id=connection_id)
        require(not deleted, "This person was deleted.")
        require(
            choices.create_people and not organization.scim_enabled, f"Nobody is known as {claim.user_name[:120]!r}."
        )
        raise Unknown(connection_id)
    require(found.active, "This person is deactivated or blocked.")
    if claim.stable_id is not None:
        ids = {"issuer": claim.issuer, "subject": claim.stable_id}
        await signin_rows.link(connection, org_id, **ids, user_id=found.id, now=now)
    return found


class Unknown(Exception):  # noqa: N818 - the answer that leads to making the person
    """Nobody is known by that name, and the organization wants the person to be made in this directory."""

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(str(connection_id))
        self.connection_id = connection_id


async def create_person(
    connection: Connection,
    organization: Organization,
    claim: Claim,
    accepted: Accepted,
    found: Unknown,
    *,
    now: datetime,
) -> Known:
    """A new person of the organization's directory, so that SCIM finds and adopts the same one later."""
    identifier = clock.new_id(now)
    names = accepted.attributes.get(CLAIM_DISPLAY_NAME, ()) or (claim.user_name,)
    emails = accepted.attributes.get(CLAIM_EMAIL, ())[:1]
    document: dict[str, object] = {
        "schemas": [USER_TYPE.schema.urn],
        "userName": claim.user_name,
        "displayName": names[0],
        "active": True,
        **({"externalId": claim.stable_id} if claim.stable_id is not None else {}),
        **({"emails": [{"value": emails[0], "type": "work", "primary": True}]} if emails else {}),
    }
    actor = Actor("directory", str(found.connection_id), "saml")
    told = {"userName": claim.user_name, "active": True}
    event = Event(Action.USER_CREATED, TargetKind.USER, identifier, actor, clock.new_id(now), told)
    await users.insert_user(
        connection,
        UserRow(
            claim.user_name,
            fold(claim.user_name),
            claim.stable_id,
            names[0],
            True,
            json.dumps(document, separators=(",", ":"), ensure_ascii=False),
            json.dumps(comparison_form(USER_TYPE, document)),
        ),
        org_id=organization.org_id,
        connection_id=found.connection_id,
        identifier=identifier,
        entry=Entry.of(event),
        now=now,
    )
    return Known(identifier, claim.user_name, active=True, deleted=False)


async def _by_stable_id(
    connection: Connection, org_id: UUID, connection_id: UUID, claim: Claim
) -> tuple[Known | None, bool]:
    """The live person of a stable id, and whether it was somebody's who is deleted."""
    if claim.stable_id is None:
        return None, False
    linked = await signin_rows.by_link(
        connection, org_id, issuer=claim.issuer, subject=claim.stable_id, connection_id=connection_id
    )
    if linked is not None and not linked.deleted:
        return linked, False
    named = await signin_rows.by_external_id(
        connection, org_id, external_id=claim.stable_id, connection_id=connection_id
    )
    return (named[0] if len(named) == 1 else None), linked is not None


async def _refuse_other_holder(connection: Connection, org_id: UUID, claim: Claim, found: Known) -> None:
    ids = {"issuer": claim.issuer, "subject": claim.stable_id or ""}
    if await signin_rows.has_other_link(connection, org_id, **ids, user_id=found.id):
        raise Wrong(
            "The user name belongs to somebody who signed in under another stable id; the directory has to tell first."
        )
