"""What Okta's client needs of an endpoint: its SPEC test, users and groups in both kinds of integration."""

from __future__ import annotations

import uuid
from typing import Any

from entrasim.conformance.session import (
    ERROR,
    Check,
    Resource,
    Session,
    demand,
    expect,
    listed,
    only,
    resource,
)
from entrasim.entries import Person
from entrasim.okta.bodies import (
    PAGE,
    activation,
    group_creation,
    group_rename,
    group_replacement,
    member_changes,
    user_creation,
    user_replacement,
)

USERS, GROUPS = "Users", "Groups"
TOLD = "The administrator sees the task as failed and has to retry it by hand."


async def first_page(s: Session) -> None:
    reply = expect(await s.get(USERS, startIndex="1", count="2"), 200)
    listed(reply)
    numbers = [reply.body.get(name) for name in ("totalResults", "startIndex", "itemsPerPage")]
    demand(all(type(one) is int for one in numbers), f"paging numbers read {numbers}")


async def refuse_token(s: Session) -> None:
    reply = expect(await s.send("GET", s.endpoint.path(USERS, count="1"), token=f"not-{uuid.uuid4()}"), 401)
    body = reply.body if isinstance(reply.body, dict) else {}
    demand(body.get("detail") and body.get("status") == "401", 'the body has no detail and status "401"')


async def find_nobody(s: Session) -> None:
    reply = expect(await _query(s, USERS, f'userName eq "{uuid.uuid4()}"'), 200, 404)
    demand(reply.status == 404 or not listed(reply), "somebody was found")


async def create(s: Session) -> None:
    created = resource(expect(await s.post(USERS, user_creation(_person(s, "ana"), placeholder=s.mark)), 201))
    missing = [name for name in ("userName", "name", "active", "schemas") if name not in created]
    demand(not missing, f"the answer lacks {', '.join(missing)}")
    demand("password" not in created, "the answer carries the password")
    s.things["ana"] = created["id"]
    s.things["bob"] = resource(expect(await s.post(USERS, user_creation(_person(s, "bob"), placeholder=s.mark)), 201))[
        "id"
    ]
    demand("bulkid" not in s.things["ana"].casefold(), "the id contains bulkId")


async def read(s: Session) -> None:
    found = await s.read(USERS, s.things["ana"])
    emails = found.get("emails") or [{}]
    demand(found.get("userName") == s.name("ana") and found.get("active") is True, "userName or active differ")
    demand(found.get("name", {}).get("familyName") == "Ruiz", "name.familyName differs")
    demand(emails[0].get("value") == s.name("ana"), "emails[0].value differs")


async def duplicate(s: Session) -> None:
    reply = expect(await s.post(USERS, user_creation(_person(s, "ana"), placeholder=s.mark)), 409)
    demand(isinstance(reply.body, dict) and reply.body.get("detail"), "the body has no detail")


async def match_capitals(s: Session) -> None:
    reply = await _query(s, USERS, f'userName eq "{s.name("ana").upper()}"')
    only(listed(reply), "by userName in capitals")


async def unknown_id(s: Session) -> None:
    reply = expect(await s.get(USERS, str(uuid.uuid4())), 404)
    body = reply.body if isinstance(reply.body, dict) else {}
    demand(ERROR in body.get("schemas", []) and body.get("detail"), "the body is no Error with a detail")


async def replace_profile(s: Session) -> None:
    held = await s.read(USERS, s.things["ana"])
    moved = Person(key=1, id=s.mark, handle="ana", user_principal_name=s.name("ana"), given_name="Ana", surname="Gil")
    reply = expect(await s.put(USERS, s.things["ana"], body=user_replacement(held, moved, active=True)), 200)
    demand(resource(reply).get("name", {}).get("familyName") == "Gil", "name.familyName did not change")
    demand((await s.read(USERS, s.things["ana"])).get("name", {}).get("familyName") == "Gil", "the change is not kept")


async def deactivate(s: Session) -> None:
    await _activate(s, False)
    await _activate(s, True)


async def deactivate_by_put(s: Session) -> None:
    for active in (False, True):
        held = await s.read(USERS, s.things["bob"])
        expect(await s.put(USERS, s.things["bob"], body={**held, "active": active}), 200)
        demand((await s.read(USERS, s.things["bob"])).get("active") is active, f"active is not {active}")


async def plain_json(s: Session) -> None:
    usual, s.content_type = s.content_type, "application/json"
    try:
        person = user_creation(_person(s, "carla"), placeholder=s.mark)
        s.things["carla"] = resource(expect(await s.post(USERS, person), 201))["id"]
    finally:
        s.content_type = usual


async def import_pages(s: Session) -> None:
    seen: list[str] = []
    while True:
        reply = expect(await s.get(USERS, startIndex=str(len(seen) + 1), count=str(PAGE)), 200)
        page = listed(reply)
        seen += [one["id"] for one in page]
        if not page or len(seen) >= reply.body["totalResults"]:
            break
    demand(len(seen) == len(set(seen)), "pages repeat a user")
    demand({s.things["ana"], s.things["bob"]} <= set(seen), "the pages leave somebody out")


async def group_create(s: Session) -> None:
    found = await _query(s, GROUPS, f'displayName eq "{_group(s)}"')
    demand(not listed(found), "a group was found before it was made")
    s.things["group"] = resource(expect(await s.post(GROUPS, group_creation(_group(s))), 201))["id"]


async def group_name(s: Session) -> None:
    body = group_rename(s.things["group"], f"{_group(s)} EU")
    await _patch_group(s, body)
    only(listed(await _query(s, GROUPS, f'displayName eq "{_group(s)} EU"')), "by the new name")


async def group_members(s: Session) -> None:
    await _patch_group(s, member_changes([], [(s.things["ana"], "ana"), (s.things["bob"], "bob")]))
    demand(await _members(s) == {s.things["ana"], s.things["bob"]}, "the group does not have both members")
    await _patch_group(s, member_changes([s.things["ana"]], []))
    demand(await _members(s) == {s.things["bob"]}, "the wrong members are left")


async def group_full_push(s: Session) -> None:
    value = [{"value": s.things["ana"], "display": "ana"}]
    expect(await s.patch(GROUPS, s.things["group"], {"op": "replace", "path": "members", "value": value}), 200, 204)
    demand(await _members(s) == {s.things["ana"]}, "the list was not replaced")


async def group_by_put(s: Session) -> None:
    members = [(s.things["bob"], "bob")]
    body = group_replacement(s.things["group"], f"{_group(s)} EU", members=members)
    expect(await s.put(GROUPS, s.things["group"], body=body), 200, 204)
    demand(await _members(s) == {s.things["bob"]}, "the list was not replaced")


async def group_delete(s: Session) -> None:
    expect(await s.delete(GROUPS, s.things["group"]), 204)
    expect(await s.get(GROUPS, s.things["group"]), 404)


def _person(s: Session, name: str) -> Person:
    return Person(
        key=1, id=s.mark, handle=name, user_principal_name=s.name(name), given_name=name.title(), surname="Ruiz"
    )


def _group(s: Session) -> str:
    return f"Design {s.mark}"


async def _query(s: Session, kind: str, wanted: str) -> Any:
    return await s.get(kind, filter=wanted, startIndex="1", count=str(PAGE))


async def _activate(s: Session, active: bool) -> None:
    expect(await s.patch(USERS, s.things["ana"], *activation(active)["Operations"]), 200, 204)
    demand((await s.read(USERS, s.things["ana"])).get("active") is active, f"active is not {active}")


async def _patch_group(s: Session, body: Resource) -> None:
    expect(await s.patch(GROUPS, s.things["group"], *body["Operations"]), 200, 204)


async def _members(s: Session) -> set[str]:
    members = (await s.read(GROUPS, s.things["group"])).get("members") or []
    return {str(member.get("value")) for member in members if isinstance(member, dict)}


CHECKS = [
    Check("okta-connection", "The first page of users has integer paging numbers",
          "The connection test fails; the integration cannot be saved.", first_page),
    Check("okta-refused-token", "A wrong token is answered with 401 and an Error",
          "The SPEC test of the catalog fails.", refuse_token, must=False),
    Check("okta-no-match", "The query for nobody answers with an empty list, or 404",
          "Assignments fail: the client cannot decide between linking and creating.", find_nobody),
    Check("okta-create", "POST with a placeholder password answers 201 with the whole user",
          f"An empty answer counts as a failure. {TOLD}", create, ("okta-no-match",)),
    Check("okta-read", "The user reads as it was sent", "The SPEC test fails; imports show other values.", read,
          ("okta-create",)),
    Check("okta-duplicate", "A second POST answers 409 with a detail",
          "The administrator sees a failure without its reason.", duplicate, ("okta-create",)),
    Check("okta-match-case", "The query by userName does not mind case", "The SPEC test fails.", match_capitals,
          ("okta-create",)),
    Check("okta-unknown", "An unknown id answers 404 with an Error", "The SPEC test fails.", unknown_id),
    Check("okta-json", "POST is taken as application/json too", "The SPEC test fails.", plain_json, ("okta-create",)),
    Check("okta-put", "PUT takes the document that was read back, with changes, and ignores what is read-only",
          f"Profile updates fail. {TOLD}", replace_profile, ("okta-create",)),
    Check("okta-deactivate", "PATCH without a path deactivates and activates (catalog integration)",
          "People who left stay active in the application.", deactivate, ("okta-create",)),
    Check("okta-deactivate-put", "PUT deactivates and activates (custom integration)",
          "People who left stay active in the application.", deactivate_by_put, ("okta-create",)),
    Check("okta-import", "Pages of 100 list everybody once", "Imports miss people or do not end.", import_pages,
          ("okta-create",)),
    Check("okta-group-create", "POST of a group without members answers 201", f"The group is not pushed. {TOLD}",
          group_create),
    Check("okta-group-rename", "PATCH without a path, with id and name, renames the group",
          "The push of the group is in error, and its memberships with it.", group_name, ("okta-group-create",)),
    Check("okta-group-members", "PATCH adds members with display, and removes one by filter",
          "The push of the group is in error; people keep or miss access.", group_members,
          ("okta-group-create", "okta-create")),
    Check("okta-group-full", "PATCH replaces the whole member list", "A full push of the group is in error.",
          group_full_push, ("okta-group-members",)),
    Check("okta-group-put", "PUT replaces name and members (custom integration)", "The push of the group is in error.",
          group_by_put, ("okta-group-members",)),
    Check("okta-group-delete", "DELETE answers 204, and the group is gone",
          "A group that is unlinked with deletion stays in the application.", group_delete, ("okta-group-create",)),
]  # fmt: skip
