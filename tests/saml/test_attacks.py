"""Every attack of the corpus is refused at the check that is there for it, in bounded time and memory."""

from __future__ import annotations

import resource
import time
from contextlib import suppress

import pytest

from doorlist.saml import incoming
from doorlist.saml.checks import Checklist, Rejected
from doorlist.saml.incoming import read_response
from tests.saml.attacks import CORPUS
from tests.saml.forge import NOW, Forge, field_of, rsa_key


@pytest.mark.parametrize("name", CORPUS)
def test_an_attack_is_refused_at_its_check(name: str) -> None:
    make, expected = CORPUS[name]
    forge = Forge()
    message = field_of(make(forge))
    checks = Checklist()
    with pytest.raises(Rejected) as refused:
        read_response(message, forge.expectation(), [rsa_key(9)], checks, now=NOW)
    assert refused.value.check is expected, refused.value.detail
    assert checks.steps[-1].check is expected
    assert not checks.steps[-1].passed
    assert checks.steps[-1].detail
    assert all(step.passed for step in checks.steps[:-1])


def test_even_without_the_check_of_the_structure_nobody_becomes_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second line: what is read is what was signed, so wrapping changes nobody's name even where it gets through."""
    monkeypatch.setattr(incoming, "_check_structure", lambda _: None)
    names = []
    for make, _ in CORPUS.values():
        forge = Forge()
        with suppress(Rejected):
            message = field_of(make(forge))
            accepted = read_response(message, forge.expectation(), [rsa_key(9)], Checklist(), now=NOW)
            names.append(accepted.name_id.value)
    assert set(names) <= {"ana@example.com"}
    assert names


def test_no_attack_costs_more_than_a_bounded_time_and_memory() -> None:
    """Against an honest answer in the same run: the longest refusal takes no more than so many of them."""
    forge = Forge()
    honest = field_of(forge.signed_assertion())
    messages = [field_of(make(Forge())) for make, _ in CORPUS.values()]
    reference = min(_seconds(honest, forge) for _ in range(5))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = max(min(_seconds(message, forge) for _ in range(2)) for message in messages)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < 60 * reference + 0.05
    assert grown < 64 << 10  # kibibytes


def _seconds(message: str, forge: Forge) -> float:
    begun = time.perf_counter()
    with suppress(Rejected):
        read_response(message, forge.expectation(), [rsa_key(9)], Checklist(), now=NOW)
    return time.perf_counter() - begun
