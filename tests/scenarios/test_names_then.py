"""Questions about an earlier moment take the names of then: of what was renamed or deleted since, and made anew."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from doorlist.domain.levels import Level
from doorlist.errors import Conflict, NotFound
from doorlist.service import clock, insight, lifecycle, recalling
from tests.http.conftest import Directory
from tests.scenarios.conftest import Office


def rename(attribute: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": attribute, "value": value}


async def test_the_names_of_then_lead_to_what_bore_them(office: Office, directory: Directory) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    group = (await directory.group("Design", ana, ben))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR)
    then = clock.now()
    await directory.patch(f"/Users/{ana}", rename("userName", "anna"))
    await directory.patch(f"/Users/{ana}", rename("userName", "annabel"))
    await directory.call("DELETE", f"/Users/{ben}")
    another = (await directory.user("ana"))["id"]
    await directory.patch(f"/Groups/{group}", rename("displayName", "Designers"))
    await lifecycle.delete(*office.act, resource_id=place["Plans"])
    made_anew = await office.workspace("Other", "Plans")

    who = (office.database, office.org_id)
    assert await recalling.person(*who, "Ana", at=then) == UUID(ana)
    assert await recalling.person(*who, "ana", at=None) == UUID(another)
    assert await recalling.person(*who, "ben", at=then) == UUID(ben)
    assert await recalling.person(*who, another, at=clock.now()) == UUID(another)
    for name in ("anna", "annabel", another, str(uuid4())):
        with pytest.raises(NotFound):
            await recalling.person(*who, name, at=then)
    where = await recalling.place(*who, workspace="office", folder="plans", at=then)
    assert where == place["Plans"]
    with pytest.raises(NotFound):
        await recalling.place(*who, workspace="Other", folder="Plans", at=then)
    assert await recalling.place(*who, workspace="Other", folder="Plans", at=clock.now()) == made_anew["Plans"]
    answer = await insight.explain(*who, user_id=UUID(ana), resource_id=where, at=then)
    assert answer.winning is not None
    assert (answer.level, answer.winning.group) == (3, "Design")


async def test_a_name_that_several_bore_asks_for_an_id(office: Office, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    async with office.database.transaction() as connection:
        await connection.execute("update users set connection_id = null where id = $1", UUID(ana))
    await directory.user("ana")
    with pytest.raises(Conflict, match="bore this name"):
        await recalling.person(office.database, office.org_id, "ana", at=clock.now())
    with pytest.raises(NotFound):
        await recalling.person(office.database, office.org_id, "ana", at=datetime(2020, 1, 1, tzinfo=UTC))
