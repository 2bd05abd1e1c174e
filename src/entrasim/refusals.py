"""Every way the stand-in itself says no, before or beside the wire.

What the SCIM endpoint answers is no refusal of ours: see `outcomes`. A refusal carries a stable code and the exit
status of the command that meets it: 2 where the arguments were wrong, 1 otherwise. Imports nothing of the package.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault of the program
    """Base of every refusal; `detail` is one sentence for the person who has to act."""

    code: ClassVar[str] = "refused"
    exit_status: ClassVar[int] = 1

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ImportRefused(Refusal):
    """Something in the CSV files is wrong, so nothing of them was taken.

    Args:
        problems: one text per problem, each `file:line: what is wrong`.
    """

    code = "import-refused"

    def __init__(self, problems: list[str]) -> None:
        noun = "problem" if len(problems) == 1 else "problems"
        super().__init__(f"{len(problems)} {noun} in the files; nothing was imported.")
        self.problems = problems


class UnknownName(Refusal):
    """No person or group of that name is in the directory."""

    code = "unknown-name"
    exit_status = 2


class NameTaken(Refusal):
    """A live person or group already holds the handle, user name or group name."""

    code = "name-taken"


class WrongState(Refusal):
    """The object is not in the state that the verb needs, such as restoring somebody who was never deleted."""

    code = "wrong-state"


class InvalidAttribute(Refusal):
    """The attribute is not one of the directory's, or its value does not fit."""

    code = "invalid-attribute"
    exit_status = 2


class NotConnected(Refusal):
    """No tenant URL and token are saved yet."""

    code = "not-connected"


class InvalidMapping(Refusal):
    """A mapping, filter or setting of provisioning cannot be used; the detail says why."""

    code = "invalid-mapping"
    exit_status = 2


class InvalidFault(Refusal):
    """A fault that cannot happen as described."""

    code = "invalid-fault"
    exit_status = 2


class InvalidTenantUrl(Refusal):
    """The tenant URL is no absolute http or https URL."""

    code = "invalid-tenant-url"
    exit_status = 2


class OnDemandLimit(Refusal):
    """Provision on demand takes one user, or one group with one to five of its direct members."""

    code = "on-demand-limit"
    exit_status = 2


class InvalidTime(Refusal):
    """No time or span that the clock can show or be moved by."""

    code = "invalid-time"
    exit_status = 2


class CycleRunning(Refusal):
    """Another process runs a cycle on the same state file."""

    code = "cycle-running"


class StateUnusable(Refusal):
    """The state file cannot be opened, is no state file, or was written by a newer version."""

    code = "state-unusable"


class BadMessage(Refusal):
    """A SAML message from the application is not one that can be answered."""

    code = "bad-message"


class BadSignature(BadMessage):
    """A SAML message has to be signed by the application and is not, or not by a certificate that is known."""

    code = "bad-signature"


class UnknownApplication(Refusal):
    """The issuer of a request, or the reply URL it asks for, is not registered."""

    code = "unknown-application"


class SignInRefused(Refusal):
    """The person may not sign in to the application: not assigned, disabled or deleted."""

    code = "sign-in-refused"


class ForeignForm(Refusal):
    """A form of the portal was sent by a page that is not the portal's."""

    code = "foreign-form"


class UnknownPage(Refusal):
    """An address of the portal names nothing that is there."""

    code = "unknown-page"
