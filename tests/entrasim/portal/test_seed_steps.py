"""The seed page's Azure half through the portal, as forms without JavaScript, against a strict SCIM endpoint."""

from __future__ import annotations

import asyncio

import pytest

from entrasim.application import load_application
from entrasim.clock import load_clock
from entrasim.job.control import load_job
from entrasim.job.cycle import run_cycle
from entrasim.refusals import NotConnected
from tests.entrasim.portal.conftest import Visitor, text_of
from tests.entrasim.recording_endpoint import TOKEN, Endpoint, EndpointServer

PROVISIONING = "/application/provisioning"


@pytest.fixture
def endpoint(server: EndpointServer) -> Endpoint:
    return server.open()


async def with_application(visitor: Visitor) -> None:
    await visitor.post("/applications/new", entry="doorlist", name="Doorlist")


async def connected(visitor: Visitor, endpoint: Endpoint) -> None:
    await with_application(visitor)
    await visitor.post(f"{PROVISIONING}/credentials", url=endpoint.url, secret=TOKEN, do="save")


async def test_the_application_comes_from_the_gallery_and_is_found_by_name(visitor: Visitor) -> None:
    assert "No application yet" in text_of(await visitor.get("/applications"))
    await with_application(visitor)
    assert 'href="/application"' in await visitor.get("/applications?q=door")
    assert "No application found" in text_of(await visitor.get("/applications?q=zzz"))
    again = await visitor.post("/applications/new", entry="scim", name="Another")
    assert "has an application already" in text_of(again)


async def test_automatic_mode_asks_for_tenant_url_and_token(visitor: Visitor) -> None:
    await with_application(visitor)
    assert "Tenant URL" not in text_of(await visitor.get(PROVISIONING))
    assert "Tenant URL" in text_of(await visitor.get(f"{PROVISIONING}?mode=automatic"))


async def test_test_connection_goes_green_and_saves_nothing(visitor: Visitor, endpoint: Endpoint) -> None:
    await with_application(visitor)
    html = await visitor.post(f"{PROVISIONING}/credentials", url=endpoint.url, secret=TOKEN, do="test")
    assert "Testing the connection succeeded" in text_of(html)
    with pytest.raises(NotConnected):
        load_application(visitor.state)
    assert {entry.path.partition("?")[0].rpartition("/")[2] for entry in endpoint.recorded} == {
        "Users",
        "Groups",
        "Schemas",
    }


async def test_a_wrong_token_is_told_and_not_saved(visitor: Visitor, endpoint: Endpoint) -> None:
    await with_application(visitor)
    html = await visitor.post(f"{PROVISIONING}/credentials", url=endpoint.url, secret="wrong", do="save")
    assert "Not saved: the connection does not work" in text_of(html)
    assert "Unauthorized" in text_of(html)
    with pytest.raises(NotConnected):
        load_application(visitor.state)
    html = await visitor.post(f"{PROVISIONING}/credentials", url="nonsense", secret="x", do="test", status=400)
    assert "cannot be used" in text_of(html)


async def test_a_saved_token_is_never_shown_again_and_used_when_the_field_is_empty(
    visitor: Visitor, endpoint: Endpoint
) -> None:
    await connected(visitor, endpoint)
    assert load_application(visitor.state).token == TOKEN
    assert TOKEN not in await visitor.get(PROVISIONING)
    html = await visitor.post(f"{PROVISIONING}/credentials", url=endpoint.url, secret="", do="test")
    assert "succeeded" in text_of(html)


async def test_a_group_is_assigned_and_provisioned_on_demand_step_by_step(visitor: Visitor, endpoint: Endpoint) -> None:
    ana, bob, eve = (visitor.person(name) for name in ("ana", "bob", "eve"))
    group = visitor.group("Design", ana, bob, eve)
    await connected(visitor, endpoint)
    html = await visitor.get("/application/users-and-groups/add?q=des")
    assert f'value="group:{group.id}"' in html
    html = await visitor.post("/application/users-and-groups/add", principal=f"group:{group.id}")
    assert "Default Access" in text_of(html)
    html = await visitor.get(f"/application/on-demand?subject=group:{group.id}")
    assert all(f'value="{person.id}"' in html for person in (ana, bob, eve))
    html = await visitor.post("/application/on-demand", subject=f"group:{group.id}", member=[ana.id, bob.id])
    said = text_of(html)
    for step in ("Import", "Determine if in scope", "Match between source and target", "Perform action"):
        assert step in said
    assert said.count("membership: added") == 2
    assert [len(members) for members in endpoint.members.values()] == [2]


async def test_more_than_five_members_are_refused_with_the_choice_kept(visitor: Visitor, endpoint: Endpoint) -> None:
    people = [visitor.person(f"p{number}") for number in range(6)]
    group = visitor.group("Many", *people)
    await connected(visitor, endpoint)
    members = [person.id for person in people]
    html = await visitor.post("/application/on-demand", subject=f"group:{group.id}", member=members, status=400)
    assert "1 to 5 members" in text_of(html)
    assert html.count(" checked>") == 6
    assert endpoint.recorded[-1].method == "GET"


async def test_a_refused_token_shows_the_failed_test_as_its_own_step(visitor: Visitor, endpoint: Endpoint) -> None:
    ana = visitor.person("ana")
    await connected(visitor, endpoint)
    visitor.state.set_setting("token", "gone")
    said = text_of(await visitor.post("/application/on-demand", subject=f"user:{ana.id}"))
    assert "Test the connection" in said
    assert "Unauthorized" in said
    assert "Not reached." in said


async def test_start_runs_the_cycle_and_the_page_tells_what_it_did(visitor: Visitor, endpoint: Endpoint) -> None:
    people = [visitor.person(f"p{number}") for number in range(8)]
    group = visitor.group("Everyone", *people)
    await connected(visitor, endpoint)
    await visitor.post("/application/users-and-groups/add", principal=[f"group:{group.id}", f"user:{people[0].id}"])
    await visitor.post(f"{PROVISIONING}/job/start")
    assert load_job(visitor.state).status == "on"
    clock = load_clock(visitor.state)
    await run_cycle(visitor.state, load_application(visitor.state), clock=clock, mint=visitor.mint)
    said = text_of(await visitor.get(PROVISIONING))
    assert "8 people, 1 group, 8 memberships" in said
    assert len(endpoint.users) == 8
    await visitor.post(f"{PROVISIONING}/job/stop")
    assert load_job(visitor.state).status == "off"
    await visitor.post(f"{PROVISIONING}/job/restart")
    assert "8 people" in text_of(await visitor.get(f"{PROVISIONING}/status"))


async def test_the_log_is_searched_and_opened_with_every_tab(visitor: Visitor, endpoint: Endpoint) -> None:
    ana, bob = visitor.person("ana"), visitor.person("bob")
    await connected(visitor, endpoint)
    for person in (ana, bob):
        await visitor.post("/application/users-and-groups/add", principal=f"user:{person.id}")
        await visitor.post("/application/on-demand", subject=f"user:{person.id}")
    html = await visitor.get("/application/logs?q=ana&action=Create")
    assert "Ana" in text_of(html)
    assert "Bob" not in text_of(html)
    entry = html.partition("entry=")[2].partition('"')[0].partition("&")[0]
    expected = {
        "steps": "Perform action",
        "modified": "Modified value",
        "requests": "POST",
        "summary": ana.id,
        "advice": "Nothing went wrong",
    }
    for tab, words in expected.items():
        assert words in text_of(await visitor.get(f"/application/logs?entry={entry}&tab={tab}"))
    assert TOKEN not in await visitor.get(f"/application/logs?entry={entry}&tab=requests")
    assert f'"{ana.id}"' in (await visitor.client.get(f"/application/logs/{entry}.json")).text


async def test_an_assignment_is_removed_and_the_target_told(visitor: Visitor, endpoint: Endpoint) -> None:
    ana = visitor.person("ana")
    await connected(visitor, endpoint)
    await visitor.post("/application/users-and-groups/add", principal=f"user:{ana.id}")
    await visitor.post("/application/on-demand", subject=f"user:{ana.id}")
    html = await visitor.post("/application/users-and-groups/remove", principal=f"user:{ana.id}")
    assert "Nobody is assigned" in text_of(html)
    clock = load_clock(visitor.state)
    await run_cycle(visitor.state, load_application(visitor.state), clock=clock, mint=visitor.mint)
    assert [user["active"] for user in endpoint.users.values()] == [False]


async def test_settings_are_kept_and_shown(visitor: Visitor, endpoint: Endpoint) -> None:
    await connected(visitor, endpoint)
    settings = f"{PROVISIONING}/settings"
    html = await visitor.post(settings, scope="all", notify="it@contoso.example", guard="yes", threshold="20")
    assert 'value="20"' in html
    assert "it@contoso.example" in html
    assert "Everybody is provisioned" in text_of(await visitor.get("/application/users-and-groups"))
    await visitor.post(settings, scope="assigned", notify="")
    assert "Everybody is provisioned" not in text_of(await visitor.get("/application/users-and-groups"))
    assert "is a number" in text_of(await visitor.post(settings, scope="all", guard="yes", threshold="many"))


async def test_mappings_are_edited_tried_and_restored(visitor: Visitor, endpoint: Endpoint) -> None:
    visitor.person("ana", mail="Ana@Mail.Example")
    await connected(visitor, endpoint)
    edit = "/application/mappings/users/edit"
    fields = {"how": "expression", "source": "ToLower([mail])", "target": "nickName"}
    tried = text_of(await visitor.post(edit, **fields, tried_as="ana", do="try"))
    assert "ana@mail.example" in tried
    html = await visitor.post(edit, **fields, do="save")
    assert "nickName was saved" in text_of(html)
    refused = await visitor.post(edit, how="expression", source="Nonsense(", target="title", do="save", status=400)
    assert "cannot be used" in text_of(refused)
    await visitor.post("/application/mappings/users/remove", target="nickName")
    assert "nickName" not in await visitor.get("/application/mappings/users")
    html = await visitor.post("/application/mappings/users/actions", enabled="yes", create="yes")
    assert 'name="update" value="yes">' in html
    html = await visitor.post(
        "/application/mappings/users/add-filter", title="Sales", attribute0="department", operator0="EQUALS", value0="S"
    )
    assert "department EQUALS S" in text_of(html)
    html = await visitor.post("/application/mappings/users/restore")
    assert "department EQUALS S" not in text_of(html)


async def test_a_fault_is_added_shown_hit_and_removed(visitor: Visitor, endpoint: Endpoint) -> None:
    ana = visitor.person("ana")
    await connected(visitor, endpoint)
    await visitor.post("/application/users-and-groups/add", principal=f"user:{ana.id}")
    assert "503" in text_of(await visitor.post("/faults", what="503", method="POST", path="/Users", times="1"))
    said = text_of(await visitor.post("/application/on-demand", subject=f"user:{ana.id}"))
    assert "InternalServerError" in said
    assert not endpoint.users
    await visitor.post("/faults/remove", id="1")
    assert "Nothing goes wrong" in text_of(await visitor.get("/faults"))
    await visitor.post("/application/on-demand", subject=f"user:{ana.id}")
    assert len(endpoint.users) == 1
    assert "no fault" in text_of(await visitor.post("/faults", what="nonsense"))


async def test_the_clock_is_held_moved_and_put_back(visitor: Visitor) -> None:
    assert "It stands still" in text_of(await visitor.post("/clock/hold"))
    before = load_clock(visitor.state)()
    html = await visitor.post("/clock/advance", span="1d12h")
    assert "1d12h have passed" in text_of(html)
    assert (load_clock(visitor.state)() - before).total_seconds() == 36 * 3600
    await visitor.post("/clock/set", moment="2027-01-01T09:30")
    assert f"{load_clock(visitor.state)():%Y-%m-%d %H:%M}" == "2027-01-01 09:30"
    await visitor.post("/clock/release")
    assert "real time" in text_of(await visitor.post("/clock/reset"))
    assert "no span" in text_of(await visitor.post("/clock/advance", span="soon"))


async def test_pages_are_answered_while_a_request_to_the_target_is_slow(visitor: Visitor, endpoint: Endpoint) -> None:
    ana = visitor.person("ana")
    await connected(visitor, endpoint)
    await visitor.post("/application/users-and-groups/add", principal=f"user:{ana.id}")
    await visitor.post("/faults", what="slow", milliseconds="600")
    slow = asyncio.create_task(visitor.post("/application/on-demand", subject=f"user:{ana.id}"))
    await asyncio.sleep(0.05)
    await visitor.get("/people")
    assert not slow.done()
    assert "Perform action" in text_of(await slow)
