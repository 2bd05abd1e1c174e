"""Test Connection: what the service asks an endpoint before credentials are saved.

A query for a user and a group that cannot exist must answer 200 with an empty list; a 404 there is non-compliance.
The schemas are read for the mapping page only, so their absence warns and does not fail the test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from entrasim.application import Application
from entrasim.configuration import Configuration
from entrasim.mappings import matching_targets
from entrasim.outcomes import INCOMPATIBLE, Failure
from entrasim.scim_client import GROUPS, USERS, Conversation, Exchange, ScimClient
from entrasim.targets import CORE_GROUP, CORE_USER
from entrasim.wire import Wire


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the endpoint. status: success, warning, failure."""

    name: str
    status: str
    verdict: str
    code: str | None = None
    recommendation: str | None = None


class ConnectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What Test Connection found."""

    ok: bool
    url: str
    checks: list[Check]
    requests: list[Exchange]


async def check_connection(
    application: Application,
    *,
    clock: Callable[[], datetime],
    mint: Callable[[], str],
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
) -> ConnectionReport:
    """Ask the endpoint what the service asks. Never raises for what the endpoint does."""
    wire = Wire(application.url, 1)
    talk = ScimClient(wire, application.endpoint, tokens=application.tokens(), clock=clock).conversation()
    try:
        checks = [await _checked("users", lambda: find_nobody(talk, configuration, guid=mint()))]
        if checks[0].status == "success":
            checks.append(await _checked("groups", lambda: _find_no_group(talk, configuration, guid=mint())))
            checks.append(await _checked("schemas", lambda: _read_schemas(talk), failing="warning"))
    finally:
        wire.close()
    ok = all(check.status != "failure" for check in checks)
    return ConnectionReport(ok=ok, url=application.url, checks=checks, requests=talk.exchanges)


async def find_nobody(talk: Conversation, configuration: Configuration, *, guid: str) -> str:
    """Query a user that cannot exist. Raises `Failure` unless the answer is an empty list."""
    if await talk.find(USERS, matching_targets(configuration.users.mappings)[0], value=guid):
        raise Failure(INCOMPATIBLE, "a query for a user who cannot exist found somebody")
    return "the token is accepted and the user query answers with an empty list"


async def _find_no_group(talk: Conversation, configuration: Configuration, *, guid: str) -> str:
    if await talk.find(GROUPS, matching_targets(configuration.groups.mappings)[0], value=guid):
        raise Failure(INCOMPATIBLE, "a query for a group that cannot exist found one")
    return "the group query answers with an empty list"


async def _read_schemas(talk: Conversation) -> str:
    found = {schema["id"] for schema in await talk.schemas()}
    missing = [urn for urn in (CORE_USER, CORE_GROUP) if urn not in found]
    if missing:
        raise Failure(INCOMPATIBLE, f"the schemas do not list {' and '.join(missing)}")
    return f"{len(found)} schemas discovered"


async def _checked(name: str, question: Callable[[], Awaitable[str]], *, failing: str = "failure") -> Check:
    try:
        verdict = await question()
    except Failure as failure:
        return Check(
            name=name,
            status=failing,
            verdict=failure.message,
            code=failure.code,
            recommendation=failure.recommendation,
        )
    return Check(name=name, status="success", verdict=verdict)
