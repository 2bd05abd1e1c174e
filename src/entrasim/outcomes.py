"""How an answer of the SCIM endpoint is judged: the documented provisioning error codes, and what to do about each.

The codes are those of Entra's provisioning logs. `failure_of` maps an answer that is not the expected one; the
recommendations say who can act and what the real client does next. Pure.
"""

from __future__ import annotations

from typing import Any

RETRY = "The object stays due and is tried again in the next cycle (the real service runs about every 40 minutes)."

UNAUTHORIZED = "Unauthorized"
ENTRY_CONFLICT = "EntryConflict"
CONFLICT = "Conflict"
INVALID_ANCHOR = "InvalidAnchor"
DUPLICATE_TARGET = "DuplicateTargetEntries"
INCOMPATIBLE = "SystemForCrossDomainIdentityManagementServiceIncompatible"
SYNC_SKIPPED = "EntrySynchronizationSkipped"
MANDATORY_MISSING = "MandatoryFieldsMissing"
EXPRESSION_FAILED = "ExpressionEvaluationFailed"
PROTOCOL_ERROR = "WebExceptionProtocolError"
TIMEOUT = "Timeout"

RECOMMENDATIONS = {
    UNAUTHORIZED: "The endpoint refused the token. Create a new one in the application and save it with `connect`."
    " The real service puts the job in quarantine at once.",
    "InsufficientRights": f"The token is known but may not do this. Give it the right in the application. {RETRY}",
    "MethodNotAllowed": f"The endpoint does not offer this method here. Ask its maker. {RETRY}",
    "NotPermitted": f"The endpoint refuses this request. Read its answer for the reason. {RETRY}",
    ENTRY_CONFLICT: "Another resource of the target already holds a value that must be unique, and the match"
    f" query did not find it. Change or remove that resource, or correct the matching attribute. {RETRY}",
    CONFLICT: f"The change collides with another resource of the target. {RETRY}",
    INVALID_ANCHOR: "The linked resource is gone from the target. The link is dropped and the object matched again.",
    DUPLICATE_TARGET: "The matching attribute finds several resources of the target. Make it unique there. " + RETRY,
    INCOMPATIBLE: "The answer does not have the form that SCIM prescribes. This is for the endpoint's maker;"
    f" a 404 to a query would put the real job in quarantine. {RETRY}",
    "SchemaAttributeNotFound": f"The target does not know a mapped attribute. Remove the mapping or add it. {RETRY}",
    "SchemaPropertyCanOnlyAcceptValue": f"The target refuses to change this attribute. Correct the mapping. {RETRY}",
    "UnprocessableEntity": f"The target understood the request and refuses its content. Read its answer. {RETRY}",
    "TooManyRequests": f"The target throttles. Lower --parallel or raise its limit. {RETRY}",
    "NotImplemented": f"The target does not implement this request. Ask its maker. {RETRY}",
    "InternalServerError": f"The target failed. Look in its log for the same moment. {RETRY}",
    PROTOCOL_ERROR: f"No usable HTTP answer came. Is the endpoint up, is the URL right, is TLS trusted? {RETRY}",
    TIMEOUT: f"The target did not answer in time. {RETRY}",
    MANDATORY_MISSING: f"No matching attribute has a value. Fill it in the directory, or map another one. {RETRY}",
    EXPRESSION_FAILED: f"An expression cannot work on this object's attributes. Correct the mapping. {RETRY}",
    SYNC_SKIPPED: "The object is not in a state in which it flows. Nothing has to be done.",
}

_BY_STATUS = {
    401: UNAUTHORIZED,
    403: "InsufficientRights",
    405: "MethodNotAllowed",
    409: CONFLICT,
    422: "UnprocessableEntity",
    429: "TooManyRequests",
    501: "NotImplemented",
}
_BY_SCIM_TYPE = {
    "uniqueness": ENTRY_CONFLICT,
    "invalidPath": "SchemaAttributeNotFound",
    "noTarget": "SchemaAttributeNotFound",
    "mutability": "SchemaPropertyCanOnlyAcceptValue",
}


class Failure(Exception):  # noqa: N818 - what the log calls it
    """A request did not end as it should. `status` is None where no HTTP answer came."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    @property
    def recommendation(self) -> str:
        """What to do about it, and what the real client does next."""
        return RECOMMENDATIONS[self.code]

    @property
    def stops(self) -> bool:
        """True where going on with other objects is pointless, and the real service quarantines the job at once."""
        return self.code == UNAUTHORIZED or (self.code == INCOMPATIBLE and self.status == 404)


def failure_of(status: int, body: Any, *, creating: bool = False) -> Failure:
    """Judge an answer whose status is not the expected one; `body` is its decoded JSON or None."""
    error = body if isinstance(body, dict) else {}
    scim_type, detail = error.get("scimType"), error.get("detail")
    code = _BY_STATUS.get(status)
    if status == 409 and creating:
        code = ENTRY_CONFLICT
    elif status == 400:
        code = _BY_SCIM_TYPE.get(str(scim_type), "UnprocessableEntity")
    elif code is None:
        code = _code_of_class(status)
    message = f"HTTP {status}" + (f" {scim_type}" if scim_type else "") + (f": {detail}" if detail else "")
    return Failure(code, message, status)


def _code_of_class(status: int) -> str:
    if status >= 500:
        return "InternalServerError"
    return "NotPermitted" if status >= 400 else PROTOCOL_ERROR
