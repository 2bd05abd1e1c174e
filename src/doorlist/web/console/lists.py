"""Between the address of a list and the view of it: `?q=ana&state=active&sort=-changed&after=…`.

A place in a list travels as text that only this module reads; what does not parse is refused with its parameter.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import StreamingResponse

from doorlist.domain.ids import parse_id
from doorlist.domain.sheets import inert
from doorlist.errors import BadInput
from doorlist.service.browsing import LONGEST_LEAF, browse
from doorlist.store.browsing import Leaf, Listing, Place, View
from doorlist.web import pages
from doorlist.web.console.visits import Visit

T = TypeVar("T")
_LONGEST_PLACE: Final = 4096  # characters


@dataclass(frozen=True, slots=True)
class List(Generic[T]):
    """A page of a list with the addresses that lead from it."""

    path: str
    view: View
    leaf: Leaf[T]

    @property
    def rows(self) -> tuple[T, ...]:
        return self.leaf.rows

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter leaves rows out."""
        return bool(self.view.search or self.view.chosen)

    @property
    def earlier(self) -> str | None:
        """The address of the page before, None on the first."""
        return self._address(before=self.leaf.earlier) if self.leaf.earlier else None

    @property
    def later(self) -> str | None:
        """The address of the page after, None on the last."""
        return self._address(after=self.leaf.later) if self.leaf.later else None

    def sorted_by(self, order: str) -> str:
        """The address of the list in another order; the other way round where it is in that order already."""
        descending = self.view.order == order and not self.view.descending
        return self._address(sort=("-" if descending else "") + order)

    @property
    def csv(self) -> str:
        """The address of everything that the view admits, as CSV."""
        return self._address(format="csv")

    def _address(self, *, before: Place | None = None, after: Place | None = None, **changes: str) -> str:
        sort = ("-" if self.view.descending else "") + self.view.order
        query = {"q": self.view.search, "sort": sort, **self.view.chosen, **changes}
        if before or after:
            query["before" if before else "after"] = _spell(before or after)  # type: ignore[arg-type] # one of them is
        return f"{self.path}?{urlencode({name: value for name, value in query.items() if value})}"


async def read_list(visit: Visit, listing: Listing[T], *, order: str, within: UUID | None = None) -> List[T]:
    """The page of a list that the address asks for. Raises `BadInput`, `Forbidden`."""
    view = read_view(visit.request.query_params, listing, order=order)
    leaf = await browse(visit.database, visit.administrator, visit.org_id, listing, view, within=within)
    return List(visit.request.url.path, view, leaf)


def read_view(query: Mapping[str, str], listing: Listing[Any], *, order: str) -> View:
    """What an address says of a list; `order` is the list's usual one, falling with a minus before it."""
    sort = query.get("sort") or order
    chosen = {name: query[name] for name in listing.filters if query.get(name)}
    return View(
        order=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        search=query.get("q", "").strip(),
        chosen=chosen,
        after=_read("after", query.get("after")),
        before=_read("before", query.get("before")),
    )


Columns = Mapping[str, Callable[[T], object]]


def as_csv(
    visit: Visit, listing: Listing[T], columns: Columns[T], *, name: str, order: str, within: UUID | None = None
) -> StreamingResponse:
    """Every row that the view of the address admits, streamed as CSV."""
    view = replace(read_view(visit.request.query_params, listing, order=order), before=None, after=None)

    async def lines() -> AsyncIterator[str]:
        yield _record(columns)
        nonlocal view
        view = replace(view, limit=LONGEST_LEAF)
        while True:
            leaf = await browse(visit.database, visit.administrator, visit.org_id, listing, view, within=within)
            yield "".join(_record(cell(row) for cell in columns.values()) for row in leaf.rows)
            if leaf.later is None:
                return
            view = replace(view, after=leaf.later)

    answer = StreamingResponse(lines(), media_type="text/csv; charset=utf-8")
    answer.headers["content-disposition"] = f'attachment; filename="{name}.csv"'
    return pages.secured(answer)


def wants_csv(visit: Visit) -> bool:
    """Whether the address asks for a file instead of a page."""
    return visit.request.query_params.get("format") == "csv"


def _record(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(inert(cell) for cell in cells)
    return line.getvalue()


def _spell(place: Place) -> str:
    text = json.dumps([place.value, str(place.id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(name: str, text: str | None) -> Place | None:
    if not text:
        return None
    try:
        value, identity = json.loads(base64.urlsafe_b64decode(text[:_LONGEST_PLACE] + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, TypeError):
        raise BadInput("This is no place in the list.", place=name) from None
    place = parse_id(identity) if isinstance(identity, str) else None
    if place is None or not isinstance(value, str) or "\x00" in value:
        raise BadInput("This is no place in the list.", place=name)
    return Place(value, place)
