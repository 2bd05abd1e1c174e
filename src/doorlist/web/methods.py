"""HTTP methods of an address: which it takes, and what OPTIONS says of it."""

from __future__ import annotations

from doorlist.errors import MethodNotAllowed
from doorlist.web.replies import Reply
from doorlist.web.requests import Request


def allow(request: Request, *methods: str) -> str:
    """The method, HEAD as GET. Raises `MethodNotAllowed`."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in (*methods, "OPTIONS"):
        raise MethodNotAllowed(f"{method[:20]} is not possible here.", allow=(*methods, "OPTIONS"))
    return method


def options(*methods: str) -> Reply:
    """The answer to OPTIONS: what an address takes."""
    head = ("HEAD",) if "GET" in methods else ()
    return Reply(204, headers=((b"allow", ", ".join((*methods, *head, "OPTIONS")).encode()),))
