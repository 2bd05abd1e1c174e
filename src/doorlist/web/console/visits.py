"""A visit: one request of somebody who is signed in, with what every page needs to know.

Decides who is asking, refuses what does not come from one of our own forms, and turns a refusal of the service into
a page. A handler takes a `Visit` and gives an answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from doorlist.config import Settings
from doorlist.domain.ids import parse_id
from doorlist.domain.levels import Role
from doorlist.domain.signin import SignedIn
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, ForeignForm, NotFound, Refusal
from doorlist.service import finding, guiding, operating
from doorlist.service.authority import role_of
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web import pages
from doorlist.web.addresses import local
from doorlist.web.sessions import current_session, form_key, is_secure, require_same_origin

OPERATOR_COOKIE: Final = "doorlist_operator"
SETUP_COOKIE: Final = "doorlist_setup"
_SETUP: Final = "/setup"
_NOTICE: Final = "doorlist_notice"
_FIELDS: Final = 2000
_FORM_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in.

    Attributes:
        proof: what a form of this session carries in its field `csrf`.
        person: the session of a person; None for the operator and for an IT contact.
        contact: whether an IT contact came by a link, for whom there is the set-up alone.
        form: the fields of a POST, checked to be from one of our pages; empty for a GET.
    """

    request: Request
    database: Database
    settings: Settings
    administrator: Administrator
    proof: str
    person: SignedIn | None = None
    contact: bool = False
    organization: Organization | None = None
    role: Role | None = None
    form: FormData = field(default_factory=FormData)

    @property
    def org(self) -> Organization:
        """The organization that the address names."""
        assert self.organization is not None, "the address names an organization"
        return self.organization

    @property
    def org_id(self) -> UUID:
        """The id of the organization that the address names."""
        return self.org.org_id

    @property
    def base(self) -> str:
        """The address under which the pages of the organization are."""
        return f"/o/{self.org.slug}"

    def id(self, name: str) -> UUID:
        """An id in the address. Raises `NotFound` for what is none."""
        found = parse_id(str(self.request.path_params[name]))
        if found is None:
            raise NotFound("There is no such page.")
        return found

    def field(self, name: str) -> str:
        """A field of the form, without surrounding space; empty where it is missing."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def id_field(self, name: str) -> UUID:
        """An id in a field of the form. Raises `BadInput`."""
        found = parse_id(self.field(name))
        if found is None:
            raise BadInput("Choose one of the list.", place=name)
        return found

    def page(self, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200) -> Response:
        """The page of a template in the frame of the console."""
        shared = {"visit": self, "csrf": self.proof, "notice": _notice(self.request)}
        response = pages.render(self.request, template, shared | dict(values or {}), status=status)
        if shared["notice"]:
            response.delete_cookie(_NOTICE, path="/")
        return response

    def done(self, message: str, *, to: str, kind: str = "success") -> Response:
        """After a form: go to another page, which tells what happened."""
        response = pages.secured(RedirectResponse(local(to, otherwise="/"), status_code=303))
        value = quote(json.dumps({"kind": kind, "text": message}))
        response.set_cookie(
            _NOTICE, value, max_age=60, path="/", httponly=True, samesite="lax", secure=is_secure(self.settings)
        )
        return response


Handler = Callable[[Visit], Awaitable[Response]]


async def welcome(request: Request, database: Database, settings: Settings, handler: Handler) -> Response:
    """Answer a request by a handler, for somebody who is signed in and may see the organization of the address."""
    try:
        visit = await _recognize(request, database, settings)
        if visit is None:
            return _to_sign_in(request)
        try:
            return await handler(await _admit(visit))
        except Refusal as refusal:
            return _refused(visit, refusal)
    except Refusal as refusal:  # the database is away: nobody can be recognized
        return pages.render(request, "refused.html", {"refusal": refusal}, status=refusal.status)


async def _recognize(request: Request, database: Database, settings: Settings) -> Visit | None:
    person = await current_session(request)
    if person is not None:
        return Visit(request, database, settings, person.acting(), form_key(person), person)
    secret = request.cookies.get(OPERATOR_COOKIE, "")
    administrator = await operating.operator_of(database, secret) if secret else None
    if administrator is not None:
        return Visit(request, database, settings, administrator, _proof(secret))
    return await _recognize_contact(request, database, settings)


async def _recognize_contact(request: Request, database: Database, settings: Settings) -> Visit | None:
    """An IT contact with a live link, on a page of the set-up of that organization and on no other."""
    secret = request.cookies.get(SETUP_COOKIE, "")
    opened = await guiding.open_link(database, secret) if secret else None
    if opened is None:
        return None
    base = f"/o/{opened.slug}{_SETUP}"
    if request.url.path != base and not request.url.path.startswith(base + "/"):
        return None
    administrator = Administrator(opened.contact, "set-up link", opened.org_id)
    return Visit(request, database, settings, administrator, _proof(secret), contact=True)


async def _admit(visit: Visit) -> Visit:
    """The visit with its organization and its form. Raises `NotFound`, `Forbidden`, `BadInput`."""
    slug = visit.request.path_params.get("org")
    if slug is not None:
        organization = await finding.organization(visit.database, str(slug))
        async with visit.database.reading() as connection:
            role = await role_of(connection, visit.administrator, organization.org_id)
        visit = replace(visit, organization=organization, role=role)
    if visit.request.method == "POST":
        visit = replace(visit, form=await read_form(visit.request, visit.proof))
    return visit


async def read_form(request: Request, proof: str) -> FormData:
    """The fields of a form of ours. Raises `ForeignForm` for one from elsewhere, `BadInput` for a long one."""
    require_same_origin(request)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _FORM_BYTES:
        raise BadInput("The form is longer than 4 MiB, or does not say how long it is.")
    try:
        form = await request.form(max_files=1, max_fields=_FIELDS, max_part_size=_FORM_BYTES)
    except HTTPException as error:
        raise BadInput("The form could not be read.") from error
    sent = form.get("csrf", "")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), proof.encode()):
        raise ForeignForm("The form has grown old. Go back, load the page again and repeat the action.")
    return form


def _proof(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def _to_sign_in(request: Request) -> Response:
    target = request.url.path if request.method == "GET" else "/"
    if pages.is_partial(request):
        return pages.secured(Response(status_code=401, headers={"hx-redirect": "/signin"}))
    return pages.secured(RedirectResponse(f"/signin?next={quote(target)}", status_code=303))


def _refused(visit: Visit, refusal: Refusal) -> Response:
    """The page of a refusal; for a form, the page that it came from, with what was wrong."""
    back = visit.request.headers.get("referer", "")
    if visit.request.method == "POST" and back:
        parts = urlsplit(back)
        if parts.netloc == visit.request.url.netloc:
            return visit.done(
                str(refusal.detail), to=parts.path + (f"?{parts.query}" * bool(parts.query)), kind="danger"
            )
    return visit.page("console/refused.html", {"refusal": refusal}, status=refusal.status)


def _notice(request: Request) -> dict[str, str] | None:
    """What the last form did, told once."""
    try:
        found = json.loads(unquote(request.cookies.get(_NOTICE, "")))
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("kind") not in {"success", "danger", "warning", "info"}:
        return None
    return {"kind": str(found["kind"]), "text": str(found.get("text", ""))[:1000]}
