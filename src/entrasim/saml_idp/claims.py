"""What an assertion says of a person: the name of the subject and Entra's claims.

Entra leaves the groups claim out above 150 groups and sends a link instead; a claim without a value is not sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from entrasim.entries import FIELD_OF_ENTRA, Person
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import Addresses, SamlApplication
from entrasim.statefile import StateFile

GROUP_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Name:
    """A NameID: its text and the URI of its format."""

    text: str
    format: str


Attributes = tuple[tuple[str, tuple[str, ...]], ...]
"""Claims in order: name and values."""


def attribute_of(person: Person, source: str) -> str | None:
    """Return a directory attribute by its Entra name."""
    if source == "objectId":
        return person.id
    value: str | None = getattr(person, FIELD_OF_ENTRA[source])
    return value


def name_of(person: Person, application: SamlApplication, *, asked: str | None, secret: str, one_time: str) -> Name:
    """Return the NameID of a person.

    Args:
        asked: the URI of the format that the request's NameIDPolicy asks for; None leaves the choice to the settings.
        secret: what persistent names are derived from.
        one_time: what a transient name is.
    """
    wanted = asked or names.NAME_FORMATS[application.name_format]
    if wanted == names.NAME_FORMATS["transient"]:
        return Name(one_time, wanted)
    if wanted == names.NAME_FORMATS["persistent"]:
        digest = hmac.digest(secret.encode(), f"{application.entity_id}\n{person.id}".encode(), hashlib.sha256)
        return Name(base64.urlsafe_b64encode(digest).decode().rstrip("="), wanted)
    return Name(attribute_of(person, application.name_source) or person.user_principal_name, wanted)


def attributes_of(
    state: StateFile, person: Person, application: SamlApplication, *, addresses: Addresses
) -> Attributes:
    """Return the claims about a person in the order in which they are sent."""
    found: list[tuple[str, tuple[str, ...]]] = [(names.CLAIM_TENANT, (addresses.tenant,))]
    for claim in application.claims:
        value = attribute_of(person, claim.source)
        if value:
            found.append((claim.name, (value,)))
    found.append((names.CLAIM_PROVIDER, (addresses.issuer,)))
    if application.group_claim != "none":
        found += _groups(state, person, only_assigned=application.group_claim == "assigned", addresses=addresses)
    return tuple(found)


def _groups(
    state: StateFile, person: Person, *, only_assigned: bool, addresses: Addresses
) -> list[tuple[str, tuple[str, ...]]]:
    rows = state.rows(
        "select g.id from memberships m join groups g on g.key = m.group_key"
        " where m.person_key = ? and m.present = 1 and g.deleted_at is null"
        " and (? = 0 or exists (select 1 from assignments a where a.kind = 'group' and a.key = g.key))"
        " order by g.name_key",
        (person.key, int(only_assigned)),
    )
    if not rows:
        return []
    if len(rows) > GROUP_LIMIT:
        link = f"{addresses.base}/{addresses.tenant}/users/{person.id}/getMemberObjects"
        return [(names.CLAIM_GROUPS_LINK, (link,))]
    return [(names.CLAIM_GROUPS, tuple(identifier for (identifier,) in rows))]
