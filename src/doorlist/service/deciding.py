"""Decisions for other programs: may a subject do something with a resource, and who and what would be allowed.

Everything is answered from the one definition of access in the database; nothing is written. A question about something
that is not there is answered no, like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorlist.domain.decisions import ACTIONS, RESOURCE_TYPES, SUBJECT_TYPE, Decision, Question, allowed_actions, decide
from doorlist.domain.directory import fold
from doorlist.domain.explanation import Explanation
from doorlist.domain.ids import parse_id
from doorlist.domain.tenancy import Administrator
from doorlist.service import insight
from doorlist.service.authority import require_manager
from doorlist.store import decision_rows
from doorlist.store.db import Connection, Database
from doorlist.store.decision_rows import Found, KnownPerson

MOST_QUESTIONS: Final = 1000
"""How many questions one request may hold."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What questions are about: the person and the place of each by its number; unknown ones are absent."""

    people: dict[int, KnownPerson]
    places: dict[int, UUID]


async def evaluate(
    database: Database, administrator: Administrator, org_id: UUID, questions: Sequence[Question]
) -> list[Decision]:
    """The decision about each question, in their order, all from one moment. Raises `Forbidden`."""
    async with database.snapshot() as connection:
        await require_manager(connection, administrator, org_id)
        look = await _look(connection, org_id, questions)
        known = [number for number in look.people if number in look.places]
        asked = [(number, look.people[number].id, look.places[number]) for number in known]
        levels = await decision_rows.levels(connection, org_id, asked)
    return [_decision(question, number, look, levels) for number, question in enumerate(questions)]


async def reason(
    database: Database, administrator: Administrator, org_id: UUID, question: Question
) -> Explanation | None:
    """Why a person has a level there or none; None for a person or a resource that is not there. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        look = await _look(connection, org_id, [question])
    if not look.people or not look.places:
        return None
    return await insight.explain(database, org_id, user_id=look.people[0].id, resource_id=look.places[0])


async def search_subjects(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    question: Question,
    *,
    after: UUID | None,
    limit: int,
) -> list[Found]:
    """The people who may do an action on a resource; the subject's id does not count. Raises `Forbidden`."""
    async with database.snapshot() as connection:
        await require_manager(connection, administrator, org_id)
        place = (await _places(connection, org_id, [question])).get(0)
        least = ACTIONS.get(question.action)
        if place is None or least is None or question.subject_type != SUBJECT_TYPE:
            return []
        return await decision_rows.subjects(connection, org_id, place, least=least, after=after, limit=limit)


async def search_resources(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    question: Question,
    *,
    after: UUID | None,
    limit: int,
) -> list[Found]:
    """The resources of a type on which a subject may do an action; the resource's id does not count.

    Raises `Forbidden`.
    """
    kind, least = question.resource_type, ACTIONS.get(question.action)
    async with database.snapshot() as connection:
        await require_manager(connection, administrator, org_id)
        person = (await _people(connection, org_id, [question])).get(0)
        if person is None or least is None or kind not in RESOURCE_TYPES:
            return []
        return await decision_rows.resources(
            connection, org_id, person.id, kind=kind, least=least, after=after, limit=limit
        )


async def search_actions(
    database: Database, administrator: Administrator, org_id: UUID, question: Question
) -> list[str]:
    """The actions that a subject may do on a resource, the lowest first. Raises `Forbidden`."""
    (found,) = await evaluate(database, administrator, org_id, [question])
    return allowed_actions(found.level)


async def _look(connection: Connection, org_id: UUID, questions: Sequence[Question]) -> _Look:
    return _Look(await _people(connection, org_id, questions), await _places(connection, org_id, questions))


async def _people(connection: Connection, org_id: UUID, questions: Sequence[Question]) -> dict[int, KnownPerson]:
    """The person of each question, by id or by a user name that one person bears."""
    wanted = [question.subject_id if question.subject_type == SUBJECT_TYPE else "" for question in questions]
    ids = {identifier for text in wanted if (identifier := parse_id(text)) is not None}
    keys = {fold(text) for text in wanted if text and parse_id(text) is None}
    found: dict[str, list[KnownPerson]] = {}
    for person in await decision_rows.people(connection, org_id, keys=sorted(keys), ids=sorted(ids)):
        found.setdefault(person.key, []).append(person)
    named = {number: found.get(text) or found.get(fold(text), []) for number, text in enumerate(wanted)}
    return {number: people[0] for number, people in named.items() if len(people) == 1}


async def _places(connection: Connection, org_id: UUID, questions: Sequence[Question]) -> dict[int, UUID]:
    """The workspace or folder of each question whose level counts."""
    asked = [
        (number, question.resource_type, identifier)
        for number, question in enumerate(questions)
        if question.resource_type in RESOURCE_TYPES and (identifier := parse_id(question.resource_id)) is not None
    ]
    return await decision_rows.places(connection, org_id, asked)


def _decision(question: Question, number: int, look: _Look, levels: dict[int, int]) -> Decision:
    person = look.people.get(number)
    level = levels.get(number, 0) if number in look.places else None
    return decide(question, subject=None if person is None else person.user_name, level=level)
