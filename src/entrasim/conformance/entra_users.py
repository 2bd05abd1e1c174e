"""What Entra's provisioning service needs of users: connection, match, create, update, disable, manager, delete."""

from __future__ import annotations

import uuid
from typing import Any

from entrasim.conformance.session import (
    ERROR,
    Check,
    Resource,
    Session,
    UnmetError,
    demand,
    expect,
    listed,
    only,
    resource,
)
from entrasim.dialects import attribute_patch, manager_patch, user_creation
from entrasim.mappings import Change, differences
from entrasim.targets import CORE_USER, ENTERPRISE_USER, ShapeError

USERS = "Users"
AGAIN = "The object fails and is tried again in a later cycle, with growing intervals."
EVERY_CYCLE = "The value differs whenever the object is looked at, so it is sent again and again."


async def query_nobody(s: Session) -> None:
    demand(not await s.find(USERS, "userName", value=str(uuid.uuid4())), "somebody was found")


async def refuse_token(s: Session) -> None:
    reply = await s.send("GET", s.endpoint.path(USERS, count="1"), token=f"not-{uuid.uuid4()}")
    expect(reply, 401)


async def media_type(s: Session) -> None:
    reply = expect(await s.get(USERS, filter=f'userName eq "{uuid.uuid4()}"'), 200)
    found = reply.headers.get("content-type", "none")
    demand(found.partition(";")[0].strip() == "application/scim+json", f"Content-Type {found}")


async def discover(s: Session) -> None:
    found = {one.get("id") for one in listed(await s.get("Schemas"))}
    demand(CORE_USER in found, "the core User schema is not listed")


def values_of(s: Session, person: str) -> dict[str, str]:
    """Everything that the default mappings flow of one person."""
    return {
        "userName": s.name(person),
        "active": "True",
        "displayName": f"{person.title()} Østergård",
        "title": "Clerk",
        'emails[type eq "work"].value': s.name(person),
        "preferredLanguage": "nb-NO",
        "name.givenName": person.title(),
        "name.familyName": "Østergård",
        "name.formatted": f"{person.title()} Østergård",
        'addresses[type eq "work"].locality': "Bergen",
        'addresses[type eq "work"].country': "NO",
        'phoneNumbers[type eq "work"].value': "+47 (55) 12-34",
        "externalId": f"{person}.{s.mark}",
        f"{ENTERPRISE_USER}:department": "Sales",
    }


async def create(s: Session) -> None:
    created = resource(expect(await s.post(USERS, user_creation(values_of(s, "ana"))), 201, 200))
    s.things["ana"] = created["id"]
    for person in ("bob", "carla"):
        s.things[person] = resource(expect(await s.post(USERS, user_creation(values_of(s, person))), 201, 200))["id"]


async def holds_what_was_sent(s: Session) -> None:
    await _holds(s, "ana", values_of(s, "ana"))


async def match(s: Session) -> None:
    found = only(await s.find(USERS, "userName", value=s.name("ana")), "by userName")
    demand(found.get("id") == s.things["ana"], "another resource was found")


async def match_other_case(s: Session) -> None:
    only(await s.find(USERS, "userName", value=s.name("ana").upper()), "by userName in capitals")


async def match_external_id(s: Session) -> None:
    only(await s.find(USERS, "externalId", value=f"ana.{s.mark}"), "by externalId")


async def match_email(s: Session) -> None:
    only(await s.find(USERS, 'emails[type eq "work"].value', value=s.name("ana")), "by work e-mail")


async def quoted_value(s: Session) -> None:
    demand(not await s.find(USERS, "userName", value='o"hara\\' + s.mark), "somebody was found")


async def duplicate(s: Session) -> None:
    expect(await s.post(USERS, user_creation(values_of(s, "ana"))), 409)


async def unknown_id(s: Session) -> None:
    reply = expect(await s.get(USERS, str(uuid.uuid4())), 404)
    demand(isinstance(reply.body, dict) and ERROR in reply.body.get("schemas", []), "the body is no SCIM Error")


async def update(s: Session) -> None:
    changes = [
        Change("displayName", "x", "Ana R"),
        Change("name.familyName", "x", "R"),
        Change('emails[type eq "work"].value', "x", s.name("ana.r")),
        Change('phoneNumbers[type eq "work"].value', "x", "55 12"),
        Change(f"{ENTERPRISE_USER}:department", "x", "Design"),
    ]
    await _apply(s, "ana", changes)


async def add_missing_elements(s: Session) -> None:
    changes = [
        Change('phoneNumbers[type eq "mobile"].value', None, "+47 99"),
        Change('addresses[type eq "work"].streetAddress', None, "Quay 1"),
        Change('addresses[type eq "work"].postalCode', None, "5003"),
        Change(f"{ENTERPRISE_USER}:employeeNumber", None, "77"),
    ]
    await _apply(s, "ana", changes)


async def same_value(s: Session) -> None:
    await _apply(s, "ana", [Change("title", None, "Clerk")])


async def rename(s: Session) -> None:
    await _apply(s, "carla", [Change("userName", "x", s.name("carla.new"))])
    only(await s.find(USERS, "userName", value=s.name("carla.new")), "by the new userName")
    demand(not await s.find(USERS, "userName", value=s.name("carla")), "the old userName still finds somebody")


async def clear_by_empty_text(s: Session) -> None:
    operation: Resource = {"op": "Replace", "path": "title", "value": ""}
    expect(await s.patch(USERS, s.things["bob"], operation), 200, 204)
    demand(not (await s.read(USERS, s.things["bob"])).get("title"), "title still has a value")


async def no_operations(s: Session) -> None:
    expect(await s.patch(USERS, s.things["bob"]), 200, 204)


async def disable(s: Session) -> None:
    await _apply(s, "bob", [Change("active", "True", "False")])
    demand((await s.read(USERS, s.things["bob"])).get("active") is False, "active is not the JSON value false")


async def disabled_is_found(s: Session) -> None:
    only(await s.find(USERS, "userName", value=s.name("bob")), "the disabled user by userName")
    await s.read(USERS, s.things["bob"])


async def restore(s: Session) -> None:
    await _apply(s, "bob", [Change("active", "False", "True")])
    demand((await s.read(USERS, s.things["bob"])).get("active") is True, "active is not the JSON value true")


async def ask_for_manager(s: Session) -> None:
    demand(not await _manager_held(s), "a manager was found that nobody set")


async def set_manager(s: Session) -> None:
    body = manager_patch(None, s.things["bob"], dialect=s.dialect)
    expect(await s.patch(USERS, s.things["ana"], *body["Operations"]), 200, 204)
    held = (await s.read(USERS, s.things["ana"])).get(ENTERPRISE_USER, {})
    manager: Any = held.get("manager") if isinstance(held, dict) else None
    demand(isinstance(manager, dict) and manager.get("value") == s.things["bob"], f"manager reads {manager!r}")


async def manager_is_found(s: Session) -> None:
    demand(await _manager_held(s), "the query for the manager that was set finds nothing")


async def manager_as_documented(s: Session) -> None:
    value = [{"$ref": s.endpoint.path(USERS, s.things["ana"]), "value": s.things["ana"]}]
    expect(await s.patch(USERS, s.things["carla"], {"op": "Add", "path": "manager", "value": value}), 200, 204)


async def remove_manager(s: Session) -> None:
    body = manager_patch(s.things["bob"], None, dialect=s.dialect)
    expect(await s.patch(USERS, s.things["ana"], *body["Operations"]), 200, 204)
    held = (await s.read(USERS, s.things["ana"])).get(ENTERPRISE_USER, {})
    demand(not (isinstance(held, dict) and held.get("manager")), "a manager is still there")


async def pages(s: Session) -> None:
    seen: list[str] = []
    for start in (1, 2, 3):
        reply = expect(await s.get(USERS, startIndex=str(start), count="1"), 200)
        page = only(listed(reply), f"the page from {start}")
        echoed = [reply.body.get(name) for name in ("startIndex", "itemsPerPage", "totalResults")]
        demand(all(type(one) is int for one in echoed), "paging numbers are missing or no integers")
        demand(reply.body["startIndex"] == start, f"startIndex reads {reply.body['startIndex']}")
        seen.append(page["id"])
    demand(len(set(seen)) == 3, "pages repeat a resource")


async def no_nulls(s: Session) -> None:
    found = [name for name, value in (await s.read(USERS, s.things["carla"])).items() if value is None]
    demand(not found, f"null in {', '.join(found)}")


async def delete(s: Session) -> None:
    target = s.things["carla"]
    expect(await s.delete(USERS, target), 204)
    expect(await s.get(USERS, target), 404)
    demand(not await s.find(USERS, "userName", value=s.name("carla.new")), "the query still finds the deleted user")
    expect(await s.delete(USERS, target), 404)


async def create_again(s: Session) -> None:
    values = {**values_of(s, "carla"), "userName": s.name("carla.new")}
    expect(await s.post(USERS, user_creation(values)), 201, 200)


async def _manager_held(s: Session) -> bool:
    wanted = f'id eq "{s.things["ana"]}" and manager eq "{s.things["bob"]}"'
    return bool(listed(await s.get(USERS, filter=wanted, attributes="id")))


async def _apply(s: Session, person: str, changes: list[Change]) -> None:
    operations = attribute_patch(changes, s.dialect)["Operations"]
    expect(await s.patch(USERS, s.things[person], *operations), 200, 204)
    await _holds(s, person, {change.target: change.new for change in changes})


async def _holds(s: Session, person: str, values: dict[str, str]) -> None:
    try:
        left = differences(values, await s.read(USERS, s.things[person]))
    except ShapeError as error:
        raise UnmetError(str(error)) from error
    demand(not left, "; ".join(f"{one.target} reads {one.old!r}, not {one.new!r}" for one in left))


CHECKS = [
    Check("users-connection", "The user query of Test Connection answers 200 with an empty list",
          "Credentials cannot be saved. A 404 here quarantines a running job at once.", query_nobody),
    Check("refused-token", "A wrong token is answered with 401",
          "A token that ended is not noticed as such; objects fail one by one instead of a quarantine that says why.",
          refuse_token, must=False),
    Check("media-type", "Answers are application/scim+json",
          "Documented as required; the service is known to read application/json as well.", media_type,
          ("users-connection",), must=False),
    Check("schemas", "/Schemas lists the core User schema",
          "The mapping page cannot discover attributes; administrators add them by hand.", discover, must=False),
    Check("user-create", "POST of a user answers 201 with the resource and its id",
          "Without an id there is no link: the next cycle matches, or fails with EntryConflict.", create,
          ("users-connection",)),
    Check("user-values", "A user reads as it was sent, in the types of the schema", EVERY_CYCLE, holds_what_was_sent,
          ("user-create",)),
    Check("user-match", "The query by userName finds the user",
          "The user is created a second time, or fails with EntryConflict in every cycle.", match, ("user-create",)),
    Check("user-match-case", "The query by userName does not mind case",
          "A user whose name differs in case is created a second time.", match_other_case, ("user-create",)),
    Check("user-match-external-id", "The query by externalId finds the user",
          "Administrators cannot match by externalId.", match_external_id, ("user-create",), must=False),
    Check("user-match-email", "The query by work e-mail finds the user",
          "Administrators cannot match by e-mail.", match_email, ("user-create",), must=False),
    Check("filter-quoting", "A quoted value with escapes is understood", AGAIN, quoted_value, ("users-connection",)),
    Check("user-duplicate", "A second POST of the same userName answers 409",
          "With 201 the user is there twice: DuplicateTargetEntries from then on. With another status the failure is"
          " logged without its reason.", duplicate, ("user-create",)),
    Check("user-unknown", "GET of an unknown id answers 404 with an Error",
          "A user that was deleted in the target is not matched again; its updates fail.", unknown_id),
    Check("user-update", "PATCH changes plain, nested, filtered and extension attributes", AGAIN, update,
          ("user-create",)),
    Check("user-add-elements", "PATCH of a filtered path makes the element where there is none",
          "The value never arrives, and with it all others of the same PATCH.", add_missing_elements,
          ("user-create",)),
    Check("user-same-value", "Adding a value that is there already succeeds", AGAIN, same_value, ("user-create",)),
    Check("user-rename", "A new userName is taken and found", AGAIN, rename, ("user-create",)),
    Check("user-clear", "Replacing with an empty text clears the attribute",
          "The validation of gallery applications fails; a cycle does not send this.", clear_by_empty_text,
          ("user-create",), must=False),
    Check("patch-empty", "A PATCH without operations succeeds",
          "The SCIM Validator fails; a cycle does not send this.", no_operations, ("user-create",), must=False),
    Check("user-disable", "PATCH of active disables the user",
          "People who left stay active in the application.", disable, ("user-create",)),
    Check("user-disabled-found", "A disabled user is still read and found",
          "Whoever comes back is created a second time, or fails with EntryConflict.", disabled_is_found,
          ("user-disable",)),
    Check("user-restore", "PATCH of active enables the user again", AGAIN, restore, ("user-disable",)),
    Check("manager-query", "The query for a manager reference is understood",
          "Managers fail in every cycle.", ask_for_manager, ("user-create",)),
    Check("manager-set", "PATCH of the manager sets it, and it reads as an object with value",
          "Managers fail; a manager of another shape makes the whole user unreadable (ServiceIncompatible).",
          set_manager, ("user-create",)),
    Check("manager-found", "The query finds the manager that was set",
          "The manager is sent again whenever the user is looked at.", manager_is_found, ("manager-set",), must=False),
    Check("manager-documented", "The manager of the documentation's example, an array at the bare path, is taken",
          "Jobs that word it so fail for managers.", manager_as_documented, ("user-create",), must=False),
    Check("manager-remove", "PATCH removes the manager", "A former manager stays.", remove_manager, ("manager-set",)),
    Check("paging", "Lists come in pages with startIndex and count, without repeats",
          "Account discovery misses accounts or does not end.", pages, ("user-create",), must=False),
    Check("no-nulls", "Attributes without a value are left out, not null",
          "Documented as a failure; whether it is one depends on the attribute.", no_nulls, ("user-create",),
          must=False),
]  # fmt: skip
LAST_CHECKS = [
    Check("user-delete", "DELETE answers 204, and the user is gone from reads and queries",
          "The deletion is tried again; a user that is still found is matched when the name is used again.", delete,
          ("user-rename",)),
    Check("user-create-again", "A deleted user's name can be used again",
          "Whoever comes back after 30 days fails with EntryConflict in every cycle.", create_again, ("user-delete",)),
]  # fmt: skip
