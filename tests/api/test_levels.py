"""Every level, every verb, every path: the service, the route of the API and the decision by AuthZEN agree."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.domain.decisions import ACTIONS
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden, NotFound
from doorlist.service import excluding, lifecycle, projects, sharing, tasks, workspaces
from tests.api.conftest import Furnish, Programs, Studio
from tests.api.every_request import ROUTES
from tests.service.company import OPERATOR

LEVELS = ["none", *(level.label for level in Level)]
MODULES = (projects, tasks, sharing, lifecycle, excluding)
NO_LEVEL = {
    "seen": "what the verbs on projects and tasks share",
    "list_deleted": "for who manages the organization; its route asks for that",
    "excluded_there": "for who manages the organization, whatever the level there",
    "list_exclusions": "for who manages the organization; the route reads by page",
}
"""Functions of these modules that take no level of a place, each with its reason."""

Prepare = Callable[[Studio], Awaitable[object]]


@dataclass(frozen=True)
class Row:
    """A verb: the lowest level that may do it, its arguments by the names of things, and the request that does it."""

    verb: Callable[..., Awaitable[object]]
    least: Level
    operation: str
    names: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    query: str = ""
    prepare: Prepare | None = None
    resource: str = "folder"
    decided: bool = True

    async def serve(self, studio: Studio, acting: Administrator) -> None:
        """The verb of the service, as the console and the command line call it."""
        company = studio.company
        named = {name: studio.ids[name] for name in self.names}
        await self.verb(company.database, acting, company.org_id, **named, **self.arguments)

    async def request(self, studio: Studio, client: httpx.AsyncClient) -> int:
        """The route of the API; the status of its answer."""
        (route,) = [one for one in ROUTES if one.operation == self.operation]
        method, address, body = route.request(studio.ids)
        if self.query:
            address = address.partition("?")[0] + self.query.format(**studio.ids)
        if self.body is not None:
            body = {name: str(value).format(**studio.ids) for name, value in self.body.items()}
            body = {"change": body} if self.operation == "make_plan" else body
        return (await client.request(method, address, json=body)).status_code


def act(studio: Studio) -> tuple[Any, Administrator, UUID]:
    return studio.company.database, OPERATOR, studio.company.org_id


async def retain(studio: Studio) -> None:
    """Let somebody keep what the group gave there."""
    await studio.company.grant("Designers", Level.VIEWER, "Studio", "Board")
    await studio.company.leave("Designers", "nobody")
    studio.ids["user_id"] = studio.company.people["nobody"]


async def grant_group(studio: Studio) -> None:
    await studio.company.grant("Designers", Level.VIEWER, "Studio", "Board")


async def exclude(studio: Studio) -> None:
    studio.ids["user_id"] = studio.company.people["nobody"]
    names = {"resource_id": studio.ids["resource_id"], "user_id": studio.ids["user_id"]}
    await excluding.exclude_person(*act(studio), **names)


async def archive(studio: Studio) -> None:
    await lifecycle.archive(*act(studio), resource_id=studio.ids["resource_id"])


async def delete(studio: Studio) -> None:
    await lifecycle.delete(*act(studio), resource_id=studio.ids["resource_id"])


async def grant_on_workspace(studio: Studio) -> None:
    """Everybody has the own level on the workspace as well, which is where folders are made."""
    for level in Level:
        person = studio.company.people[level.label]
        where = {"resource_id": studio.ids["workspace_id"], "user_id": person}
        await sharing.grant_person(*act(studio), **where, level=level)


_PERSON, _GROUP = ("resource_id", "user_id"), ("resource_id", "group_id")
_ON_PERSON = {"resource_id": "{resource_id}", "user_id": "{user_id}"}
_ON_GROUP = {"resource_id": "{resource_id}", "group_id": "{group_id}"}
ROWS = [
    Row(projects.list_projects, Level.VIEWER, "list_projects", ("folder_id",)),
    Row(projects.get_project, Level.VIEWER, "get_project", ("project_id",), resource="project"),
    Row(projects.create_project, Level.EDITOR, "create_project", ("folder_id",), {"name": "New"}),
    Row(projects.rename_project, Level.EDITOR, "rename_project", ("project_id",), {"name": "X"}, resource="project"),
    Row(projects.move_project, Level.EDITOR, "move_project", ("project_id",), {"after": "first"}, resource="project"),
    Row(projects.delete_project, Level.EDITOR, "delete_project", ("project_id",), decided=False),
    Row(tasks.list_tasks, Level.VIEWER, "list_tasks", ("project_id",), resource="project"),
    Row(tasks.get_task, Level.VIEWER, "get_task", ("task_id",), resource="task"),
    Row(tasks.create_task, Level.EDITOR, "create_task", ("project_id",), {"title": "New"}, resource="project"),
    Row(tasks.edit_task, Level.EDITOR, "edit_task", ("task_id",), {"title": "X"}, resource="task"),
    Row(tasks.tick_task, Level.CHECKER, "tick_task", ("task_id",), {"done": True}, resource="task"),
    Row(tasks.move_task, Level.EDITOR, "move_task", ("task_id",), {"after": "first"}, resource="task"),
    Row(tasks.delete_task, Level.EDITOR, "delete_task", ("task_id",), decided=False),
    Row(
        sharing.grant_person,
        Level.ADMIN,
        "put_grant",
        _PERSON,
        {"level": Level.CHECKER},
        body={**_ON_PERSON, "level": "checker"},
    ),
    Row(
        sharing.grant_group,
        Level.ADMIN,
        "put_grant",
        _GROUP,
        {"level": Level.CHECKER},
        body={**_ON_GROUP, "level": "checker"},
    ),
    Row(sharing.ungrant_person, Level.ADMIN, "remove_grant", _PERSON),
    Row(
        sharing.ungrant_group,
        Level.ADMIN,
        "remove_grant",
        _GROUP,
        {"members": Policy.REMOVE},
        query="?resource_id={resource_id}&group_id={group_id}&members=remove",
        prepare=grant_group,
    ),
    Row(sharing.remove_retained, Level.ADMIN, "remove_retained", _PERSON, prepare=retain),
    Row(sharing.remove_person, Level.ADMIN, "make_plan", _PERSON, body={"kind": "remove", **_ON_PERSON}),
    Row(excluding.exclude_person, Level.ADMIN, "exclude_person", _PERSON),
    Row(excluding.lift_exclusion, Level.ADMIN, "lift_exclusion", _PERSON, prepare=exclude),
    Row(lifecycle.archive, Level.ADMIN, "archive_place", ("resource_id",), decided=False),
    Row(lifecycle.unarchive, Level.ADMIN, "unarchive_place", ("resource_id",), prepare=archive, decided=False),
    Row(lifecycle.delete, Level.OWNER, "delete_place", ("resource_id",), decided=False),
    Row(lifecycle.restore, Level.OWNER, "restore_place", ("resource_id",), prepare=delete, decided=False),
    Row(
        workspaces.create_folder,
        Level.EDITOR,
        "create_folder",
        ("workspace_id",),
        {"name": "New"},
        prepare=grant_on_workspace,
        resource="workspace",
    ),
]
"""`decided` is off where what is asked about is out of everybody's reach, or where another row asks it."""


def test_every_verb_that_takes_a_level_has_a_row() -> None:
    found = {
        f"{module.__name__}.{name}"
        for module in MODULES
        for name, member in vars(module).items()
        if (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member))
        and member.__module__ == module.__name__
        and not name.startswith("_")
        and not name.endswith("_in")
        and name not in NO_LEVEL
    }
    listed = {f"{row.verb.__module__}.{row.verb.__name__}" for row in ROWS}
    assert found <= listed
    assert listed - found == {"doorlist.service.workspaces.create_folder"}


def test_every_level_has_its_action_and_its_verbs() -> None:
    assert {row.least for row in ROWS} == set(ACTIONS.values()) == set(Level)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.verb.__name__}-{row.operation}")
async def test_a_level_may_the_same_on_every_path(program: Programs, furnish: Furnish, row: Row) -> None:
    for number, name in enumerate(LEVELS):
        studio: Studio = await furnish(f"Org {name}")
        await studio.company.person("none")
        if row.prepare is not None:
            await row.prepare(studio)
        allowed, acting = number >= row.least, await studio.company.acting(name)
        client = await program(studio.company, person=name)
        if row.decided:
            assert await decided(program, studio, row, name) == allowed, name
        if not allowed:
            before = await studio.company.events()
            with pytest.raises((Forbidden, NotFound)):
                await row.serve(studio, acting)
            assert await row.request(studio, client) in {403, 404}, name
            assert await studio.company.events() == before
            continue
        assert await row.request(studio, client) < 300, name
        again: Studio = await furnish(f"Again {name}")
        if row.prepare is not None:
            await row.prepare(again)
        await row.serve(again, await again.company.acting(name))


async def decided(program: Programs, studio: Studio, row: Row, name: str) -> bool:
    """The decision about the action of the row's level."""
    (action,) = [action for action, least in ACTIONS.items() if least is row.least]
    question = {
        "subject": {"type": "user", "id": name},
        "action": {"name": action},
        "resource": {"type": row.resource, "id": str(studio.ids[f"{row.resource}_id"])},
    }
    client = await program(studio.company, "decisions")
    answer = (await client.post("/access/v1/evaluation", json=question)).json()
    return bool(answer["decision"])
