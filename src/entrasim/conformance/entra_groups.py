"""What Entra's provisioning service needs of groups: match, create, rename, members in its two dialects, delete."""

from __future__ import annotations

import uuid

from entrasim.conformance.entra_users import AGAIN
from entrasim.conformance.session import Check, Resource, Session, demand, expect, listed, only, resource
from entrasim.dialects import group_creation, member_addition, member_removal
from entrasim.mappings import Change
from entrasim.targets import CORE_GROUP

GROUPS = "Groups"


async def query_no_group(s: Session) -> None:
    demand(not await _find(s, str(uuid.uuid4())), "a group was found")


async def create(s: Session) -> None:
    values = {"displayName": _name(s), "externalId": str(uuid.uuid4())}
    reply = await s.post(GROUPS, group_creation(values))
    if reply.status not in (200, 201):  # another way, so that the other checks can be made
        plain = await s.post(GROUPS, {"schemas": [CORE_GROUP], **values})
        if plain.status in (200, 201):
            s.things["group"] = resource(plain)["id"]
    s.things["group"] = resource(expect(reply, 201, 200))["id"]


async def match(s: Session) -> None:
    found = only(await _find(s, _name(s)), "by displayName")
    demand(found["id"] == s.things["group"], "another group was found")


async def rename(s: Session) -> None:
    change = Change("displayName", "x", f"{_name(s)} EU")
    operation: Resource = {"op": "Replace", "path": change.target, "value": change.new}
    if s.dialect.value != "default":
        operation = {"op": "replace", "value": {change.target: change.new}}
    expect(await s.patch(GROUPS, s.things["group"], operation), 200, 204)
    only(await _find(s, f"{_name(s)} EU"), "by the new displayName")


async def add_members(s: Session) -> None:
    await _patch(s, member_addition([s.things["ana"], s.things["bob"]], s.dialect))
    demand(await _members(s) == {s.things["ana"], s.things["bob"]}, "the group does not have both members")


async def add_again(s: Session) -> None:
    await _patch(s, member_addition([s.things["ana"]], s.dialect))
    demand(await _members(s) == {s.things["ana"], s.things["bob"]}, "the members changed")


async def without_members(s: Session) -> None:
    group = await s.read(GROUPS, s.things["group"], excludedAttributes="members")
    demand(not group.get("members"), "members come although they were excluded")


async def member_query(s: Session) -> None:
    demand(await _holds_member(s, "ana"), "the query for a member that is there finds nothing")
    demand(not await _holds_member(s, "carla"), "the query finds somebody who is no member")


async def remove_one(s: Session) -> None:
    await _patch(s, member_removal([s.things["ana"]], s.dialect))
    left = await _members(s)
    demand(left, "the group is empty: the listed member was to go, not all")
    demand(left == {s.things["bob"]}, "the wrong members are left")


async def remove_again(s: Session) -> None:
    await _patch(s, member_removal([s.things["ana"]], s.dialect))
    demand(await _members(s) == {s.things["bob"]}, "the members changed")


async def delete(s: Session) -> None:
    expect(await s.delete(GROUPS, s.things["group"]), 204)
    expect(await s.get(GROUPS, s.things["group"]), 404)
    demand(not await _find(s, f"{_name(s)} EU"), "the query still finds the deleted group")


def _name(s: Session) -> str:
    return f"Design {s.mark}"


async def _find(s: Session, name: str) -> list[Resource]:
    return await s.find(GROUPS, "displayName", value=name, excludedAttributes="members")


async def _patch(s: Session, body: Resource) -> None:
    expect(await s.patch(GROUPS, s.things["group"], *body["Operations"]), 200, 204)


async def _members(s: Session) -> set[str]:
    members = (await s.read(GROUPS, s.things["group"])).get("members") or []
    return {str(member.get("value")) for member in members if isinstance(member, dict)}


async def _holds_member(s: Session, person: str) -> bool:
    wanted = f'id eq "{s.things["group"]}" and members eq "{s.things[person]}"'
    return bool(listed(await s.get(GROUPS, filter=wanted, attributes="id")))


_BOTH = ("group-create", "user-create")
CHECKS = [
    Check("groups-connection", "The group query answers 200 with an empty list",
          "Test Connection fails (ServiceIncompatible), and a 404 quarantines a job that provisions groups.",
          query_no_group),
    Check("group-create", "POST of a group without members, with a schema of Microsoft's own, answers 201",
          "Groups are never created; their members have nowhere to go.", create, ("groups-connection",),
          provides="group"),
    Check("group-match", "The query by displayName finds the group",
          "The group is created a second time, or fails in every cycle.", match, ("group-create",)),
    Check("group-rename", "PATCH renames the group", AGAIN, rename, ("group-create",)),
    Check("members-add", "PATCH adds two members at once, with $ref null where the dialect sends it",
          "People do not get what the group gives; the batch is tried member by member in every cycle.", add_members,
          _BOTH),
    Check("members-add-again", "Adding a member who is one already succeeds", AGAIN, add_again, ("members-add",)),
    Check("members-excluded", "excludedAttributes=members leaves members out",
          "Large groups are read slowly or fail; some are logged as MultipleEntriesInResponse.", without_members,
          ("members-add",), must=False),
    Check("members-query", "The query for one member is understood",
          "Provision on demand of groups fails; cycles do not ask.", member_query, ("members-add",), must=False),
    Check("members-remove", "Removing one member leaves the others",
          "Where the default dialect's value list is ignored, removing one person empties the group: everybody loses"
          " what it gives, and nothing brings them back before a restart.", remove_one, ("members-add",)),
    Check("members-remove-again", "Removing somebody who is no member succeeds", AGAIN, remove_again,
          ("members-remove",)),
]  # fmt: skip
LAST_CHECKS = [
    Check("group-delete", "DELETE answers 204, and the group is gone",
          "The deletion is tried again in every cycle; the group stays.", delete, ("group-rename",)),
]  # fmt: skip
