"""The checks that a message of an identity provider goes through, in their order, and what came of each.

A list of them is what the sign-in log keeps and what a test sign-in shows. The first that fails ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class Check(StrEnum):
    """One thing that has to hold. A value is never reused for another meaning."""

    TRANSPORT = "transport"
    XML = "xml"
    MESSAGE = "message"
    DESTINATION = "destination"
    STATUS = "status"
    ISSUER = "issuer"
    STRUCTURE = "structure"
    SIGNED = "signed"
    ALGORITHMS = "algorithms"
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    DECRYPTION = "decryption"
    ASSERTION_ISSUER = "assertion-issuer"
    CONDITIONS = "conditions"
    AUDIENCE = "audience"
    CONFIRMATION = "subject-confirmation"
    REQUEST = "request"
    NAME_ID = "name-id"
    AUTHENTICATION = "authentication"
    REPLAY = "replay"
    PERSON = "person"
    SESSION = "session"
    CREDENTIALS = "credentials"
    THROTTLE = "throttle"


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one check; `detail` is for administrators and holds no content beyond identifiers."""

    check: Check
    passed: bool
    detail: str = ""


class Wrong(Exception):  # noqa: N818 - an answer, not a fault of the program
    """Raised inside a check: it does not hold; the text says why."""


class Rejected(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A message is not accepted: the check that failed, why, and all checks up to it."""

    def __init__(self, check: Check, detail: str, steps: tuple[Step, ...]) -> None:
        super().__init__(f"{check}: {detail}")
        self.check = check
        self.detail = detail
        self.steps = steps


@dataclass
class Checklist:
    """The checks of one message as they are made."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, check: Check) -> Iterator[list[str]]:
        """Make one check. `Wrong` inside ends everything with `Rejected`; the list takes what there is to say of it."""
        said: list[str] = []
        try:
            yield said
        except Wrong as wrong:
            detail = str(wrong)[:300]
            self.steps.append(Step(check, passed=False, detail=detail))
            raise Rejected(check, detail, tuple(self.steps)) from None
        self.steps.append(Step(check, passed=True, detail="; ".join(said)[:300]))


def require(condition: object, otherwise: str) -> None:
    """Raise `Wrong` with that text unless the condition holds."""
    if not condition:
        raise Wrong(otherwise)
