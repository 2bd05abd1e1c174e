"""Why a person has a level on a resource, or has none: as data, and in sentences to act on. Pure.

The ways are what the store found; here they are put in order, and each is told with what would change it. A way
that does not count is a blocker with its reason, so that the answer "none" is explained as well as any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorlist.domain.levels import Level

_OFFERED: Final = 5
"""How many groups are named that the person could join."""


class Bearing(StrEnum):
    """Whether a way gives its level, and if not, why."""

    COUNTS = "counts"
    EXCLUDED = "excluded"
    NOT_A_MEMBER = "not-a-member"
    PARKED = "parked"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a person to a resource.

    Attributes:
        kind: direct, group or retained.
        via_id, via: the resource that carries it: the resource itself, or the workspace of a home folder.
        origin: where the group comes from: the name of a directory connection, or local; empty without a group.
        since: when the person had it first; for a way that does not count, since when the grant is there.
        by: who granted it; policy for what was retained.
        detached: the group's directory does not manage it now, so that it is edited here.
    """

    kind: str
    via_id: UUID
    via: str
    group_id: UUID | None
    group: str
    origin: str
    level: int
    since: datetime
    by: str
    bearing: Bearing = Bearing.COUNTS
    detached: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A person and a resource as far as they decide by themselves, whatever the ways."""

    user_id: UUID
    user_name: str
    origin: str
    inactive: bool
    blocked: bool
    person_deleted: bool
    resource_id: UUID
    place: str
    archived: bool
    resource_deleted: bool


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that keeps a level from counting in full; `code` is stable, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Lever:
    """A change that would change the answer: which one, where it is made, in words."""

    code: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `winning` is the way that decides, None where the level is 0; `level_name` spells the level."""

    user_name: str
    place: str
    level: int
    level_name: str
    winning: Way | None
    ways: tuple[Way, ...]
    blockers: tuple[Blocker, ...]
    levers: tuple[Lever, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The answer for people: the level, what decides, what else there is, what stands in the way."""
        return tuple(_reasons(self))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The reasons, and what would change the answer."""
        levers = [f"  {lever.text}" for lever in self.levers]
        return (*self.reasons, *(["What would change it:", *levers] if levers else ()))


def explain(standing: Standing, ways: tuple[Way, ...]) -> Explanation:
    """Put together the answer for one person and one resource."""
    ordered = tuple(sorted(ways, key=_rank))
    counting = [way for way in ordered if way.bearing is Bearing.COUNTS]
    shut = standing.inactive or standing.blocked or standing.person_deleted or standing.resource_deleted
    level = 0 if shut or not counting else counting[0].level
    if standing.archived:
        level = min(level, Level.VIEWER)
    return Explanation(
        user_name=standing.user_name,
        place=standing.place,
        level=level,
        level_name=_named(level),
        winning=counting[0] if level else None,
        ways=ordered,
        blockers=tuple(_blockers(standing, ordered, reached=bool(counting))),
        levers=tuple(_levers(standing, ordered, level)),
    )


def _rank(way: Way) -> tuple[object, ...]:
    """What counts first, the highest first; of equals the direct one, then the one without a detour, the oldest."""
    kinds = ("direct", "group", "retained")
    return way.bearing is not Bearing.COUNTS, -way.level, kinds.index(way.kind), way.since, str(way.group_id)


def _blockers(standing: Standing, ways: tuple[Way, ...], *, reached: bool) -> Iterator[Blocker]:
    who, place = standing.user_name, standing.place
    if standing.person_deleted:
        yield Blocker("person-deleted", f"{who} is deleted.")
    elif standing.inactive:
        yield Blocker("inactive", f"{who} is inactive: no access anywhere.")
    if standing.blocked:
        yield Blocker("blocked", f"{who} is blocked by an administrator: no access anywhere.")
    if standing.resource_deleted:
        yield Blocker("deleted", f"{place} or its workspace is deleted.")
    if standing.archived:
        yield Blocker("archived", f"{place} or its workspace is archived: everybody is at most viewer there.")
    for way in ways:
        if way.bearing is Bearing.EXCLUDED:
            yield Blocker("excluded", f"{who} is excluded on {way.via}: {_source(way)} does not count.")
        elif way.bearing is Bearing.HELD:
            yield Blocker("held", f"{_source(way)} is held since {who} was inactive, until somebody confirms it.")
        elif way.bearing is Bearing.PARKED:
            yield Blocker("parked", f"the group {way.group} was deleted; its grant on {way.via} is parked.")
    if not reached:
        yield Blocker("no-way", f"Nothing leads {who} to {place}: no grant, no group, nothing kept.")


def _levers(standing: Standing, ways: tuple[Way, ...], level: int) -> Iterator[Lever]:
    who, place = standing.user_name, standing.place
    if standing.inactive and not standing.person_deleted:
        yield Lever("activate", standing.origin, f"Set {who} active in {standing.origin}.")
    if standing.blocked:
        yield Lever("unblock", "people", f"Lift the block of {who} (doorlist people unblock).")
    if standing.resource_deleted:
        yield Lever("restore", place, f"Restore {place}.")
    elif standing.archived:
        yield Lever("unarchive", place, f"Take {place} out of the archive.")
    joinable = [way for way in ways if way.bearing is Bearing.NOT_A_MEMBER]
    useful = [way for way in joinable if way.level > level][:_OFFERED]
    for way in ways:
        if way.bearing is not Bearing.NOT_A_MEMBER or way in useful:
            yield from _levers_of(who, way)
    if level == 0:
        yield Lever("grant", place, f"Grant {who} a level on {place} (doorlist access grant).")


def _levers_of(who: str, way: Way) -> Iterator[Lever]:
    match way.kind, way.bearing:
        case "direct", _:
            yield Lever("ungrant-person", way.via, f"Change or take away the grant of {who} on {way.via}.")
        case _, Bearing.HELD:
            yield Lever("confirm-held", "attention", f"Confirm or drop what {who} had kept (doorlist attention).")
        case "retained", _:
            yield Lever("remove-retained", way.via, f"Remove what {who} kept on {way.via} (doorlist access retained).")
        case _, Bearing.NOT_A_MEMBER:
            text = f"Add {who} to {way.group} {_inside(way)}: {_named(way.level)} on {way.via}."
            yield Lever("join-group", _editor(way), text)
        case _, Bearing.EXCLUDED:
            yield Lever(
                "lift-exclusion", way.via, f"Lift the exclusion of {who} on {way.via} (doorlist access include)."
            )
        case _, Bearing.PARKED:
            yield Lever("reattach", way.via, f"Give the parked grants of {way.group} to the group that replaces it.")
        case _:
            yield Lever("leave-group", _editor(way), f"Remove {who} from {way.group} {_inside(way)}.")
            yield Lever("ungrant-group", way.via, f"Change or take away the grant of {way.group} on {way.via}.")
            yield Lever("exclude", way.via, f"Exclude {who} on {way.via} (doorlist access exclude).")


def _reasons(answer: Explanation) -> Iterator[str]:
    have = f"has the level {answer.level_name}" if answer.level else "has no access"
    yield f"{answer.user_name} {have} on {answer.place}."
    if answer.winning is not None:
        yield f"What decides: {_told(answer.winning)}."
    others = [way for way in answer.ways if way is not answer.winning and way.bearing is Bearing.COUNTS]
    if others:
        yield "Also, and no more than that: " if answer.winning else "It would be:"
        yield from (f"  {_told(way)}" for way in others)
    yield from (blocker.text for blocker in answer.blockers)


def _told(way: Way) -> str:
    day = f"since {way.since:%Y-%m-%d}"
    if way.kind == "retained":
        return f"{_named(way.level)} on {way.via}, kept {day} after leaving the group {way.group}"
    if way.kind == "direct":
        return f"{_named(way.level)} on {way.via}, granted to the person by {way.by} {day}"
    return f"{_named(way.level)} on {way.via} as a member of the group {way.group} ({_origin(way)}), {day}, by {way.by}"


def _origin(way: Way) -> str:
    return f"{way.origin}, detached" if way.detached else way.origin


def _editor(way: Way) -> str:
    """Where the members of a group are changed."""
    return "local" if way.detached else way.origin


def _inside(way: Way) -> str:
    here = "here (doorlist group members)"
    if way.detached:
        return f"{here}, as {way.origin} does not manage it now"
    return here if way.origin == "local" else f"in {way.origin}"


def _source(way: Way) -> str:
    return f"{_named(way.level)} by the group {way.group}" if way.group else f"{_named(way.level)} granted directly"


def _named(level: int) -> str:
    return Level(level).label if level else "none"
