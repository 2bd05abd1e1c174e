"""The endpoints of SCIM: which verbs serve a resource type, on which table, under which scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from doorlist.domain.tenancy import Scope
from doorlist.scim.catalogue import Catalogue
from doorlist.scim.schema import ResourceType
from doorlist.service import membership, people
from doorlist.service.provisioning import Outcome
from doorlist.store.reading import groups_table, users_table
from doorlist.store.where import Table

Write = Callable[..., Awaitable[Outcome]]
_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resource type with its table, its verbs and its scope. `patch_body` says whether a PATCH
    usually answers with one."""

    table: Table
    create: Write
    replace: Write
    patch: Write
    delete: Write
    reading: Scope
    patch_body: bool

    @property
    def resource_type(self) -> ResourceType:
        return self.table.resource_type


Endpoints = Mapping[str, Endpoint]


@lru_cache(maxsize=_KEPT)
def endpoints(base: str, types: Catalogue) -> Endpoints:
    """The endpoints by their name in an address, for addresses under `base` and an organization's resource types."""
    return {
        "Users": Endpoint(
            replace(users_table(base), resource_type=types.user),
            people.create_user,
            people.replace_user,
            people.patch_user,
            people.delete_user,
            Scope.USERS_READ,
            patch_body=True,
        ),
        "Groups": Endpoint(
            replace(groups_table(base), resource_type=types.group),
            membership.create_group,
            membership.replace_group,
            membership.patch_group,
            membership.delete_group,
            Scope.GROUPS_READ,
            patch_body=False,
        ),
    }
