"""Every way the product says no: one class per meaning, with a stable code that is never reused.

A refusal carries the HTTP status and, where RFC 7644 section 3.12 has one, the scimType. `detail` says what
happened; `place` names the offending part (an attribute, a filter column, an operation index). No layer below
`web/replies.py` turns a refusal into bytes, and nobody there or here mentions SQL or a traceback.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault of the program
    """Base of every refusal. Raise a subclass, never this one.

    Args:
        detail: one sentence for the person who has to act.
        place: where in the input the problem is, in the input's own words; empty when it is the whole.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    scim_type: ClassVar[str | None] = None
    hint: ClassVar[str] = ""

    def __init__(self, detail: str, *, place: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}" if self.place else self.detail


class InvalidSyntax(Refusal):
    """The body does not match the request schema (RFC 7644 table 9)."""

    status, code, scim_type = 400, "invalid-syntax", "invalidSyntax"
    hint = "Send JSON that follows the schema named at /Schemas."


class InvalidValue(Refusal):
    """A required value is missing, or a value is not of the attribute's type (RFC 7644 table 9)."""

    status, code, scim_type = 400, "invalid-value", "invalidValue"
    hint = "Compare the named attribute with its definition at /Schemas."


class InvalidFilter(Refusal):
    """The filter is malformed, or its operator does not apply to the attribute (RFC 7644 section 3.4.2.2)."""

    status, code, scim_type = 400, "invalid-filter", "invalidFilter"
    hint = "The position in the message counts characters of the decoded filter, from 1."


class InvalidPath(Refusal):
    """The path of a PATCH operation is malformed or names no attribute (RFC 7644 table 9)."""

    status, code, scim_type = 400, "invalid-path", "invalidPath"
    hint = "Attribute names are listed at /Schemas; extension attributes start with their URN and a colon."


class NoTarget(Refusal):
    """A PATCH path matched nothing that could be operated on (RFC 7644 sections 3.5.2.2 and 3.5.2.3)."""

    status, code, scim_type = 400, "no-target", "noTarget"
    hint = "Read the resource and compare the filter of the path with its values."


class Mutability(Refusal):
    """A read-only or immutable attribute was to be changed (RFC 7644 table 9)."""

    status, code, scim_type = 400, "mutability", "mutability"
    hint = "Leave the attribute out; /Schemas tells its mutability."


class TooMany(Refusal):
    """The request would compute more than the server is willing to (RFC 7644 table 9)."""

    status, code, scim_type = 400, "too-many", "tooMany"
    hint = "Narrow the filter or ask for fewer at a time."


class InvalidCursor(Refusal):
    """The cursor is none of this server's, or belongs to another query (RFC 9865 section 2.1)."""

    status, code, scim_type = 400, "invalid-cursor", "invalidCursor"
    hint = "Start again without a cursor; repeat filter and sort unchanged from page to page."


class ExpiredCursor(Refusal):
    """The cursor is older than the time that ServiceProviderConfig names (RFC 9865 section 2.1)."""

    status, code, scim_type = 400, "expired-cursor", "expiredCursor"
    hint = "Start again without a cursor."


class InvalidCount(Refusal):
    """A page of that length cannot be had by cursor (RFC 9865 section 2.1)."""

    status, code, scim_type = 400, "invalid-count", "invalidCount"
    hint = "The longest page is the maxPageSize of ServiceProviderConfig."


class InvalidVersion(Refusal):
    """The protocol version in the path is not spoken here (RFC 7644 section 3.13)."""

    status, code, scim_type = 400, "invalid-version", "invalidVers"
    hint = "The base address ends in /scim/v2."


class Taken(Refusal):
    """A value that has to be unique belongs to somebody else (RFC 7644 section 3.3).

    Args:
        kind: the name of the resource type, where a directory is refused: it is noted as a conflict then.
        value: what was wanted, and the same as it is compared.
    """

    status, code, scim_type = 409, "taken", "uniqueness"
    hint = "Look the existing resource up by the same value and link to it."

    def __init__(self, detail: str, *, place: str = "", kind: str = "", value: tuple[str, str] = ("", "")) -> None:
        super().__init__(detail, place=place)
        self.kind = kind
        self.value = value


class Conflict(Refusal):
    """The state of the organization does not allow this now."""

    status, code = 409, "conflict"


class StalePlan(Conflict):
    """What was planned is not what would happen now."""

    code = "stale-plan"
    hint = "Plan the change again, look at the difference, and apply the new plan."


class AlreadyDone(Conflict):
    """A request with this Idempotency-Key was carried out; its answer held a secret and is not kept."""

    code = "already-done"
    hint = "Look up what was made; to get a new secret, repeat the request with another Idempotency-Key."


class KeyReused(Refusal):
    """The Idempotency-Key stands for another request."""

    status, code = 422, "idempotency-key-reused"
    hint = "Use a new Idempotency-Key for every new request, and the same one only to repeat a request unchanged."


class Busy(Refusal):
    """More requests than one key may make in that time."""

    status, code = 429, "rate-limited"
    hint = "Wait for the number of seconds in Retry-After, then go on more slowly."


class Unauthenticated(Refusal):
    """No credential, or none that is known here."""

    status, code = 401, "unauthenticated"
    hint = "Send the header Authorization: Bearer TOKEN with a token of this organization."


class TokenExpired(Unauthenticated):
    """The token was right once; its time is over."""

    code = "token-expired"
    hint = "Create a new token in Doorlist and put it into the directory's provisioning settings."


class TokenRevoked(Unauthenticated):
    """The token was right once; an administrator revoked it."""

    code = "token-revoked"
    hint = "Create a new token in Doorlist and put it into the directory's provisioning settings."


class SignedOut(Unauthenticated):
    """Nobody is signed in, or the session is over."""

    code = "signed-out"
    hint = "Sign in again."


class KeyExpired(Unauthenticated):
    """The key was right once; its time is over."""

    code = "key-expired"
    hint = "Create a new key in Doorlist (doorlist key create) and give it to the program."


class KeyRevoked(Unauthenticated):
    """The key was right once; it was revoked, or the person that it acts as is gone or inactive."""

    code = "key-revoked"
    hint = "Create a new key in Doorlist (doorlist key create) and give it to the program."


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    status, code = 403, "forbidden"


class ForeignForm(Forbidden):
    """A form was posted from another site, or from a page of another session."""

    code = "foreign-form"
    hint = "Load the page again and repeat."


class ScopeMissing(Forbidden):
    """The key is not for this; the message names the scope that is missing."""

    code = "scope-missing"
    hint = "Create a key with that scope, or use one that has it."


class SignInRefused(Forbidden):
    """Somebody was not let in. Why is in the sign-in log, under the number that the person is told.

    Args:
        log_id: the entry of the log, or None where the log could not tell an organization.
        test: whether an administrator was trying the settings out.
    """

    code = "sign-in-refused"
    hint = "An administrator of the organization finds the reason in the sign-in log."

    def __init__(self, log_id: object = None, *, test: bool = False) -> None:
        super().__init__("You could not be signed in.")
        self.log_id = log_id
        self.test = test


class TooManyTries(Refusal):
    """Somebody guesses; the next try counts later only."""

    status, code = 429, "too-many-tries"
    hint = "Wait some minutes and try again."


class PlanTooLow(Forbidden):
    """The feature belongs to a higher plan."""

    code = "plan-too-low"
    hint = "An organization owner upgrades the plan in Doorlist."


class ScimDisabled(Forbidden):
    """Provisioning is switched off for this organization."""

    code = "scim-disabled"
    hint = "An organization administrator switches provisioning on in Doorlist."


class NotFound(Refusal):
    """Nothing of that name or id is visible to this caller."""

    status, code = 404, "not-found"


class Forgotten(Refusal):
    """A moment is asked for that lies before what is still known."""

    status, code = 410, "history-forgotten"
    hint = "Ask for a later moment; DOORLIST_HISTORY_DAYS says how long the history is kept."


class MethodNotAllowed(Refusal):
    """The address exists and does not take this method."""

    status, code = 405, "method-not-allowed"

    def __init__(self, detail: str, *, allow: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.allow = allow


class NotAcceptable(Refusal):
    """The client accepts no media type that is spoken here."""

    status, code = 406, "not-acceptable"
    hint = "Accept application/scim+json or application/json."


class VersionMismatch(Refusal):
    """If-Match names another version than the stored one (RFC 7644 section 3.14)."""

    status, code = 412, "version-mismatch"
    hint = "Read the resource again and repeat the change on its current version."


class TooLarge(Refusal):
    """The body is longer than the limit (RFC 7644 section 3.7.4 for Bulk)."""

    status, code = 413, "too-large"


class UnsupportedMediaType(Refusal):
    """The body is not declared as JSON."""

    status, code = 415, "unsupported-media-type"
    hint = "Send Content-Type: application/scim+json."


class NotImplementedHere(Refusal):
    """The RFC names it as optional and this server does not offer it."""

    status, code = 501, "not-implemented"


class Unavailable(Refusal):
    """The database cannot be reached or is too busy; the same request may succeed later."""

    status, code = 503, "unavailable"
    hint = "Repeat the request after the number of seconds in Retry-After."


class Overloaded(Unavailable):
    """More requests wait for the database than may; nothing was done for this one."""

    code = "overloaded"


class ConnectionPaused(Unavailable):
    """An administrator has paused the directory's connection; the directory is to try again later."""

    code = "connection-paused"
    hint = "An administrator resumes the connection in Doorlist; the directory then repeats what it could not do."


class HeldBack(Unavailable):
    """A directory takes away more than the organization allows within an hour; the same request may pass later."""

    code = "mass-removal"
    hint = "An administrator decides in Doorlist (doorlist attention); the directory repeats the request by itself."


class BadInput(Refusal):
    """A command or a file of the administrator is not usable; nothing was changed.

    Args:
        detail: the summary.
        problems: every problem found, each naming its file and line.
    """

    status, code = 400, "bad-input"

    def __init__(self, detail: str, *, problems: tuple[str, ...] = (), place: str = "") -> None:
        super().__init__(detail, place=place)
        self.problems = problems
