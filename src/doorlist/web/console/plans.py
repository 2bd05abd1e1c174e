"""What a change of access would do, shown before it is made, and making exactly that.

A form names the change; the page of its plan carries the same fields and the plan's hash to the application.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from starlette.responses import Response

from doorlist.domain.changes import (
    Change,
    DeleteGroup,
    DeleteResource,
    GrantGroup,
    GrantPerson,
    RemovePerson,
    RestoreRemoved,
    SwitchPolicy,
    UngrantGroup,
    UngrantPerson,
)
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import finding, planning
from doorlist.web.console.visits import Visit

_FIELDS: Final = ("change", "resource", "group", "user", "level", "policy", "members", "since", "back")


async def show(visit: Visit) -> Response:
    """What the change of a form would do."""
    change, sentence = await _read(visit)
    plan = await planning.plan(visit.database, visit.administrator, visit.org_id, change)
    values = {"plan": plan, "sentence": sentence, "fields": await _fields(visit, change), "back": visit.field("back")}
    return visit.page("console/plan.html", values)


async def apply(visit: Visit) -> Response:
    """Make the change of a plan, if it is still that."""
    change, sentence = await _read(visit)
    await planning.apply(visit.database, visit.administrator, visit.org_id, change, visit.field("plan_hash"))
    return visit.done(f"Done: {sentence}", to=visit.field("back") or visit.base)


async def _read(visit: Visit) -> tuple[Change, str]:
    """The change that a form names, and the sentence that says it. Raises `BadInput`, `NotFound`."""
    reader = _READERS.get(visit.field("change"))
    if reader is None:
        raise BadInput("This is no change that can be planned.", place="change")
    return await reader(visit)


async def _fields(visit: Visit, change: Change) -> dict[str, str]:
    """The fields of the form with ids in place of names, so that the application means the same things."""
    fields = {name: visit.field(name) for name in _FIELDS if visit.field(name)}
    for name, attribute in (("group", "group_id"), ("user", "user_id")):
        if name in fields:
            fields[name] = str(getattr(change, attribute))
    return fields


async def _grant_group(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    group = await finding.group(visit.database, visit.org_id, visit.field("group"))
    level, policy = _level(visit), _policy(visit, "policy")
    sentence = f"{group.display_name} gets the level {level.label} on {where}."
    return GrantGroup(place, group.id, level, policy), sentence


async def _ungrant_group(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    group = await finding.group(visit.database, visit.org_id, visit.field("group"))
    members = _policy(visit, "members")
    if members is None:
        raise BadInput("Say whether the members keep their level or lose it.", place="members")
    effect = "keep what they have" if members is Policy.KEEP else "lose what only the group gave them"
    sentence = f"{group.display_name} is no longer granted {where}; its members {effect}."
    return UngrantGroup(place, group.id, members), sentence


async def _grant_person(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    person = await finding.person(visit.database, visit.org_id, visit.field("user"))
    level = _level(visit)
    return GrantPerson(place, person.id, level), f"{person.user_name} gets the level {level.label} on {where}."


async def _ungrant_person(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    person = await finding.person(visit.database, visit.org_id, visit.field("user"))
    return UngrantPerson(place, person.id), f"{person.user_name} is no longer granted {where} directly."


async def _remove_person(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    person = await finding.person(visit.database, visit.org_id, visit.field("user"))
    sentence = f"The direct and the kept access of {person.user_name} to {where} ends; ways through groups stay."
    return RemovePerson(place, person.id), sentence


async def _delete_resource(visit: Visit) -> tuple[Change, str]:
    place, where = await _place(visit)
    return DeleteResource(place), f"{where} is deleted. It can be restored for thirty days."


async def _delete_group(visit: Visit) -> tuple[Change, str]:
    group = await finding.group(visit.database, visit.org_id, visit.field("group"))
    return DeleteGroup(group.id), f"The group {group.display_name} is deleted."


async def _switch_policy(visit: Visit) -> tuple[Change, str]:
    policy = _policy(visit, "policy")
    if policy is None:
        raise BadInput("Choose keep or remove.", place="policy")
    effect = "keep what they had" if policy is Policy.KEEP else "lose what they had"
    return SwitchPolicy(policy), f"From now on, people who leave a group {effect}."


async def _restore_removed(visit: Visit) -> tuple[Change, str]:
    since = _since(visit.field("since"))
    user_id, whose = None, "everybody"
    if visit.field("user"):
        person = await finding.person(visit.database, visit.org_id, visit.field("user"))
        user_id, whose = person.id, person.user_name
    sentence = f"What directories took away from {whose} since {since:%Y-%m-%d %H:%M} UTC comes back."
    return RestoreRemoved(since, user_id=user_id), sentence


_READERS: Final[dict[str, Callable[[Visit], Awaitable[tuple[Change, str]]]]] = {
    "grant-group": _grant_group,
    "ungrant-group": _ungrant_group,
    "grant-person": _grant_person,
    "ungrant-person": _ungrant_person,
    "remove-person": _remove_person,
    "delete-resource": _delete_resource,
    "delete-group": _delete_group,
    "restore-removed": _restore_removed,
    "switch-policy": _switch_policy,
}


async def _place(visit: Visit) -> tuple[UUID, str]:
    resource_id = visit.id_field("resource")
    place = await finding.place_by_id(visit.database, visit.org_id, resource_id)
    if place.kind == "workspace":
        return place.id, place.name
    parent = await finding.place_by_id(visit.database, visit.org_id, place.workspace_id)
    return place.id, f"{parent.name} / {place.name}"


def _since(text: str) -> datetime:
    """A moment as a field of date and time gives it, in UTC. Raises `BadInput`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("Give a date and a time.", place="since") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _level(visit: Visit) -> Level:
    level = Level.parse(visit.field("level"))
    if level is None:
        raise BadInput("Choose a level.", place="level")
    return level


def _policy(visit: Visit, name: str) -> Policy | None:
    text = visit.field(name)
    if text not in {"", *Policy}:
        raise BadInput("Choose keep or remove.", place=name)
    return Policy(text) if text else None
