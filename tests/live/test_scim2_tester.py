"""scim2-tester, as it is, against the running server: an independent client that knows the RFCs reports no error."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.live.processes import Commands

pytestmark = pytest.mark.live
BADGE = "urn:example:params:scim:schemas:badge:2.0:Badge"


def test_it_reports_no_error(commands: Commands, record_property: pytest.RecordProperty) -> None:
    with commands.organization("Compliance").client() as http:
        results = check_server(SyncSCIMClient(http))
    wrong = [result for result in results if result.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert not wrong, "\n".join(f"{result.title}: {result.reason}" for result in wrong)
    counts = Counter(result.status.name for result in results)
    skipped = [f"; skipped {result.title}: {result.reason}" for result in results if result.status is Status.SKIPPED]
    assert counts["SUCCESS"] > 100
    record_property("measured", f"scim2-tester: {counts['SUCCESS']} checks passed{''.join(skipped)}")


def test_it_reports_no_error_about_a_schema_that_the_organization_declares(
    commands: Commands, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    """It discovers the schema and tries every attribute of it: POST, PUT, PATCH, filters, projections.

    Not in it is what the tester cannot judge: it fills decimals and dateTimes with words that its own models refuse,
    compares base64 with the bytes it stands for, and expects `add` to replace several values (RFC 7644 section 3.5.2.1:
    they are added).
    """
    file = tmp_path / "badge.json"
    single = [{"name": f"a{kind}", "type": kind} for kind in ("string", "boolean", "integer", "reference")]
    parts = [{"name": "value", "type": "string"}, {"name": "size", "type": "integer"}]
    holder = {"name": "holder", "type": "complex", "subAttributes": parts}
    file.write_text(json.dumps({"id": BADGE, "name": "Badge", "attributes": [*single, holder]}))
    organization = commands.organization("Declaring")
    commands.doorlist("schema", "declare", str(file), "--org", organization.slug, "--for", "User", "--for", "Group")
    with organization.client() as http:
        results = check_server(SyncSCIMClient(http))
    wrong = [result for result in results if result.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert not wrong, "\n".join(f"{result.title}: {result.reason}" for result in wrong)
    about = [
        result for result in results if "Badge" in f"{result.title} {result.reason}" or BADGE in str(result.reason)
    ]
    assert about, "it has tried the schema"
    record_property("measured", f"scim2-tester: {len(results)} checks, {len(about)} of them of a declared schema")
