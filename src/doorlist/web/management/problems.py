"""Refusals of the management API as problem documents (RFC 9457), with the codes of `errors.py`."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from doorlist.errors import BadInput, Busy, MethodNotAllowed, Refusal, Unauthenticated, Unavailable

MEDIA_TYPE: Final = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused. `code` is stable and explained in docs/reference/errors.md."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:doorlist:refusal:not-found",
                    "title": "not found",
                    "status": 404,
                    "code": "not-found",
                    "detail": "There is no such folder.",
                    "place": "folder",
                    "hint": "",
                    "problems": [],
                }
            ]
        }
    )

    type: str = Field(description="A URN made of the code.")
    title: str = Field(description="The code in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    code: str = Field(description="What kind of refusal it is; never given to another meaning.")
    detail: str = Field(description="What happened, in a sentence.")
    place: str = Field(description="Which part of the request it is about; empty when it is the whole.")
    hint: str = Field(description="What to do about it.")
    problems: list[str] = Field(description="Every fault that was found, where there may be several.")


def problem_response(refusal: Refusal) -> Response:
    """The problem document of a refusal, with the headers that its status demands."""
    return Response(_body(refusal), refusal.status, _headers(refusal), MEDIA_TYPE)


def malformed(error: RequestValidationError) -> BadInput:
    """The refusal that stands for what a request's schema found; the values themselves are not repeated."""
    found = tuple(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:20])
    return BadInput("The request is not as the API describes it.", problems=found)


def _body(refusal: Refusal) -> bytes:
    document: dict[str, Any] = {
        "type": f"urn:doorlist:refusal:{refusal.code}",
        "title": refusal.code.replace("-", " "),
        "status": refusal.status,
        "code": refusal.code,
        "detail": _printable(refusal.detail),
        "place": _printable(refusal.place),
        "hint": refusal.hint,
        "problems": [_printable(problem) for problem in getattr(refusal, "problems", ())],
    }
    return msgspec.json.encode(document)


def _printable(text: str) -> str:
    """The text without lone surrogates, which no encoding of JSON can carry."""
    return text.encode("utf-8", "replace").decode()


def _headers(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="doorlist", error="invalid_token"'}
    if isinstance(refusal, MethodNotAllowed):
        return {"Allow": ", ".join(refusal.allow)}
    if isinstance(refusal, Busy):
        return {"Retry-After": "1"}
    return {"Retry-After": "2"} if isinstance(refusal, Unavailable) else {}
