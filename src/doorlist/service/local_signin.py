"""Signing in without an identity provider: a password and a one-time code, and links to set them.

Where SSO is enforced only owners come in this way, each time with an event in the audit log. A wrong name, password or
code looks the same from outside and takes the same time.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, TypeVar
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Role
from doorlist.domain.signin import Method
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, Forbidden, NotFound, SignInRefused, TooManyTries
from doorlist.saml.checks import Check, Checklist, Rejected, Step, Wrong, require
from doorlist.service import clock, signin_log, throttling
from doorlist.service.authority import require_manager, require_owner
from doorlist.service.session_control import Opened, Origin, digest_of, open_session
from doorlist.service.signin_log import Attempt
from doorlist.store import audit, local_rows, personnel, saml_rows, session_rows
from doorlist.store.db import Connection, Database
from doorlist.store.local_rows import LinkRow, LocalRow
from doorlist.store.organizations import Organization

T = TypeVar("T")
_LINK_LIVES: Final = {"invite": timedelta(days=7), "recover": timedelta(hours=1)}
_LEAST, _MOST = 12, 200
_STEP: Final = 30
_hasher: Final = PasswordHasher()
_apart_from_others: Final = ThreadPoolExecutor(max_workers=2)  # a hash takes 64 MiB while it is made


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link is for, before it is used: whose it is, and the secret for one-time codes that comes with it."""

    row: LinkRow
    totp_secret: str
    otpauth: str


async def make_link(
    database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID, purpose: str
) -> str:
    """A token with which a person sets password and one-time codes, once; links that were made before die.

    For who manages the organization; for an owner, by an owner. Raises `NotFound`, `Forbidden`, `BadInput`.
    """
    if purpose not in _LINK_LIVES:
        raise BadInput("A link is to invite or to recover.", place="purpose")
    at, token = clock.now(), secrets.token_urlsafe(32)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        role = await personnel.lock_role(connection, org_id, user_id)
        if role is None:
            raise NotFound("There is no such person.", place="user")
        if role is Role.OWNER:
            await require_owner(connection, administrator, org_id)
        await local_rows.add_link(
            connection,
            org_id,
            link_id=clock.new_id(at),
            user_id=user_id,
            purpose=purpose,
            digest=digest_of(token),
            now=at,
            by=administrator.name,
            expires_at=at + _LINK_LIVES[purpose],
        )
        change = {"purpose": purpose}
        await tell(connection, administrator, org_id, user_id, action=Action.SIGNIN_LINK_MADE, change=change)
    return token


async def open_link(database: Database, token: str) -> Invitation:
    """What a link is for. Looking uses nothing up. Raises `NotFound` for one that is used, over or unknown."""
    async with database.reading() as connection:
        row = await local_rows.find_link(connection, digest_of(token), now=clock.now())
    if row is None:
        raise NotFound("This link was used, is too old, or was replaced by a newer one.")
    secret = _secret_of(token)
    return Invitation(
        row, secret, pyotp.TOTP(secret).provisioning_uri(name=row.user_name, issuer_name=row.organization)
    )


async def use_link(database: Database, token: str, *, password: str, code: str, origin: Origin) -> Opened:
    """Set password and one-time codes, prove that a code can be made, and sign in. Other sessions end.

    Raises `BadInput` for a weak password or a wrong code (the link stays good), `NotFound`, `TooManyTries`.
    """
    at, invitation = clock.now(), await open_link(database, token)
    row = invitation.row
    _check_password(password, row.user_name)
    person, address = throttling.person_key(row.org_id, token), throttling.address_key(origin.address)
    async with database.reading() as connection:
        await throttling.admit(connection, person, address, now=at)
        step = _step_of(invitation.totp_secret, code, at)
        if step is None:
            await throttling.failed(connection, [person, address], now=at)
            raise BadInput("The one-time code is not right; codes change every half minute.", place="code")
    hashed = await _apart(_hasher.hash, password)
    async with database.transaction() as connection:
        if not await local_rows.use_link(connection, row.org_id, link_id=row.id, now=at):
            raise NotFound("This link was used just now.")
        await local_rows.put(
            connection,
            row.org_id,
            user_id=row.user_id,
            password=hashed,
            totp_secret=invitation.totp_secret,
            totp_step=step,
            now=at,
        )
        await session_rows.end_all(connection, row.org_id, user_id=row.user_id, now=at, by="new credentials")
        acting = Administrator(row.user_name, "link", org_id=row.org_id, user_id=row.user_id)
        change = {"purpose": row.purpose}
        await tell(connection, acting, row.org_id, row.user_id, action=Action.CREDENTIALS_SET, change=change)
        await _check_allowed(connection, row.org_id, Role(row.role))
        opened = await open_session(
            connection, row.org_id, user_id=row.user_id, method=Method.LINK, origin=origin, now=at
        )
        steps = [Step(Check.CREDENTIALS, passed=True, detail=row.purpose), Step(Check.SESSION, passed=True)]
        attempt = Attempt("link", "signin", steps, subject=row.user_name, user_id=row.user_id)
        await signin_log.write(connection, row.org_id, attempt, origin=origin, now=at)
    return opened


async def sign_in(
    database: Database, organization: Organization, *, user_name: str, password: str, code: str, origin: Origin
) -> Opened:
    """Sign in with a password and a one-time code. Raises `SignInRefused`, `TooManyTries`; both are logged."""
    at, org_id, checks = clock.now(), organization.org_id, Checklist()
    person, address = throttling.person_key(org_id, fold(user_name)), throttling.address_key(origin.address)
    try:
        async with database.reading() as connection:
            found = await local_rows.find(connection, org_id, user_name_key=fold(user_name.strip()))
            with checks.step(Check.THROTTLE):
                await _admit(connection, person, address, at)
        right = await _apart(_is_right, found, password)
        async with database.transaction() as connection:
            with checks.step(Check.CREDENTIALS):
                require(found is not None and right, "The name or the password is wrong.")
                assert found is not None, "it was just asked"
                await _use_code(connection, org_id, found, code, at)
            return await _let_in(connection, org_id, found, checks, origin=origin, at=at, person=person)
    except Rejected as rejected:
        attempt = Attempt("password", "signin", rejected.steps, subject=user_name)
        async with database.reading() as connection:
            if rejected.check is Check.CREDENTIALS:
                await throttling.failed(connection, [person, address], now=at)
            log_id = await signin_log.write(connection, org_id, attempt, origin=origin, now=at)
        if rejected.check is Check.THROTTLE:
            raise TooManyTries(rejected.detail) from None
        raise SignInRefused(log_id) from None


async def remove_credentials(database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID) -> bool:
    """Take a person's password and codes away, and the sessions; whether there were any.

    Raises `Conflict` for the last way in of an owner while SSO is enforced, `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if await personnel.lock_role(connection, org_id, user_id) is Role.OWNER:
            await require_owner(connection, administrator, org_id)
        gone = await local_rows.remove(connection, org_id, user_id=user_id)
        if gone:
            await session_rows.end_all(connection, org_id, user_id=user_id, now=at, by=administrator.name)
            await tell(connection, administrator, org_id, user_id, action=Action.CREDENTIALS_REMOVED, change={})
            await keep_a_way_in(connection, org_id)
    return gone


async def keep_a_way_in(connection: Connection, org_id: UUID) -> None:
    """Pass unless SSO is enforced and no owner could get in without it any more. Raises `Conflict`."""
    settings = await saml_rows.find(connection, org_id)
    enforced = settings is not None and settings.choices.enforced
    if enforced and not await local_rows.owners_who_get_in(connection, org_id):
        raise Conflict("SSO is enforced, and this is the last way for an owner to get in without it.")


async def _let_in(
    connection: Connection,
    org_id: UUID,
    found: LocalRow,
    checks: Checklist,
    *,
    origin: Origin,
    at: datetime,
    person: bytes,
) -> Opened:
    with checks.step(Check.PERSON):
        require(found.active, "This person is deactivated or blocked.")
        enforced = await check_enforced(connection, org_id, found.role)
    with checks.step(Check.SESSION):
        opened = await open_session(
            connection, org_id, user_id=found.user_id, method=Method.PASSWORD, origin=origin, now=at
        )
    if enforced:
        acting = Administrator(found.user_name, "signin", org_id=org_id, user_id=found.user_id)
        await tell(connection, acting, org_id, found.user_id, action=Action.BREAK_GLASS_USED, change={})
    await throttling.succeeded(connection, person)
    attempt = Attempt("password", "signin", checks.steps, subject=found.user_name, user_id=found.user_id)
    await signin_log.write(connection, org_id, attempt, origin=origin, now=at)
    return opened


async def _admit(connection: Connection, person: bytes, address: bytes, at: datetime) -> None:
    try:
        await throttling.admit(connection, person, address, now=at)
    except TooManyTries as refusal:
        raise Wrong(refusal.detail) from None


async def check_enforced(connection: Connection, org_id: UUID, role: Role) -> bool:
    """Whether SSO is enforced; then only owners pass. Raises `Wrong`."""
    settings = await saml_rows.find(connection, org_id)
    enforced = settings is not None and settings.choices.enforced
    require(not enforced or role is Role.OWNER, "The organization demands sign-in by its identity provider.")
    return enforced


async def _check_allowed(connection: Connection, org_id: UUID, role: Role) -> None:
    try:
        await check_enforced(connection, org_id, role)
    except Wrong as wrong:
        raise Forbidden(str(wrong)) from None


async def _use_code(connection: Connection, org_id: UUID, found: LocalRow, code: str, at: datetime) -> None:
    """A code of now or one step to either side that was not used before (RFC 6238 section 5.2). Raises `Wrong`."""
    step = _step_of(found.totp_secret, code, at)
    require(step is not None, "The one-time code is wrong.")
    used = await local_rows.use_code(connection, org_id, user_id=found.user_id, step=step or 0)
    require(used, "The one-time code was used before.")


def _step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step whose code it is, or None."""
    text, present = "".join(code.split()), int(at.timestamp()) // _STEP
    maker = pyotp.HOTP(secret)
    return (
        next((step for step in (present, present - 1, present + 1) if hmac.compare_digest(maker.at(step), text)), None)
        if text.isascii()
        else None
    )


def _secret_of(token: str) -> str:
    """The secret that comes with a link: derived, so that looking at a link stores nothing."""
    return base64.b32encode(hmac.new(token.encode(), b"totp", hashlib.sha256).digest()[:20]).decode()


def _check_password(password: str, user_name: str) -> None:
    if not _LEAST <= len(password) <= _MOST:
        raise BadInput(f"A password has {_LEAST} to {_MOST} characters.", place="password")
    if fold(user_name.partition("@")[0]) in fold(password) or len(set(password)) < 5:
        raise BadInput("The password is too easy to guess.", place="password")


async def _apart(work: Callable[..., T], *arguments: object) -> T:
    """Hash outside the event loop, no more than two at a time."""
    return await asyncio.get_running_loop().run_in_executor(_apart_from_others, work, *arguments)


def _is_right(found: LocalRow | None, password: str) -> bool:
    """Compare a password; somebody who is not known takes the same time."""
    try:
        return _hasher.verify(_nobodys() if found is None else found.password, password[:_MOST]) and found is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_hex(16))


async def tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    user_id: UUID,
    *,
    action: Action,
    change: dict[str, str],
) -> None:
    """Append the event of somebody's credentials, in the transaction that changes or uses them."""
    at = clock.now()
    event = Event(action, TargetKind.USER, user_id, Actor.administrator(administrator), clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
