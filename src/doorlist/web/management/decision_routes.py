"""Routes of the OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, the three searches, the metadata."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from doorlist.domain.decisions import Decision, Question
from doorlist.domain.levels import Level
from doorlist.errors import BadInput
from doorlist.service import deciding
from doorlist.store.decision_rows import Found
from doorlist.web.management.asked import SECURED, Decides, after_id, encode_cursor
from doorlist.web.management.shapes.access_shapes import ExplanationShape
from doorlist.web.management.shapes.decision_shapes import (
    ActionResults,
    ActionSearch,
    ActionShape,
    DecisionContext,
    DecisionShape,
    DecisionsShape,
    EntityResults,
    EntityShape,
    EvaluationsWish,
    EvaluationWish,
    Metadata,
    PageShape,
    PageWish,
    PartialEvaluation,
    ResourceSearch,
    SubjectSearch,
)

router = APIRouter(prefix="/access/v1", tags=["decisions"], dependencies=[SECURED])
metadata_router = APIRouter(tags=["decisions"])

_STOPS: Final = {"deny_on_first_deny": False, "permit_on_first_permit": True}


@router.post("/evaluation", summary="Ask for a decision")
async def evaluate(asked: Decides, wish: EvaluationWish) -> DecisionShape:
    """Whether a subject may do an action on a resource. Subjects are users, by id or user name."""
    question = Question(wish.subject.type, wish.subject.id, wish.action.name, wish.resource.type, wish.resource.id)
    (decision,) = await deciding.evaluate(*asked.who, [question])
    told = _told(decision)
    if wish.context is not None and wish.context.explain:
        found = await deciding.reason(*asked.who, question)
        if found is not None:
            told.context.explanation = ExplanationShape.model_validate(found).model_dump(mode="json")
    return told


@router.post("/evaluations", summary="Ask for several decisions")
async def evaluate_many(asked: Decides, wish: EvaluationsWish) -> DecisionsShape | DecisionShape:
    """Up to a thousand questions, answered from one moment; without any it is one question, as for evaluation."""
    if not wish.evaluations:
        (decision,) = await deciding.evaluate(*asked.who, [_question(wish, wish, place="body")])
        return _told(decision)
    questions = [_question(one, wish, place=f"evaluations[{number}]") for number, one in enumerate(wish.evaluations)]
    decisions = await deciding.evaluate(*asked.who, questions)
    semantic = "execute_all" if wish.options is None else wish.options.evaluations_semantic
    return DecisionsShape(evaluations=[_told(one) for one in _until(decisions, _STOPS.get(semantic))])


@router.post("/search/subject", summary="Search for subjects")
async def search_subjects(asked: Decides, wish: SubjectSearch) -> EntityResults:
    """The users who may do an action on a resource."""
    question = Question(wish.subject.type, "", wish.action.name, wish.resource.type, wish.resource.id)
    after, limit = _page(wish.page)
    found = await deciding.search_subjects(*asked.who, question, after=after, limit=limit + 1)
    return _results(found, limit, kind="user", name="user_name")


@router.post("/search/resource", summary="Search for resources")
async def search_resources(asked: Decides, wish: ResourceSearch) -> EntityResults:
    """The workspaces, folders, projects or tasks on which a user may do an action."""
    question = Question(wish.subject.type, wish.subject.id, wish.action.name, wish.resource.type, "")
    after, limit = _page(wish.page)
    found = await deciding.search_resources(*asked.who, question, after=after, limit=limit + 1)
    return _results(found, limit, kind=wish.resource.type, name="name")


@router.post("/search/action", summary="Search for actions")
async def search_actions(asked: Decides, wish: ActionSearch) -> ActionResults:
    """The actions that a user may do on a resource."""
    question = Question(wish.subject.type, wish.subject.id, "read", wish.resource.type, wish.resource.id)
    names = await deciding.search_actions(*asked.who, question)
    return ActionResults(
        results=[ActionShape(name=name) for name in names], page=PageShape(next_token="", count=len(names))
    )


@metadata_router.get("/.well-known/authzen-configuration", summary="Show where decisions are made")
async def authzen_configuration(request: Request) -> Metadata:
    """The metadata of this policy decision point; needs no key."""
    base = request.state.base_url
    return Metadata(
        policy_decision_point=base,
        access_evaluation_endpoint=f"{base}/access/v1/evaluation",
        access_evaluations_endpoint=f"{base}/access/v1/evaluations",
        search_subject_endpoint=f"{base}/access/v1/search/subject",
        search_resource_endpoint=f"{base}/access/v1/search/resource",
        search_action_endpoint=f"{base}/access/v1/search/action",
    )


def _question(one: PartialEvaluation, around: PartialEvaluation, *, place: str) -> Question:
    """A question with what the request around it says. Raises `BadInput` where something is said nowhere."""
    subject, action = one.subject or around.subject, one.action or around.action
    resource = one.resource or around.resource
    if subject is None or action is None or resource is None:
        raise BadInput("A question has a subject, an action and a resource.", place=place)
    return Question(subject.type, subject.id, action.name, resource.type, resource.id)


def _until(decisions: list[Decision], stop: bool | None) -> list[Decision]:
    """The decisions up to the first that is so, all of them where nothing stops."""
    for number, decision in enumerate(decisions):
        if decision.allowed is stop:
            return decisions[: number + 1]
    return decisions


def _told(decision: Decision) -> DecisionShape:
    level = Level(decision.level).label if decision.level else "none"
    context = DecisionContext(code=decision.code, reason=decision.text, level=level)
    return DecisionShape(decision=decision.allowed, context=context)


def _page(wish: PageWish | None) -> tuple[UUID | None, int]:
    """Where a page begins, and how long it is."""
    if wish is None:
        return None, 100
    return after_id(wish.token or wish.next_token or None), wish.limit


def _results(found: list[Found], limit: int, *, kind: str, name: str) -> EntityResults:
    shown = found[:limit]
    following = encode_cursor((shown[-1].id,)) if len(found) > limit else ""
    return EntityResults(
        results=[EntityShape(type=kind, id=str(one.id), properties={name: one.name}) for one in shown],
        page=PageShape(next_token=following or "", count=len(shown)),
    )
