"""The endpoints of SCIM: which verbs serve a resource type, on which table, under which scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from doorlist.domain.tenancy import Scope
from doorlist.scim.schema import ResourceType
from doorlist.service import membership, people
from doorlist.service.provisioning import Outcome
from doorlist.store.reading import groups_table, users_table
from doorlist.store.where import Table

Write = Callable[..., Awaitable[Outcome]]


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


def endpoints(base: str) -> Endpoints:
    """The endpoints by their name in an address, for addresses under `base`."""
    return {
        "Users": Endpoint(
            users_table(base),
            people.create_user,
            people.replace_user,
            people.patch_user,
            people.delete_user,
            Scope.USERS_READ,
            patch_body=True,
        ),
        "Groups": Endpoint(
            groups_table(base),
            membership.create_group,
            membership.replace_group,
            membership.patch_group,
            membership.delete_group,
            Scope.GROUPS_READ,
            patch_body=False,
        ),
    }
