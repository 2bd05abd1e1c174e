"""Sign-in of an organization: SAML, domains, who is signed in, and every try with its checks."""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from doorlist.domain.ids import parse_id
from doorlist.errors import BadInput
from doorlist.saml.checks import Wrong
from doorlist.saml.parties import check_address
from doorlist.service import (
    clock,
    fetching,
    finding,
    local_signin,
    realms,
    saml_keys,
    saml_setup,
    session_control,
    signin_log,
)
from doorlist.service.authority import require_manager
from doorlist.service.saml_setup import Fields
from doorlist.web import sso
from doorlist.web.console.visits import Visit

_PAGE: Final = 50
_METADATA: Final = 1 << 20
_SWITCHES: Final = ("idp_initiated", "sign_requests", "require_encryption", "force_authn", "create_people", "enforced")


async def security(visit: Visit) -> Response:
    """SAML with both sides' values, domains, and who is signed in."""
    setup = await saml_setup.show(visit.database, visit.administrator, visit.org, visit.settings.base_url)
    keys = await saml_keys.list_keys(visit.database, visit.administrator, visit.org_id)
    values = {
        "setup": setup,
        "keys": keys,
        "domains": await realms.list_domains(visit.database, visit.administrator, visit.org_id),
        "sessions": await session_control.list_sessions(visit.database, visit.administrator, visit.org_id, limit=_PAGE),
        "now": clock.now(),
    }
    return visit.page("console/security.html", values)


async def set_saml(visit: Visit) -> Response:
    """Set the identity provider by a file, by an address, or by single fields."""
    who = (visit.database, visit.administrator, visit.org)
    url, upload = visit.field("metadata_url"), visit.form.get("metadata")
    if isinstance(upload, UploadFile) and upload.size:
        identity = await saml_setup.set_from_metadata(*who, await upload.read(_METADATA))
    elif url:
        async with visit.database.reading() as connection:
            await require_manager(connection, visit.administrator, visit.org_id)
        data = await fetching.fetch(_checked(url), limit=_METADATA)
        identity = await saml_setup.set_from_metadata(*who, data, url=url)
    elif visit.field("entity_id"):
        typed = Fields(
            entity_id=visit.field("entity_id"),
            sso_url=visit.field("sso_url"),
            slo_url=visit.field("slo_url") or None,
            certificates=(visit.field("certificate"),) if visit.field("certificate") else (),
        )
        identity = await saml_setup.set_fields(*who, typed)
    else:
        raise BadInput("Give a metadata file, its address, or the single fields.", place="metadata")
    return visit.done(f"{identity.entity_id} signs people in now. Test it before you rely on it.", to=_back(visit))


async def choose(visit: Visit) -> Response:
    """Change how strictly people sign in."""
    changes: dict[str, Any] = {name: visit.field(name) == "on" for name in _SWITCHES}
    await saml_setup.choose(visit.database, visit.administrator, visit.org, changes)
    return visit.done("The choices are saved.", to=_address(visit))


async def add_certificate(visit: Visit) -> Response:
    """Pin one more certificate of the identity provider."""
    added = await saml_setup.add_certificate(
        visit.database, visit.administrator, visit.org_id, visit.field("certificate")
    )
    return visit.done(f"The certificate {added.fingerprint[:16]}… is accepted too.", to=_address(visit))


async def remove_certificate(visit: Visit) -> Response:
    """Accept a certificate no longer."""
    fingerprint = visit.field("fingerprint")
    await saml_setup.remove_certificate(visit.database, visit.administrator, visit.org_id, fingerprint)
    return visit.done("The certificate is not accepted any more.", to=_address(visit))


async def test(visit: Visit) -> Response:
    """Start a sign-in that opens no session and shows every check."""
    async with visit.database.reading() as connection:
        await require_manager(connection, visit.administrator, visit.org_id)
    return await sso.start(visit.request, visit.org, return_to="/", test=True)


async def rollover(visit: Visit) -> Response:
    """Begin to change our own key pair, or finish it."""
    who = (visit.database, visit.administrator, visit.org_id)
    if visit.field("do") == "finish":
        await saml_keys.finish_rollover(*who)
        return visit.done("The new certificate signs from now on.", to=_address(visit))
    await saml_keys.begin_rollover(*who, name=f"Doorlist {visit.org.slug}")
    return visit.done(
        "The next certificate is in the metadata. Let the identity provider read them, then finish.", to=_address(visit)
    )


async def change_domain(visit: Visit) -> Response:
    """Add, verify, vouch for or remove a domain."""
    verbs = {
        "add": realms.add_domain,
        "verify": realms.verify_domain,
        "vouch": realms.assert_domain,
        "remove": realms.remove_domain,
    }
    verb = verbs.get(visit.field("do"))
    if verb is None:
        raise BadInput("This is nothing that can be done with a domain.", place="do")
    await verb(visit.database, visit.administrator, visit.org_id, visit.field("domain"))
    return visit.done("The domains are changed.", to=_address(visit))


async def end_session(visit: Visit) -> Response:
    """End somebody's session at once."""
    await session_control.revoke_session(visit.database, visit.administrator, visit.org_id, visit.id("id"))
    return visit.done("The session is over.", to=_address(visit))


async def attempts(visit: Visit) -> Response:
    """The sign-in log."""
    query = visit.request.query_params
    before = query.get("before", "")
    found = await signin_log.list_attempts(
        visit.database,
        visit.administrator,
        visit.org_id,
        before=parse_id(before),
        refused=query.get("outcome") == "refused",
        limit=_PAGE + 1,
    )
    later = found[_PAGE - 1].id if len(found) > _PAGE else None
    values = {"lines": found[:_PAGE], "later": later, "outcome": query.get("outcome", "")}
    return visit.page("console/signins.html", values)


async def invite(visit: Visit) -> Response:
    """Make a link with which a person sets a password and one-time codes, and show it, this once."""
    person = await finding.person_by_id(visit.database, visit.org_id, visit.id("id"))
    token = await local_signin.make_link(
        visit.database, visit.administrator, visit.org_id, user_id=person.id, purpose=visit.field("purpose") or "invite"
    )
    address = f"{visit.settings.base_url}/signin/link/{token}"
    return visit.page("console/invitation.html", {"address": address, "person": person})


async def end_sessions_of(visit: Visit) -> Response:
    """End every session of a person."""
    user_id = visit.id("id")
    ended = await session_control.revoke_sessions_of(visit.database, visit.administrator, visit.org_id, user_id=user_id)
    return visit.done(f"{ended} sessions are over.", to=f"{visit.base}/members/{user_id}")


def _back(visit: Visit) -> str:
    """The page that the form was on: an IT contact has the set-up alone."""
    return f"{visit.base}/setup" if visit.request.url.path.startswith(f"{visit.base}/setup") else _address(visit)


def _checked(url: str) -> str:
    """An address that metadata may be read from. Raises `BadInput`."""
    try:
        return check_address(url, place="The metadata address")
    except Wrong as wrong:
        raise BadInput(str(wrong), place="metadata_url") from None


def _address(visit: Visit) -> str:
    return f"{visit.base}/security"
