"""The receiver of docs/how-to/receive-webhooks.md, run as it stands there, told by Doorlist."""

from __future__ import annotations

import re
import types
from pathlib import Path

import httpx2 as httpx
import pytest

from doorlist.domain.levels import Level
from doorlist.service import auditing, delivering, feeding, hooking, sharing
from doorlist.web.outgoing import Outgoing
from tests.api.conftest import Studio
from tests.api.serving import served
from tests.service.company import OPERATOR

PAGE = Path(__file__).parents[2] / "docs/how-to/receive-webhooks.md"


def receiver() -> types.ModuleType:
    """The program of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    module = types.ModuleType("receiver")
    exec(compile(found[1], str(PAGE), "exec"), module.__dict__)
    return module


async def test_the_receiver_of_the_page_follows_what_happens(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    company = studio.company
    act, org_id = (company.database, OPERATOR, company.org_id), company.org_id
    await auditing.seal(company.database, org_id)
    made = await hooking.create_endpoint(*act, url="https://shop.example/doorlist")
    monkeypatch.setenv("DOORLIST_WEBHOOK_SECRET", made.secret)
    program = receiver()
    where = {"resource_id": studio.ids["folder_id"], "user_id": company.people["nobody"]}
    await sharing.grant_person(*act, **where, level=Level.EDITOR)
    await auditing.seal(company.database, org_id)
    await feeding.feed(company.database, org_id)
    outgoing = Outgoing(private_targets=True)
    async with served(program.app) as address:
        await hooking.change_endpoint(*act, endpoint_id=made.id, url=f"{address}/doorlist")
        assert await delivering.deliver(company.database, outgoing.send, org_id, made.id) > 0
        key = (str(company.people["nobody"]), str(studio.ids["folder_id"]))
        assert program.levels[key] == "editor"
        async with httpx.AsyncClient(base_url=address) as stranger:
            assert (await stranger.post("/doorlist", json={"type": "access.gained"})).status_code == 401
    await outgoing.close()
