"""Leafing through the lists of an organization, for those who manage it; members leaf through their own places."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Forbidden
from doorlist.service.authority import require_manager, role_of
from doorlist.store.browsing import Leaf, Listing, View, leaf
from doorlist.store.db import Database
from doorlist.store.lists import REACHED, ReachLine

T = TypeVar("T")

LONGEST_SEARCH = 200  # characters
LONGEST_LEAF = 500  # rows


async def browse(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    listing: Listing[T],
    view: View,
    *,
    within: UUID | None = None,
) -> Leaf[T]:
    """A page of a list, `within` the group or workspace that the list is of.

    Raises:
        BadInput: the list has no such order, filter or choice, or the search is longer than 200 characters.
        Forbidden: the visitor does not manage the organization.
        NotFound: it is not the visitor's.
    """
    _check(listing, view)
    view = replace(view, search=fold(view.search))
    async with database.reporting() as connection:
        await require_manager(connection, administrator, org_id)
        return await leaf(connection, listing, org_id, view, within=within)


async def browse_own(database: Database, administrator: Administrator, org_id: UUID, view: View) -> Leaf[ReachLine]:
    """A page of the places that the person who asks reaches.

    Raises `BadInput` like `browse`; `Forbidden` for somebody who is no active person of the organization.
    """
    _check(REACHED, view)
    view = replace(view, search=fold(view.search))
    async with database.reporting() as connection:
        await role_of(connection, administrator, org_id)
        if administrator.user_id is None:
            raise Forbidden("Only a person has workspaces and folders of their own.")
        return await leaf(connection, REACHED, org_id, view, within=administrator.user_id)


def _check(listing: Listing[T], view: View) -> None:
    if view.order not in listing.orders:
        raise BadInput(f"The list has no order {view.order!r}.", place="sort")
    for name, choice in view.chosen.items():
        if choice not in listing.filters.get(name, {}):
            raise BadInput(f"The list has no filter {name} {choice!r}.", place=name)
    if len(view.search) > LONGEST_SEARCH:
        raise BadInput(f"A search is at most {LONGEST_SEARCH} characters long.", place="q")
    if not 1 <= view.limit <= LONGEST_LEAF:
        raise BadInput(f"A page has 1 to {LONGEST_LEAF} rows.", place="limit")
