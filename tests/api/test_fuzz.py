"""The management API against its own description: whatever is sent, no fault, and no answer outside its schema."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from doorlist.service import keys
from doorlist.web.app import App
from tests.api.conftest import Studio
from tests.api.every_request import DESCRIPTION
from tests.api.serving import served
from tests.service.company import OPERATOR

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
REQUESTS = 8
"""Requests for each route in one run; more with the same seed find the same faults first."""

LAST = ("revoke", "delete", "remove", "change_organization", "rotate")
"""Routes that end what the others need are tried after them."""


def aimed(case: Any, ids: dict[str, UUID], chance: random.Random) -> Any:
    """A generated request, mostly about things that are there: else nearly all would end at the first look-up."""
    for part in (case.path_parameters, case.query):
        for name in list(part or ()):
            if name in ids and chance.random() < 0.8:
                part[name] = str(ids[name])
    if isinstance(case.body, dict) and chance.random() < 0.8:
        for name in case.body:
            if name in ids:
                case.body[name] = str(ids[name])
    return case


def fuzz(address: str, key: str, ids: dict[str, UUID]) -> tuple[int, dict[int, int]]:
    """Send requests to every route; how many were sent, and how often each status was answered."""
    schema, chance, statuses = schemathesis.openapi.from_dict(DESCRIPTION), random.Random(11), dict[int, int]()
    operations = [found.ok() for found in schema.get_all_operations()]
    operations.sort(key=lambda operation: operation.definition.raw["operationId"].startswith(LAST))
    numbers = itertools.count()

    for operation in operations:

        @seed(next(numbers))
        @settings(
            max_examples=REQUESTS,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            sent = aimed(case, ids, chance)
            answer = sent.call(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            sent.validate_response(answer, checks=CHECKS)

        send()
    return sum(statuses.values()), statuses


# The served application draws random numbers in another thread while a strategy runs; that is not the strategy's doing.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
async def test_no_request_finds_a_fault_or_an_answer_outside_its_schema(app: App, studio: Studio) -> None:
    made = await keys.create_key(studio.company.database, OPERATOR, studio.company.org_id, label="fuzz")
    ids = {**studio.ids, "token_id": made.id, "key_id": studio.ids["user_id"], "principal_id": studio.ids["user_id"]}
    async with served(app) as address:
        sent, statuses = await asyncio.to_thread(fuzz, address, made.text, ids)
    assert sent > 400
    assert sum(count for status, count in statuses.items() if status < 300) > sent // 5, statuses
    assert all(status < 500 for status in statuses)
