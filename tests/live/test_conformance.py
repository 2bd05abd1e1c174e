"""Doorlist is what the clients of Entra and Okta need, in every profile of `entrasim conformance`."""

from __future__ import annotations

import asyncio

import pytest

from entrasim.conformance import PROFILES, rehearse
from tests.live.processes import Commands

pytestmark = pytest.mark.live


@pytest.mark.parametrize("profile", PROFILES)
def test_every_check_of_every_profile_passes(commands: Commands, profile: str) -> None:
    organization = commands.organization(f"Conformance {profile}")
    report = asyncio.run(rehearse(organization.scim_url, organization.token, profile=profile))
    assert {finding.status for finding in report.findings} == {"passed"}, report.text(everything=False)
    assert len(report.findings) > 15
