"""The products of docs/how-to/enforce-levels.md, run as they stand there, against a Doorlist that is served."""

from __future__ import annotations

import asyncio
import re
import types
from pathlib import Path

import httpx2 as httpx
import pytest

from doorlist.service import keys
from doorlist.web.app import App
from tests.api.conftest import Studio
from tests.api.serving import served
from tests.service.company import OPERATOR

PAGE = Path(__file__).parents[2] / "docs/how-to/enforce-levels.md"
EXPECTED = {
    "nobody": (403, 403),
    "viewer": (200, 403),
    "checker": (200, 403),
    "editor": (200, 201),
    "owner": (200, 201),
}


def code(heading: str) -> str:
    """The program under a heading of the page."""
    found = re.search(rf"## {heading}\n\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def loaded(heading: str) -> types.ModuleType:
    module = types.ModuleType(f"product_on_{heading.lower()}")
    exec(compile(code(heading), str(PAGE), "exec"), module.__dict__)
    return module


@pytest.fixture
async def doorlist(app: App, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> object:
    """A served Doorlist whose address and key are in the environment."""
    key = await keys.create_key(
        studio.company.database, OPERATOR, studio.company.org_id, label="shop", scopes=["decisions"]
    )
    monkeypatch.setenv("DOORLIST_KEY", key.text)
    return served(app)


async def test_the_product_on_fastapi_enforces_levels(
    doorlist: object, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with doorlist as address:  # type: ignore[attr-defined]
        monkeypatch.setenv("DOORLIST_URL", address)
        product = loaded("FastAPI")
        path = f"/folders/{studio.ids['folder_id']}/drawings"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(product.app), base_url="http://shop") as shop:
            for person, (reads, edits) in EXPECTED.items():
                headers = {"X-User": person}
                assert (await shop.get(path, headers=headers)).status_code == reads
                assert (await shop.post(path, headers=headers)).status_code == edits
            refused = (await shop.post(path, headers={"X-User": "viewer"})).json()["detail"]
        assert refused == "viewer has the level viewer there; edit needs editor."
        await product.doorlist.aclose()


async def test_the_product_on_django_enforces_levels(
    doorlist: object, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings
    from django.test import RequestFactory

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    async with doorlist as address:  # type: ignore[attr-defined]
        monkeypatch.setenv("DOORLIST_URL", address)
        product = loaded("Django")
        folder, requests = str(studio.ids["folder_id"]), RequestFactory()
        for person, expected in EXPECTED.items():
            for method, status in zip((requests.get, requests.post), expected, strict=True):
                request = method("/", headers={"X-User": person})
                answer = await asyncio.to_thread(product.drawings, request, folder)
                assert answer.status_code == status, person
        product.doorlist.close()
