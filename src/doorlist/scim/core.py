"""The schemas of RFC 7643: User (section 4.1), Group (4.2) and the enterprise extension (4.3). Data only."""

from __future__ import annotations

from typing import Final

from doorlist.scim.schema import (
    LONGEST_KEY,
    Attribute,
    Extension,
    Mutability,
    ResourceType,
    Returned,
    Schema,
    Type,
    Uniqueness,
)

USER_URN: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def _plural(
    name: str, description: str, *, value: Attribute, types: tuple[str, ...] = (), read_only: bool = False
) -> Attribute:
    """A multi-valued attribute with the default sub-attributes of RFC 7643 section 2.4."""
    return Attribute(
        name,
        Type.COMPLEX,
        description,
        multi_valued=True,
        mutability=Mutability.READ_ONLY if read_only else Mutability.READ_WRITE,
        sub_attributes=(
            value,
            Attribute("display", Type.STRING, "Name of the value for people."),
            Attribute("type", Type.STRING, "Label of the value's function.", canonical_values=types),
            Attribute("primary", Type.BOOLEAN, "Whether this is the preferred value; true at most once."),
        ),
    )


def _value(description: str, kind: Type = Type.STRING, **characteristics: object) -> Attribute:
    return Attribute("value", kind, description, **characteristics)  # type: ignore[arg-type] # checked by tests


_NAME = Attribute(
    "name",
    Type.COMPLEX,
    "The parts of the person's name.",
    sub_attributes=(
        Attribute("formatted", Type.STRING, "The whole name as it is shown."),
        Attribute("familyName", Type.STRING, "Family name."),
        Attribute("givenName", Type.STRING, "Given name."),
        Attribute("middleName", Type.STRING, "Middle names."),
        Attribute("honorificPrefix", Type.STRING, "Title before the name."),
        Attribute("honorificSuffix", Type.STRING, "Suffix after the name."),
    ),
)

_ADDRESSES = Attribute(
    "addresses",
    Type.COMPLEX,
    "Postal addresses.",
    multi_valued=True,
    sub_attributes=(
        Attribute("formatted", Type.STRING, "The whole address as it is shown."),
        Attribute("streetAddress", Type.STRING, "Street, number, and what belongs to them."),
        Attribute("locality", Type.STRING, "City."),
        Attribute("region", Type.STRING, "State or region."),
        Attribute("postalCode", Type.STRING, "Postal code."),
        Attribute("country", Type.STRING, "Country, as two letters of ISO 3166-1."),
        Attribute("type", Type.STRING, "Label of the address's function.", canonical_values=("work", "home", "other")),
        Attribute("primary", Type.BOOLEAN, "Whether this is the preferred address; true at most once."),
    ),
)

_USER_GROUPS = Attribute(
    "groups",
    Type.COMPLEX,
    "The groups that the person belongs to; changed at the groups.",
    multi_valued=True,
    mutability=Mutability.READ_ONLY,
    sub_attributes=(
        Attribute("value", Type.STRING, "Id of the group.", case_exact=True, mutability=Mutability.READ_ONLY),
        Attribute(
            "$ref", Type.REFERENCE, "Address of the group.",
            case_exact=True, mutability=Mutability.READ_ONLY, reference_types=("Group",),
        ),
        Attribute("display", Type.STRING, "Name of the group.", mutability=Mutability.READ_ONLY),
        Attribute(
            "type", Type.STRING, "How the person belongs to the group.",
            mutability=Mutability.READ_ONLY, canonical_values=("direct", "indirect"),
        ),
    ),
)  # fmt: skip

USER: Final = Schema(
    USER_URN,
    "User",
    "A person.",
    (
        Attribute(
            "userName", Type.STRING, "The name by which the directory and the sign-in know the person.",
            required=True, uniqueness=Uniqueness.SERVER, longest=LONGEST_KEY,
        ),
        _NAME,
        Attribute("displayName", Type.STRING, "The name shown to others."),
        Attribute("nickName", Type.STRING, "The casual name."),
        Attribute(
            "profileUrl", Type.REFERENCE, "Address of a profile page.", case_exact=True, reference_types=("external",)
        ),
        Attribute("title", Type.STRING, "Job title."),
        Attribute("userType", Type.STRING, "Relationship to the organization."),
        Attribute("preferredLanguage", Type.STRING, "Preferred language, as in Accept-Language."),
        Attribute("locale", Type.STRING, "Locale for formats, such as en-US."),
        Attribute("timezone", Type.STRING, "Time zone, such as Europe/Madrid."),
        Attribute("active", Type.BOOLEAN, "Whether the person may sign in and has access."),
        # Not published: Microsoft's validator would compare what it sent with what is told.
        Attribute(
            "password", Type.STRING, "Accepted and discarded: people sign in through their organization.",
            case_exact=True, mutability=Mutability.WRITE_ONLY, returned=Returned.NEVER, published=False,
        ),
        _plural("emails", "E-mail addresses.", value=_value("The address."), types=("work", "home", "other")),
        _plural(
            "phoneNumbers", "Phone numbers.", value=_value("The number, as it was sent."),
            types=("work", "home", "mobile", "fax", "pager", "other"),
        ),
        _plural(
            "ims", "Instant messaging addresses.", value=_value("The address."),
            types=("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        ),
        _plural(
            "photos", "Addresses of pictures.",
            value=_value("Address of the picture.", Type.REFERENCE, case_exact=True, reference_types=("external",)),
            types=("photo", "thumbnail"),
        ),
        _ADDRESSES,
        _USER_GROUPS,
        _plural("entitlements", "Entitlements of the person.", value=_value("The entitlement.")),
        _plural("roles", "Roles of the person.", value=_value("The role.")),
        _plural(
            "x509Certificates", "Certificates of the person.",
            value=_value("A certificate, as base64 of its DER form.", Type.BINARY, case_exact=True),
        ),
    ),
)  # fmt: skip

ENTERPRISE: Final = Schema(
    ENTERPRISE_URN,
    "EnterpriseUser",
    "What an employer knows of a person.",
    (
        Attribute("employeeNumber", Type.STRING, "Number or code of the employee."),
        Attribute("costCenter", Type.STRING, "Cost center."),
        Attribute("organization", Type.STRING, "Organization."),
        Attribute("division", Type.STRING, "Division."),
        Attribute("department", Type.STRING, "Department."),
        Attribute(
            "manager", Type.COMPLEX, "The person's manager.",
            sub_attributes=(
                Attribute("value", Type.STRING, "Id of the manager.", case_exact=True),
                Attribute(
                    "$ref", Type.REFERENCE, "Address of the manager.", case_exact=True, reference_types=("User",)
                ),
                Attribute("displayName", Type.STRING, "Name of the manager.", mutability=Mutability.READ_ONLY),
            ),
        ),
    ),
)  # fmt: skip

GROUP: Final = Schema(
    GROUP_URN,
    "Group",
    "A group of people. Members are people only: a group as a member is refused with invalidValue.",
    (
        Attribute(
            "displayName", Type.STRING, "Name of the group, unique within the directory without regard to case.",
            required=True, uniqueness=Uniqueness.SERVER, longest=LONGEST_KEY,
        ),
        Attribute(
            "members", Type.COMPLEX, "The people in the group.", multi_valued=True,
            sub_attributes=(
                Attribute("value", Type.STRING, "Id of the person.", case_exact=True, mutability=Mutability.IMMUTABLE),
                Attribute(
                    "$ref", Type.REFERENCE, "Address of the person.",
                    case_exact=True, mutability=Mutability.IMMUTABLE, reference_types=("User",),
                ),
                # On request only: it is the person's name, not what was sent, and large groups need no names.
                Attribute(
                    "display", Type.STRING, "Name of the person; told when attributes asks for members.display.",
                    mutability=Mutability.READ_ONLY, returned=Returned.REQUEST,
                ),
                Attribute(
                    "type", Type.STRING, "Kind of the member; always User.",
                    mutability=Mutability.IMMUTABLE, canonical_values=("User",),
                ),
            ),
        ),
    ),
)  # fmt: skip

USER_TYPE: Final = ResourceType("User", "/Users", "People", USER, (Extension(ENTERPRISE),))
GROUP_TYPE: Final = ResourceType("Group", "/Groups", "Groups of people", GROUP)
RESOURCE_TYPES: Final = (USER_TYPE, GROUP_TYPE)
