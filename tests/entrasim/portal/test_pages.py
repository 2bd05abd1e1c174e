"""Every page and every form of the portal: shown, guarded, paged, and safe with what people are called."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from entrasim.people import find_person
from entrasim.portal.wiring import portal_routes
from entrasim.saml_idp.configuration import SamlApplication, save_application
from entrasim.serving import build_app
from tests.entrasim.portal.conftest import Visitor, text_of

ROUTES = [route for route in portal_routes() if isinstance(route, Route)]
GETS = sorted({route.path for route in ROUTES if "GET" in (route.methods or ())})
POSTS = sorted({route.path for route in ROUTES if "POST" in (route.methods or ())} - {"/{tenant}/saml2"})
NASTY = '<script>alert("x")</script> & "quotes" ' + "Long" * 30


async def furnished(visitor: Visitor) -> dict[str, str]:
    """A directory with one of everything; what stands for the parameters of addresses."""
    person = visitor.person("ana", display_name=NASTY)
    group = visitor.group(NASTY, person)
    save_application(
        visitor.state, SamlApplication(entity_id="https://app.example", acs_urls=("https://app.example/a",))
    )
    await visitor.post("/applications/new", entry="scim", name=NASTY[:110])
    return {"person": person.id, "group": group.id}


def address(path: str, known: dict[str, str]) -> str:
    identifier = known["group"] if path.startswith("/groups") else known["person"]
    return path.replace("{id}", identifier).replace("{kind}", "users")


@pytest.mark.parametrize("path", [path for path in GETS if "{tenant}" not in path and "{change_id}" not in path])
async def test_a_page_is_shown_without_inline_code_and_with_names_escaped(visitor: Visitor, path: str) -> None:
    known = await furnished(visitor)
    html = await visitor.get(address(path, known))
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=\"", html)
    assert 'alert("x")</script>' not in html
    if "status" not in path:
        assert re.search(r"<title>[^<]+</title>", html)
        assert len(re.findall(r"<h1\b", html)) == 1


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_from_elsewhere_is_refused(visitor: Visitor, path: str) -> None:
    known = await furnished(visitor)
    target = address(path, known).replace("{verb}", "delete")
    for token in ("", "guess"):
        answer = await visitor.client.post(target, data={"token": token})
        assert (answer.status_code, "foreign-form" in answer.text) == (403, True)
    assert find_person(visitor.state, known["person"]).soft_deleted_at is None


@pytest.mark.parametrize("path", [path for path in POSTS if "{verb}" in path])
async def test_a_verb_that_nobody_knows_is_no_page(visitor: Visitor, path: str) -> None:
    known = await furnished(visitor)
    html = await visitor.post(address(path, known).replace("{verb}", "explode"), status=404)
    assert "unknown-page" in html


@pytest.mark.parametrize("path", ["/people", "/groups", "/people/deleted", "/application/logs", "/applications"])
async def test_an_empty_list_says_what_to_do(visitor: Visitor, path: str) -> None:
    if path == "/application/logs":
        await visitor.post("/applications/new", entry="scim", name="App")
    assert 'class="empty"' in await visitor.get(path)


async def test_lists_are_paged_and_a_page_beyond_the_end_is_the_last(visitor: Visitor) -> None:
    for number in range(60):
        visitor.person(f"p{number:02d}")
    first, last = await visitor.get("/people"), await visitor.get("/people?page=999")
    assert "1\N{EN DASH}25 of 60" in text_of(first)
    assert "51\N{EN DASH}60 of 60" in text_of(last)
    assert "P59" in text_of(last)
    assert "51\N{EN DASH}60 of 60" in text_of(await visitor.get("/people?page=3"))
    assert "1\N{EN DASH}25 of 60" in text_of(await visitor.get("/people?page=nonsense"))


async def test_a_search_takes_wildcards_as_they_are_written(visitor: Visitor) -> None:
    visitor.person("ana", display_name="100% Ana")
    visitor.person("bob", display_name="Bob_B")
    assert "Bob_B" not in text_of(await visitor.get("/people?q=%25"))
    assert "100% Ana" in text_of(await visitor.get("/people?q=%25"))
    assert "Bob_B" in text_of(await visitor.get("/people?q=_B"))


async def test_a_person_is_added_edited_disabled_deleted_restored_and_purged(visitor: Visitor) -> None:
    visitor.person("boss")
    fields = {"user_principal_name": "ana@contoso.example", "display_name": "Ana", "manager": "boss"}
    assert "Ana was added" in text_of(await visitor.post("/people/new", **fields))
    ana = find_person(visitor.state, "ana")
    assert ana.manager == find_person(visitor.state, "boss").key
    await visitor.post(f"/people/{ana.id}/edit", **fields, handle="ana", job_title="Architect")
    assert find_person(visitor.state, "ana").job_title == "Architect"
    for verb, said in (("disable", "disabled"), ("enable", "enabled"), ("delete", "recycle bin"),
                       ("restore", "restored"), ("delete", "recycle bin"), ("purge", "deleted for good")):  # fmt: skip
        assert said in text_of(await visitor.post(f"/people/{ana.id}/{verb}"))
    await visitor.get(f"/people/{ana.id}", status=404)


async def test_a_refused_form_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.person("ana")
    html = await visitor.post(
        "/people/new", user_principal_name="ANA@contoso.example", display_name="Another", status=400
    )
    assert 'value="Another"' in html
    assert "Somebody else already has the" in text_of(html)
    assert (
        "nobody"
        in text_of(await visitor.post("/people/new", user_principal_name="x@y", manager="zz", status=400)).casefold()
    )


async def test_groups_take_members_lose_them_and_change_their_name(visitor: Visitor) -> None:
    ana, bob = visitor.person("ana"), visitor.person("bob")
    await visitor.post("/groups/new", name="Design", description="Who designs")
    html = await visitor.get("/groups?q=des")
    group = html.partition('href="/groups/')[2]
    while group.startswith("new"):
        group = group.partition('href="/groups/')[2]
    identifier = group.partition('"')[0]
    await visitor.post(f"/groups/{identifier}/members", person=[ana.id, bob.id])
    assert "Ana" in text_of(await visitor.get(f"/groups/{identifier}?q=an"))
    assert "1 person is no member" in text_of(await visitor.post(f"/groups/{identifier}/members/remove", person=bob.id))
    assert "Crafts" in text_of(await visitor.post(f"/groups/{identifier}/rename", name="Crafts"))
    assert "needs a name" in text_of(await visitor.post(f"/groups/{identifier}/rename", name=" "))
    assert "was deleted" in text_of(await visitor.post(f"/groups/{identifier}/delete"))


async def test_files_are_imported_or_every_problem_is_shown(visitor: Visitor) -> None:
    users = b"user_name,display_name\nana@contoso.example,Ana\nbob@contoso.example,Bob\n"
    groups, members = b"group\nDesign\n", b"group,handle\nDesign,ana\n"
    files = {"users": ("users.csv", users), "groups": ("groups.csv", groups), "members": ("members.csv", members)}
    said = text_of(await visitor.post("/import", files=files))
    assert "People 2 0 0 0 0" in said
    wrong = {"users": ("users.csv", b"user_name\nana@x\n\xff")}
    assert "not a CSV file" in text_of(await visitor.post("/import", files=wrong, status=400))
    assert "at least one file" in text_of(await visitor.post("/import", status=400))


async def test_the_theme_is_kept_and_leads_back_into_the_portal_only(visitor: Visitor) -> None:
    html = await visitor.post("/theme", theme="dark", back="/groups")
    assert 'data-bs-theme="dark"' in html
    assert "<h1" in html
    assert "Groups" in text_of(html)
    for elsewhere in ("//evil.example/x", "https://evil.example/x", "/\\evil.example"):
        answer = await visitor.client.post(
            "/theme", data={"token": visitor.client.cookies["entrasim_visitor"], "theme": "no", "back": elsewhere}
        )
        assert answer.headers["location"].startswith("/")
        assert "evil" not in answer.headers["location"].partition("/x")[0]


async def test_sign_in_settings_are_saved_refused_and_shown(visitor: Visitor) -> None:
    await visitor.post("/applications/new", entry="doorlist", name="Doorlist")
    here = "/application/single-sign-on"
    basics = {"entity_id": "https://app.example", "acs_urls": "https://app.example/acs\nhttps://app.example/b"}
    assert "was saved" in text_of(await visitor.post(f"{here}/basics", **basics, assignment_required="yes"))
    refused = await visitor.post(f"{here}/basics", entity_id="x", acs_urls="javascript:alert(1)", status=400)
    assert "no absolute http or https URL" in text_of(refused)
    claims = {"name_source": "mail", "name_format": "persistent", "group_claim": "all"}
    html = await visitor.post(f"{here}/claims", **claims, claim=["mail", ""], source=["mail", "city"])
    assert html.count('name="claim"') == 2
    html = await visitor.post(f"{here}/security", signing="both", encryption="aes256-gcm", status=400)
    assert "needs a certificate" in text_of(html)
    html = await visitor.post(f"{here}/certificates/new", ended="yes")
    assert "expired" in text_of(html)
    assert "tampered" in await visitor.post(f"{here}/mistake", mistake="tampered", always="yes")


async def test_a_form_that_is_too_long_is_refused_while_it_comes(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrasim.portal.guarding._LONGEST_FORM", 1000)
    await visitor.get("/")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100

    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await visitor.client.post("/groups/new", content=pieces(), headers=form)
    assert answer.status_code == 413
    answer = await visitor.client.post("/groups/new", data={"name": "x" * 2000})
    assert answer.status_code == 413


async def test_further_host_names_are_served_when_they_are_named(tmp_path: Path) -> None:
    app = build_app(tmp_path / "other.db", hosts=("Directory.Test",), run_job=False)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://directory.test:9000") as client:
            assert (await client.get("/people")).status_code == 200
            assert (await client.get("/people", headers={"host": "directory.test.evil"})).status_code == 400


async def test_the_groups_of_somebody_are_paged_as_well(visitor: Visitor) -> None:
    ana = visitor.person("ana")
    for number in range(30):
        visitor.group(f"G{number:02d}", ana)
    first, second = await visitor.get(f"/people/{ana.id}"), await visitor.get(f"/people/{ana.id}?page=2")
    assert "G24" in text_of(first)
    assert "G25" not in text_of(first)
    assert "26\N{EN DASH}30 of 30" in text_of(second)
