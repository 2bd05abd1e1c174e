"""What a sign-in costs, step by step, against what it cannot do without: one RSA verification, one database round trip.

`python -m bench signin` makes a database, signs people in, prints a table, and removes everything.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
import zlib
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from tests.saml.forge import REQUEST, Forge, field_of

from bench.report import Report
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.saml.checks import Checklist
from doorlist.saml.documents import parse
from doorlist.saml.incoming import read_response
from doorlist.saml.names import saml
from doorlist.saml.parties import ServiceProvider
from doorlist.saml.signatures import verified
from doorlist.service import saml_setup, saml_signin, session_control, tenants
from doorlist.service.session_control import Origin
from doorlist.store import migrate
from doorlist.store.db import Database
from doorlist.store.embedded import running

OPERATOR = Administrator("bench", "cli")
BASE = "https://doorlist.example"
PERSON = """
insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc, search, created_at,
                   modified_at)
select $1, gen_random_uuid(), c.id, 'ana@example.com', 'ana@example.com', 'Ana', true, '{}', '{}', now(), now()
  from connections c where c.org_id = $1
"""


async def prepare(database: Database) -> tuple[saml_signin.Side, Forge]:
    """An organization whose identity provider is a forge."""
    organization = await tenants.create_organization(
        database, OPERATOR, name="Bench", plan=Plan.ENTERPRISE, owner_email="owner@example.com"
    )
    forge = Forge(provider=ServiceProvider.of(BASE, organization.slug), now=datetime.now(UTC))
    await saml_setup.set_from_metadata(database, OPERATOR, organization, forge.metadata())
    async with database.transaction() as connection:
        await connection.execute(PERSON, organization.org_id)
    return await saml_signin.side_of(database, organization, BASE), forge


def pure_steps(forge: Forge) -> dict[str, Callable[[], object]]:
    """The steps that need no database, and the floor under them."""
    key, text = forge.key, b"x" * 500
    assert isinstance(key, rsa.RSAPrivateKey)
    public, value = key.public_key(), key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    message = forge.signed_assertion()
    data, field = etree.tostring(message), field_of(message)
    assertion = parse(data).find(saml("Assertion"))
    assert assertion is not None
    pinned, expected = [forge.certificate], forge.expectation(requests=frozenset({REQUEST}))
    return {
        "floor: verify one RSA signature": lambda: public.verify(value, text, padding.PKCS1v15(), hashes.SHA256()),
        "parse and check the XML": lambda: parse(data),
        "verify the signature": lambda: verified(assertion, pinned, Checklist(), now=forge.now),
        "all checks of an answer": lambda: read_response(field, expected, [], Checklist(), now=forge.now),
    }


async def sign_in(database: Database, side: saml_signin.Side, forge: Forge, times: dict[str, list[float]]) -> str:
    """One person from the request to the session; the token."""
    browser = "b" * 43
    sent = await timed(
        times, "begin: sign and remember a request", saml_signin.begin(database, side, browser=browser, return_to="/")
    )
    query = parse_qs(urlsplit(sent.url).query)["SAMLRequest"][0]
    found = re.search(rb' ID="([^"]+)"', zlib.decompress(b64decode(query), -15))
    assert found is not None
    answer = field_of(forge.signed_assertion(answers=found[1].decode()))
    work = saml_signin.finish(database, side, response=answer, browser=browser, origin=Origin())
    outcome = await timed(times, "finish: check, find the person, open, log", work)
    assert outcome.opened is not None
    return outcome.opened.token


async def timed(times: dict[str, list[float]], name: str, work: Awaitable[Any]) -> Any:
    begun = time.perf_counter()
    result = await work
    times.setdefault(name, []).append(time.perf_counter() - begun)
    return result


async def measure(url: str, count: int) -> dict[str, list[float]]:
    """Seconds by step; every step is taken once in each round, so that noise falls on all alike."""
    await migrate.upgrade(url)
    database = await Database.connect(url)
    times: dict[str, list[float]] = {}
    try:
        side, forge = await prepare(database)
        steps = pure_steps(forge)
        for _ in range(count):
            for name, step in steps.items():
                begun = time.perf_counter()
                step()
                times.setdefault(name, []).append(time.perf_counter() - begun)
            token = await sign_in(database, side, forge, times)
            await timed(times, "floor: one database round trip", _round_trip(database))
            work = session_control.find_session(database, token, now=datetime.now(UTC))
            await timed(times, "a later request: find the session", work)
    finally:
        await database.close()
    return times


async def _round_trip(database: Database) -> None:
    async with database.reading() as connection:
        await connection.fetchval("select 1")


def reports(full: bool, _: int) -> Iterator[Report]:
    """The table of the steps: medians of 200 sign-ins, or of 50."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), durable=False) as url:
        times = asyncio.run(measure(url, 200 if full else 50))
    middle = {name: 1000 * statistics.median(found) for name, found in times.items()}
    floor = middle["floor: verify one RSA signature"] + middle["floor: one database round trip"]
    whole = sum(milliseconds for name, milliseconds in middle.items() if name.startswith(("begin", "finish")))
    rows = [
        {"step": name, "ms": round(milliseconds, 3), "times the floor": round(milliseconds / floor, 1)}
        for name, milliseconds in {**middle, "a whole sign-in": whole}.items()
    ]
    yield Report("signin", "A sign-in, step by step, against what it cannot do without", rows)
