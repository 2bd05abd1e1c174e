"""A browser without scripts, as far as a sign-in needs one: cookies, redirects, and forms sent as they were found."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from doorlist.tour.steps import StepFailed

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_FARTHEST: Final = 10


@dataclass(slots=True)
class Form:
    """A form of a page: where it leads, and its hidden fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """What came at the end of all redirects."""

    url: str
    status: int
    text: str

    def form(self, holding: str) -> Form:
        """The form with a hidden field of that name. Raises `StepFailed` where the page has none."""
        reader = _Forms()
        reader.feed(self.text)
        for found in reader.forms:
            if holding in found.fields:
                return Form(urljoin(self.url, found.action), found.fields)
        raise StepFailed(f"The page {self.url}", expected=f"a form with {holding}", found=f"HTTP {self.status}, none")


class Browser:
    """Cookies of one visitor, kept apart by host and port as if each program had a host of its own."""

    def __init__(self) -> None:
        self._cookies: dict[str, dict[str, str]] = {}

    def get(self, url: str) -> Page:
        """Go to an address. Raises `StepFailed` where nobody answers."""
        return self._go("GET", url, body=None)

    def send(self, form: Form, **typed: str) -> Page:
        """Send a form with what was typed into it. Raises `StepFailed` where nobody answers."""
        return self._go("POST", form.action, body=urlencode({**form.fields, **typed}))

    def _go(self, method: str, url: str, *, body: str | None) -> Page:
        for _ in range(_FARTHEST):
            status, headers, text = self._ask(method, url, body=body)
            if status not in _REDIRECTS:
                return Page(url, status, text)
            url, method, body = urljoin(url, headers["location"]), "GET", None
        raise StepFailed(url, expected="a page", found=f"more than {_FARTHEST} redirects")

    def _ask(self, method: str, url: str, *, body: str | None) -> tuple[int, Mapping[str, str], str]:
        parts = urlsplit(url)
        own = self._cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in own.items())} if own else {}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            headers |= {"Origin": f"{parts.scheme}://{parts.netloc}"}
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise StepFailed(f"{method} {url}", expected="an answer", found=str(error)) from None
        finally:
            connection.close()
        self._remember(own, response.headers.get_all("set-cookie", []))
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text

    @staticmethod
    def _remember(own: dict[str, str], lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    own.pop(name, None)
                else:
                    own[name] = morsel.value


class _Forms(HTMLParser):
    """Collects forms with their hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1].fields[given.get("name", "")] = given.get("value", "")
