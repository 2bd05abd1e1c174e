"""Every failure has somebody who can mend it and a place where."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import doorlist.web.replies
from doorlist.domain.guidance import _BY_CODE, Who, advice
from doorlist.errors import BadInput, Refusal

assert doorlist.web.replies  # it has refusals of its own


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("doorlist."):
            yield child
            yield from refusals(child)


@pytest.mark.parametrize("refusal", sorted(refusals(), key=lambda kind: kind.code), ids=lambda kind: kind.code)
def test_every_refusal_has_advice(refusal: type[Refusal]) -> None:
    found = advice(refusal.code, refusal.status)
    assert found is not None
    assert found.where


def test_advice_is_for_codes_that_exist() -> None:
    assert set(_BY_CODE) <= {refusal.code for refusal in refusals() if refusal is not BadInput}


def test_what_succeeded_needs_no_advice_and_an_unknown_failure_gets_some() -> None:
    assert advice(None, 204) is None
    assert [advice("new", status).who for status in (400, 500, 501, 503)] == [  # type: ignore[union-attr] # failures
        Who.DIRECTORY,
        Who.DOORLIST,
        Who.DIRECTORY,
        Who.NOBODY,
    ]
