"""The management API in this process, on the test's own database: a company with one of everything, and its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.config import Settings
from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Administrator
from doorlist.service import keys, projects, sharing, tasks
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.service.company import OPERATOR, Company


@dataclass
class Programs:
    """Makes keys and the clients that use them."""

    app: App
    database: Database
    opened: list[httpx.AsyncClient]

    async def __call__(
        self, company: Company, *scopes: str, person: str | None = None, **key: Any
    ) -> httpx.AsyncClient:
        """A client with a new key of a company, that acts as one of its people where one is named."""
        made = await keys.create_key(
            self.database,
            OPERATOR,
            company.org_id,
            label=key.pop("label", "tests"),
            scopes=scopes,
            user_id=None if person is None else company.people[person],
            **key,
        )
        return self.presenting(made.text)

    def presenting(self, text: str | None) -> httpx.AsyncClient:
        """A client that presents a text as its key, or nothing."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),  # type: ignore[arg-type] # App is an ASGI application
            base_url="https://doorlist.example",
            headers={} if text is None else {"Authorization": f"Bearer {text}"},
        )
        self.opened.append(client)
        return client


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    """The application, started."""
    app = App(
        Settings(database_url=database_url, public_url="https://doorlist.example", api_requests_per_second=100_000)
    )
    async with app._lifespan(app._pages):
        yield app


@pytest.fixture
async def program(app: App, database: Database) -> AsyncIterator[Programs]:
    made = Programs(app, database, [])
    yield made
    for client in made.opened:
        await client.aclose()


@dataclass
class Studio:
    """A company with people of every level in one folder, a group, a project and a task; ids by name."""

    company: Company
    ids: dict[str, UUID]


Furnish = Callable[[str], Any]


@pytest.fixture
def furnish(database: Database) -> Furnish:
    async def make(name: str) -> Studio:
        company = await Company.create(database, name=name)
        for person in ("nobody", "viewer", "checker", "editor", "admin", "owner", "boss"):
            if person != "boss":
                await company.person(person)
        workspace = await company.workspace("Studio", "Board", "Other")
        await company.group("Designers", "nobody")
        folder = await company.place("Studio", "Board")
        act = (database, OPERATOR, company.org_id)
        for level in Level:
            await sharing.grant_person(*act, resource_id=folder, user_id=company.people[level.label], level=level)
        await company.grant("Designers", Level.VIEWER, "Studio", "Other")
        project = await projects.create_project(*act, folder_id=folder, name="Launch")
        task = await tasks.create_task(*act, project_id=project.id, title="Draw")
        return Studio(
            company,
            {
                "workspace_id": workspace,
                "folder_id": folder,
                "resource_id": folder,
                "other_id": await company.place("Studio", "Other"),
                "project_id": project.id,
                "task_id": task.id,
                "group_id": company.groups["Designers"],
                "user_id": company.people["viewer"],
            },
        )

    return make


@pytest.fixture
async def studio(furnish: Furnish) -> Studio:
    made: Studio = await furnish("Acme")
    return made


def acting(company: Company) -> Administrator:
    """The organization itself, as a key without a person acts."""
    return Administrator("tests", "api", company.org_id)
