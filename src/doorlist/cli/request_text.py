"""One logged request as lines for a person: what was asked and answered, what it changed, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from doorlist.service.provisioning_log import Shown
from doorlist.store.trail import Moved


def describe(shown: Shown, moved: Sequence[Moved]) -> Iterator[str]:
    """The lines, in the order in which they are read: outcome, advice, changes, members, bodies, repetition."""
    line = shown.line
    yield f"{line.method} {line.path}{'?' if line.query else ''}{line.query}"
    yield f"{line.status} in {line.duration_us / 1000:.1f} ms at {line.at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"token {line.token or line.token_hint or 'none'}, from {line.client}, {line.agent or 'no user agent'}"
    yield f"request {line.request_id}"
    if shown.advice is not None:
        yield ""
        yield f"What happened      {line.code or line.status}: {line.detail or ''}"
        yield f"Who can mend it    {shown.advice.who.value}"
        yield f"Where              {shown.advice.where}"
    yield from _changes(shown)
    yield from _members(shown, moved)
    for title, body in (("Request", shown.request), ("Answer", shown.response)):
        if body is not None:
            yield f"\n{title}"
            yield _indented(body)
    if shown.curl is not None:
        yield "\nRepeat it"
        yield shown.curl


def _changes(shown: Shown) -> Iterator[str]:
    if not shown.change:
        return
    yield "\nWhat changed"
    attributes = shown.change.get("attributes")
    for name, values in (attributes if isinstance(attributes, dict) else {}).items():
        before, after = (json.dumps(value, ensure_ascii=False) for value in values)
        yield f"  {name}: {before} -> {after}"
    for name, value in shown.change.items():
        if name != "attributes":
            yield f"  {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _members(shown: Shown, moved: Sequence[Moved]) -> Iterator[str]:
    total = sum(event.added + event.removed for event in shown.events)
    if not total:
        return
    yield f"\nMembers (the first {len(moved)} of {total})" if len(moved) < total else "\nMembers"
    for one in moved:
        yield f"  {'+' if one.way == 'added' else '-'} {one.name}"


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
