"""Projects and tasks: what each level may do, in which order things stand, and who loses when two write at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Role
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, Forbidden, NotFound, VersionMismatch
from doorlist.service import clock, lifecycle, projects, sharing, staffing, tasks
from tests.service.company import OPERATOR, Company

Verb = Callable[[Company, Administrator, dict[str, UUID]], Awaitable[object]]
LEVELS = ["none", "viewer", "checker", "editor", "admin", "owner"]


def on(verb: Callable[..., Awaitable[object]], *names: str, **arguments: object) -> Verb:
    """The verb on the things of those names, as somebody."""

    def call(company: Company, acting: Administrator, ids: dict[str, UUID]) -> Awaitable[object]:
        return verb(company.database, acting, company.org_id, **{name: ids[name] for name in names}, **arguments)

    return call


VERBS: dict[str, tuple[str, Verb]] = {
    "list_projects": ("viewer", on(projects.list_projects, "folder_id")),
    "get_project": ("viewer", on(projects.get_project, "project_id")),
    "create_project": ("editor", on(projects.create_project, "folder_id", name="New")),
    "rename_project": ("editor", on(projects.rename_project, "project_id", name="Other")),
    "move_project": ("editor", on(projects.move_project, "project_id", after="first")),
    "delete_project": ("editor", on(projects.delete_project, "project_id")),
    "list_tasks": ("viewer", on(tasks.list_tasks, "project_id")),
    "get_task": ("viewer", on(tasks.get_task, "task_id")),
    "create_task": ("editor", on(tasks.create_task, "project_id", title="New")),
    "edit_task": ("editor", on(tasks.edit_task, "task_id", title="Other")),
    "tick_task": ("checker", on(tasks.tick_task, "task_id", done=True)),
    "move_task": ("editor", on(tasks.move_task, "task_id", after="first")),
    "delete_task": ("editor", on(tasks.delete_task, "task_id")),
}
"""Every verb with the lowest level that it is for."""


@pytest.fixture
async def board(company: Company) -> dict[str, UUID]:
    """A folder with a project of two tasks, and a person of every level in it."""
    await company.workspace("Studio", "Board", "Elsewhere")
    folder = await company.place("Studio", "Board")
    for name in LEVELS:
        await company.person(name)
        level = Level.parse(name)
        if level is not None:
            await sharing.grant_person(
                company.database,
                OPERATOR,
                company.org_id,
                resource_id=folder,
                user_id=company.people[name],
                level=level,
            )
    act = (company.database, OPERATOR, company.org_id)
    project = await projects.create_project(*act, folder_id=folder, name="Launch")
    first = await tasks.create_task(*act, project_id=project.id, title="Draw")
    await tasks.create_task(*act, project_id=project.id, title="Print", notes="on paper")
    return {"folder_id": folder, "project_id": project.id, "task_id": first.id}


def test_every_verb_on_projects_and_tasks_has_its_row() -> None:
    found = {
        name
        for module in (projects, tasks)
        for name, member in vars(module).items()
        if asyncio.iscoroutinefunction(member) and member.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found - {"seen"} == VERBS.keys()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("level", LEVELS)
async def test_a_level_may_what_it_is_for_and_nothing_above(
    company: Company, board: dict[str, UUID], verb: str, level: str
) -> None:
    least, call = VERBS[verb]
    acting, before = await company.acting(level), await company.events()
    if level == "none":
        with pytest.raises(NotFound):
            await call(company, acting, board)
    elif LEVELS.index(level) < LEVELS.index(least):
        with pytest.raises(Forbidden):
            await call(company, acting, board)
    else:
        await call(company, acting, board)
        return
    assert await company.events() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_an_administrator_of_another_organization_finds_nothing(
    company: Company, board: dict[str, UUID], verb: str
) -> None:
    other = await Company.create(company.database, name="Other")
    _, call = VERBS[verb]
    for acting in (await other.acting("boss@acme.example"), Administrator("key", "api", other.org_id)):
        with pytest.raises(NotFound):
            await call(company, acting, board)
        with pytest.raises(NotFound):
            await call(other, acting, board)


async def test_who_runs_the_organization_sees_no_content_without_joining(
    company: Company, board: dict[str, UUID]
) -> None:
    boss = await company.acting("boss@acme.example")
    act, folder = (company.database, boss, company.org_id), board["folder_id"]
    with pytest.raises(NotFound):
        await projects.list_projects(*act, folder_id=folder)
    await staffing.join_as_owner(*act, resource_id=folder)
    assert [one.name for one in await projects.list_projects(*act, folder_id=folder)] == ["Launch"]


@pytest.mark.parametrize("acting", ["owner", "operator", "key"])
async def test_an_archived_folder_is_read_by_everybody_and_changed_by_nobody(
    company: Company, board: dict[str, UUID], acting: str
) -> None:
    await lifecycle.archive(company.database, OPERATOR, company.org_id, resource_id=board["folder_id"])
    key = Administrator("key", "api", company.org_id)
    somebody = {"operator": OPERATOR, "key": key}.get(acting) or await company.acting("owner")
    for least, call in VERBS.values():
        if least == "viewer":
            await call(company, somebody, board)
        else:
            with pytest.raises(Forbidden):
                await call(company, somebody, board)


async def test_a_deactivated_or_blocked_person_has_no_content(company: Company, board: dict[str, UUID]) -> None:
    await staffing.set_role(
        company.database, OPERATOR, company.org_id, user_id=company.people["editor"], role=Role.ADMIN
    )
    acting = await company.acting("editor")
    await staffing.block(company.database, OPERATOR, company.org_id, user_id=company.people["editor"])
    with pytest.raises(Forbidden):
        await projects.get_project(company.database, acting, company.org_id, project_id=board["project_id"])
    with pytest.raises(Forbidden):
        await staffing.unblock(company.database, acting, company.org_id, user_id=company.people["editor"])
    await company.set_active("checker", active=False)
    inactive = Administrator("checker", "console", company.org_id, company.people["checker"])
    with pytest.raises(Forbidden):
        await tasks.get_task(company.database, inactive, company.org_id, task_id=board["task_id"])


async def test_things_stand_where_they_are_put(company: Company, board: dict[str, UUID]) -> None:
    act = (company.database, await company.acting("editor"), company.org_id)
    folder = {"folder_id": board["folder_id"]}
    launch = board["project_id"]
    names = {"Launch": launch}
    for name, after in (("First", "first"), ("Last", "last"), ("Second", launch)):
        names[name] = (await projects.create_project(*act, **folder, name=name, after=after)).id

    async def order() -> list[str]:
        return [one.name for one in await projects.list_projects(*act, **folder)]

    assert await order() == ["First", "Launch", "Second", "Last"]
    await projects.move_project(*act, project_id=names["Last"], after=names["First"])
    assert await order() == ["First", "Last", "Launch", "Second"]
    with pytest.raises(NotFound):
        await projects.move_project(*act, project_id=names["Last"], after=names["Last"])
    page = await projects.list_projects(*act, **folder, after=names["Last"], limit=1)
    assert [one.name for one in page] == ["Launch"]


async def test_an_order_survives_any_number_of_moves_to_one_spot(company: Company, board: dict[str, UUID]) -> None:
    """Each move goes behind the first thing: after some sixty of them the row is spread anew."""
    act = (company.database, OPERATOR, company.org_id)
    made = [(await tasks.create_task(*act, project_id=board["project_id"], title=str(n))).id for n in range(3)]
    expected = [one.id for one in await tasks.list_tasks(*act, project_id=board["project_id"])]
    for turn in range(250):
        moved = made[turn % 3]
        await tasks.move_task(*act, task_id=moved, after=board["task_id"])
        expected.remove(moved)
        expected.insert(1, moved)
    assert [one.id for one in await tasks.list_tasks(*act, project_id=board["project_id"])] == expected


async def test_parallel_writers_lose_nothing_and_share_no_place(company: Company, board: dict[str, UUID]) -> None:
    act = (company.database, OPERATOR, company.org_id)
    await asyncio.gather(
        *(tasks.create_task(*act, project_id=board["project_id"], title=f"t{n}", after="first") for n in range(20))
    )
    row = await tasks.list_tasks(*act, project_id=board["project_id"])
    assert sorted(one.title for one in row) == sorted(["Draw", "Print", *(f"t{n}" for n in range(20))])
    async with company.database.reading() as connection:
        assert await connection.fetchval("select count(distinct position) from tasks") == 22


async def test_of_two_edits_of_one_version_one_is_refused(company: Company, board: dict[str, UUID]) -> None:
    act = (company.database, await company.acting("editor"), company.org_id)
    task = await tasks.get_task(*act, task_id=board["task_id"])
    changes = (
        tasks.edit_task(*act, task_id=task.id, title=title, version=task.version) for title in ("Sketch", "Paint")
    )
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [VersionMismatch]
    after = await tasks.get_task(*act, task_id=task.id)
    assert (after.version, after.title in {"Sketch", "Paint"}) == (task.version + 1, True)
    with pytest.raises(VersionMismatch):
        await tasks.delete_task(*act, task_id=task.id, version=task.version)
    with pytest.raises(VersionMismatch):
        await projects.rename_project(*act, project_id=task.project_id, name="Late", version=7)


async def test_a_tick_says_who_and_is_taken_back(company: Company, board: dict[str, UUID]) -> None:
    act = (company.database, await company.acting("checker"), company.org_id)
    done = await tasks.tick_task(*act, task_id=board["task_id"], done=True)
    assert (done.done_by, done.done_at is not None) == ("checker", True)
    before = await company.events()
    assert await tasks.tick_task(*act, task_id=board["task_id"], done=True) == done
    assert await company.events() == before
    assert (await projects.get_project(*act, project_id=board["project_id"])).done == 1
    open_again = await tasks.tick_task(*act, task_id=board["task_id"], done=False)
    assert (open_again.done_at, open_again.done_by) == (None, None)
    assert (await company.events())[-2:] == ["task.ticked", "task.unticked"]


async def test_moving_elsewhere_needs_an_editor_on_both_sides(company: Company, board: dict[str, UUID]) -> None:
    elsewhere = await company.place("Studio", "Elsewhere")
    act = (company.database, await company.acting("editor"), company.org_id)
    with pytest.raises(NotFound):
        await projects.move_project(*act, project_id=board["project_id"], folder_id=elsewhere)
    other = await projects.create_project(
        company.database, OPERATOR, company.org_id, folder_id=elsewhere, name="Hidden"
    )
    with pytest.raises(NotFound):
        await tasks.move_task(*act, task_id=board["task_id"], project_id=other.id)
    grant = {"resource_id": elsewhere, "user_id": company.people["editor"]}
    await sharing.grant_person(company.database, OPERATOR, company.org_id, **grant, level=Level.CHECKER)
    with pytest.raises(Forbidden):
        await tasks.move_task(*act, task_id=board["task_id"], project_id=other.id)
    await sharing.grant_person(company.database, OPERATOR, company.org_id, **grant, level=Level.EDITOR)
    assert (await tasks.move_task(*act, task_id=board["task_id"], project_id=other.id)).folder_id == elsewhere
    moved = await projects.move_project(*act, project_id=board["project_id"], folder_id=elsewhere, after="first")
    assert (moved.folder_id, moved.tasks) == (elsewhere, 1)
    assert [one.name for one in await projects.list_projects(*act, folder_id=elsewhere)] == ["Launch", "Hidden"]


async def test_what_is_too_much_or_no_text_is_refused(
    company: Company, board: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    act, project = (company.database, OPERATOR, company.org_id), board["project_id"]
    for title, notes in (("", ""), (" ", ""), ("x" * 201, ""), ("x", "n" * 10_001), ("x", "\x00")):
        with pytest.raises(BadInput):
            await tasks.create_task(*act, project_id=project, title=title, notes=notes)
    monkeypatch.setattr(tasks, "MOST_TASKS", 2)
    monkeypatch.setattr(projects, "MOST_PROJECTS", 1)
    with pytest.raises(Conflict):
        await tasks.create_task(*act, project_id=project, title="one too many")
    with pytest.raises(Conflict):
        await projects.create_project(*act, folder_id=board["folder_id"], name="one too many")
    for verb in (projects.create_project, projects.list_projects):
        place = {"folder_id": clock.new_id(clock.now())}
        with pytest.raises(NotFound):
            await verb(*act, **place, **({"name": "x"} if verb is projects.create_project else {}))  # type: ignore[operator]


async def test_projects_are_in_folders_only(company: Company, board: dict[str, UUID]) -> None:
    with pytest.raises(NotFound):
        await projects.create_project(
            company.database, OPERATOR, company.org_id, folder_id=await company.place("Studio"), name="Adrift"
        )
