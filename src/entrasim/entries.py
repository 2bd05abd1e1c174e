"""What the directory holds, as values: people, groups, and the table of a person's attributes.

`ATTRIBUTES` is the one place that knows how an attribute is called in Entra, in a CSV header and in the state
file. No I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a person: its field in `Person`, its name in Entra, further CSV column names."""

    field: str
    entra: str
    columns: tuple[str, ...] = ()


ATTRIBUTES = (
    Attribute("handle", "mailNickname"),
    Attribute("user_principal_name", "userPrincipalName", ("user_name", "upn")),
    Attribute("display_name", "displayName"),
    Attribute("given_name", "givenName"),
    Attribute("surname", "surname", ("family_name",)),
    Attribute("mail", "mail", ("email",)),
    Attribute("job_title", "jobTitle", ("title",)),
    Attribute("department", "department"),
    Attribute("employee_id", "employeeId", ("employee_number",)),
    Attribute("preferred_language", "preferredLanguage"),
    Attribute("office", "physicalDeliveryOfficeName"),
    Attribute("street", "streetAddress"),
    Attribute("city", "city"),
    Attribute("state", "state"),
    Attribute("postal_code", "postalCode"),
    Attribute("country", "country"),
    Attribute("phone", "telephoneNumber"),
    Attribute("mobile", "mobile"),
    Attribute("fax", "facsimileTelephoneNumber", ("fax_number",)),
)
FIELDS = tuple(attribute.field for attribute in ATTRIBUTES)
FIELD_OF_ENTRA = {attribute.entra: attribute.field for attribute in ATTRIBUTES}


def squash(name: str) -> str:
    """Spell a column name without case, blanks and separators, so that `Job Title` is `job_title`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


_FIELD_OF_COLUMN = {
    squash(name): attribute.field
    for attribute in ATTRIBUTES
    for name in (attribute.field, attribute.entra, *attribute.columns)
}


def field_of_column(column: str) -> str | None:
    """Return the `Person` field that a CSV column or command line name means, or None."""
    return _FIELD_OF_COLUMN.get(squash(column))


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person of the directory.

    `key` is the row of the state file, `id` the GUID that Entra would call object id. Times are RFC 3339 texts in
    UTC. `edited` and `synced` are change numbers: of the last change of an attribute, and up to which the target
    is known to be right.
    """

    key: int
    id: str
    handle: str
    user_principal_name: str
    display_name: str | None = None
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    job_title: str | None = None
    department: str | None = None
    employee_id: str | None = None
    preferred_language: str | None = None
    office: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    manager: int | None = None
    account_enabled: int = 1
    soft_deleted_at: str | None = None
    purged_at: str | None = None
    edited: int = 0
    touched: int = 0
    synced: int = 0

    @property
    def name(self) -> str:
        """What a log line calls the person."""
        return self.display_name or self.user_principal_name

    @property
    def active(self) -> bool:
        """True while the account is enabled and in neither the recycle bin nor the past."""
        return bool(self.account_enabled) and self.soft_deleted_at is None and self.purged_at is None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One group. `parent` is information only: Entra's provisioning does not resolve nested groups."""

    key: int
    id: str
    name: str
    description: str | None = None
    parent: str | None = None
    deleted_at: str | None = None
    edited: int = 0
    touched: int = 0
    synced: int = 0
