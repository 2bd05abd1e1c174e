"""A pytest fixture: rehearse Entra's or Okta's client against a SCIM endpoint that a test has started.

def test_entra_gets_on_with_us(scim_conformance, server):
    scim_conformance(server.url, server.token, profile="entra").raise_for_failures()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from entrasim.conformance import Report, rehearse


@pytest.fixture
def scim_conformance() -> Callable[..., Report]:
    """Return `rehearse` for tests that are no coroutines: (url, token, *, profile) → Report."""

    def run(url: str, token: str, *, profile: str = "entra") -> Report:
        return asyncio.run(rehearse(url, token, profile=profile))

    return run
