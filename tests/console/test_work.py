"""Members at work: what each level shows and lets through, and what happens when access ends meanwhile."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Role
from doorlist.service import clock, insight, sharing, tenants, workspaces
from doorlist.service.tenants import Settings
from doorlist.store import roster
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.app import App
from tests.console.conftest import OPERATOR, Browser, signed_in


@dataclass
class Member:
    """A member in a browser, and the folder that the member was given."""

    browser: Browser
    user_id: UUID
    org_id: UUID
    folder: UUID
    database: Database

    async def give(self, level: Level) -> None:
        await sharing.grant_person(
            self.database, OPERATOR, self.org_id, resource_id=self.folder, user_id=self.user_id, level=level
        )

    @property
    def page(self) -> str:
        return f"/o/example/board/{self.folder}"


@pytest.fixture
async def member(app: App, database: Database, organization: Organization) -> AsyncIterator[Member]:
    org_id, user_id = organization.org_id, clock.new_id(clock.now())
    async with database.transaction() as connection:
        await roster.insert_person(
            connection,
            org_id,
            user_id=user_id,
            role=Role.MEMBER,
            user_name="ana@example.com",
            user_name_key="ana@example.com",
            display_name="Ana",
            doc="{}",
            search="{}",
            now=clock.now(),
        )
    workspace = await workspaces.create_workspace(database, OPERATOR, org_id, name="Studio")
    folder = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=workspace, name="Brand Book")
    browser = await signed_in(app, database, org_id, user_id)
    yield Member(browser, user_id, org_id, folder, database)
    await browser.http.aclose()


def task_on(page: str) -> str:
    found = re.search(r"/tasks/([0-9a-f-]{36})", page)
    assert found is not None
    return found[1]


async def test_a_member_sees_nothing_until_something_is_given(member: Member) -> None:
    assert "Nothing is shared with you yet" in await member.browser.page("/o/example/home")
    assert (await member.browser.get(member.page)).status_code == 404
    await member.give(Level.VIEWER)
    assert "Brand Book" in await member.browser.page("/o/example/home")


async def test_a_member_does_not_see_the_administrators_pages(member: Member) -> None:
    for path in ("members", "groups", "directory", "log", "audit", "settings", "review", "why", "deleted"):
        assert (await member.browser.get(f"/o/example/{path}")).status_code == 403, path
    assert (await member.browser.get("/platform")).status_code == 403


async def test_an_editor_makes_ticks_moves_and_deletes(member: Member) -> None:
    await member.give(Level.EDITOR)
    made = await member.browser.send(f"{member.page}/projects", member.page, name="Launch")
    project = made.url.params["project"]
    where = f"{member.page}?project={project}"
    for title in ("Write", "Print", "Send"):
        await member.browser.send(f"{member.page}/tasks", where, project=project, title=title)
    page = await member.browser.page(where)
    first = task_on(page)
    ticked = await member.browser.send(f"/o/example/tasks/{first}", where, do="tick")
    assert 'aria-checked="true" aria-label="Write"' in ticked.text
    moved = await member.browser.send(f"/o/example/tasks/{first}", where, do="move", after="last")
    assert re.findall(r'aria-label="(Write|Print|Send)"', moved.text) == ["Print", "Send", "Write"]
    gone = await member.browser.send(f"/o/example/tasks/{first}", where, do="delete")
    assert re.findall(r'aria-label="(Write|Print|Send)"', gone.text) == ["Print", "Send"]


async def test_an_edit_on_an_old_version_is_refused(member: Member) -> None:
    await member.give(Level.EDITOR)
    made = await member.browser.send(f"{member.page}/projects", member.page, name="Launch")
    where = f"{member.page}?project={made.url.params['project']}"
    page = await member.browser.send(f"{member.page}/tasks", where, project=made.url.params["project"], title="Write")
    task = task_on(page.text)
    await member.browser.send(f"/o/example/tasks/{task}", where, do="edit", title="Mine", notes="", version="1")
    late = await member.browser.send(f"/o/example/tasks/{task}", where, do="edit", title="Theirs", version="1")
    assert late.status_code == 412
    assert "Mine" in await member.browser.page(where)


@pytest.mark.parametrize(("level", "ticks"), [(Level.VIEWER, False), (Level.CHECKER, True)])
async def test_a_level_shows_and_lets_through_what_it_is_for(member: Member, level: Level, ticks: bool) -> None:
    await member.give(Level.EDITOR)
    made = await member.browser.send(f"{member.page}/projects", member.page, name="Launch")
    project = made.url.params["project"]
    where = f"{member.page}?project={project}"
    task = task_on((await member.browser.send(f"{member.page}/tasks", where, project=project, title="Write")).text)
    await member.give(level)
    page = await member.browser.page(where)
    assert "New task" not in page
    assert (" disabled>" in page) is not ticks
    assert (await member.browser.send(f"{member.page}/tasks", where, project=project, title="No")).status_code == 403
    tick = await member.browser.send(f"/o/example/tasks/{task}", where, do="tick")
    assert tick.status_code == (200 if ticks else 403)


async def test_access_that_ended_ends_at_the_next_action(member: Member) -> None:
    await member.give(Level.EDITOR)
    assert (await member.browser.get(member.page)).status_code == 200
    await sharing.remove_person(
        member.database, OPERATOR, member.org_id, resource_id=member.folder, user_id=member.user_id
    )
    assert (await member.browser.get(member.page)).status_code == 404
    assert "Brand Book" not in await member.browser.page("/o/example/home")


async def test_members_make_workspaces_only_where_the_organization_lets_them(member: Member) -> None:
    made = await member.browser.send("/o/example/home/workspaces", "/o/example/home", name="Atelier")
    assert "you own it" in made.text
    settings = Settings(members_create_workspaces=False)
    await tenants.change_settings(member.database, OPERATOR, member.org_id, settings)
    page = await member.browser.page("/o/example/home")
    assert "Create workspace" not in page
    refused = await member.browser.send("/o/example/home/workspaces", "/o/example/home", name="Second")
    assert refused.status_code == 403
    names = [line.name async for line in insight.workspaces(member.database, member.org_id)]
    assert "Second" not in names
