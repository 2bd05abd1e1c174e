"""Questions and decisions as the OpenID AuthZEN Authorization API 1.0 spells them; other members are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

Id = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Token = Annotated[str, StringConstraints(max_length=2000)]
Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]


class Entity(BaseModel):
    """A subject or a resource: its type and its id."""

    type: Id
    id: Id


class EntityType(BaseModel):
    """What is searched for: its type; an id is ignored."""

    type: Id


class Act(BaseModel):
    """An action: read, tick, edit, manage or own."""

    name: Id


class QuestionContext(BaseModel):
    """What a question may carry. `explain` asks for every way of access in the answer."""

    explain: bool = False


class EvaluationWish(BaseModel):
    """Whether a subject may do an action on a resource."""

    subject: Entity = Field(examples=[{"type": "user", "id": "ana@marigold.example"}])
    action: Act = Field(examples=[{"name": "edit"}])
    resource: Entity = Field(examples=[{"type": "folder", "id": "01890a5d-ac96-774b-bcce-b302099a8057"}])
    context: QuestionContext | None = None


class PartialEvaluation(BaseModel):
    """A question that takes what it leaves out from the request around it."""

    subject: Entity | None = None
    action: Act | None = None
    resource: Entity | None = None


class Options(BaseModel):
    """How many of the questions are answered."""

    evaluations_semantic: Semantic = "execute_all"


class EvaluationsWish(PartialEvaluation):
    """Several questions; what stands outside `evaluations` holds for each that leaves it out."""

    evaluations: list[PartialEvaluation] = Field(default_factory=list, max_length=1000)
    options: Options | None = None


class DecisionContext(BaseModel):
    """Why: a stable code, a sentence, the level that the decision rests on; on request the whole explanation."""

    code: str
    reason: str
    level: str
    explanation: dict[str, Any] | None = None


class DecisionShape(BaseModel):
    """A decision. No is an answer like yes, with status 200."""

    decision: bool
    context: DecisionContext


class DecisionsShape(BaseModel):
    """The decisions in the order of the questions; with a semantic that stops, those up to the one that decides."""

    evaluations: list[DecisionShape]


class PageWish(BaseModel):
    """Which part of the results: the token of the page before, and how many at most."""

    token: Token | None = None
    next_token: Token | None = Field(None, description="The same as `token`, as drafts of the specification have it.")
    limit: int = Field(100, ge=1, le=1000)


class SubjectSearch(BaseModel):
    """Who may do an action on a resource."""

    subject: EntityType
    action: Act
    resource: Entity
    page: PageWish | None = None


class ResourceSearch(BaseModel):
    """On which resources of a type a subject may do an action."""

    subject: Entity
    action: Act
    resource: EntityType
    page: PageWish | None = None


class ActionSearch(BaseModel):
    """What a subject may do on a resource."""

    subject: Entity
    resource: Entity
    page: PageWish | None = None


class PageShape(BaseModel):
    """How many results these are, and the token of the next page; empty at the end."""

    next_token: str
    count: int


class EntityShape(BaseModel):
    """A subject or a resource, with its present name."""

    type: str
    id: str
    properties: dict[str, str]


class EntityResults(BaseModel):
    """A page of subjects or resources."""

    results: list[EntityShape]
    page: PageShape


class ActionShape(BaseModel):
    """An action."""

    name: str


class ActionResults(BaseModel):
    """The actions."""

    results: list[ActionShape]
    page: PageShape


class Metadata(BaseModel):
    """Where decisions are made."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str
