"""Rows 1 to 6: plan, organization, tokens, the connection of the directory and its test."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from doorlist.tour import cast, signing_in
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Step, StepFailed, expect, expect_part

_PLAN: Final = "enterprise"


def _plan_is_too_low(stage: Stage) -> str:
    made = stage.run.doorlist("org", "create", cast.NAME, "--slug", cast.SLUG, "--owner", cast.OWNER, "--plan", "team")
    expect("The slug of the organization", made["slug"], equals=cast.SLUG)
    expect("The tenant URL", made["scim_url"], equals=stage.scim_url)
    stage.create_token(cast.FIRST, days=365)
    stage.connect(cast.FIRST)
    said = stage.run.entrasim_fails("test-connection")
    expect_part("Test Connection", said.out, holds="needs the enterprise plan")
    answer = stage.get("/Users?count=1", label=cast.FIRST)
    expect("The status of a query for people", answer.status, equals=403)
    return "Test Connection is refused, 403: needs the enterprise plan"


def _workspaces_are_upgraded(stage: Stage) -> str:
    for name in (cast.STUDIO, cast.WORKSHOP, cast.FIELD, cast.BACK_OFFICE):
        stage.doorlist("workspace", "create", name)
    one = stage.doorlist("workspace", "upgrade", cast.STUDIO, "--plan", _PLAN)
    expect("What the first upgrade changed", one["upgraded"], equals=[cast.STUDIO])
    two = stage.doorlist("workspace", "upgrade", cast.WORKSHOP, cast.FIELD, "--plan", _PLAN)
    expect("What the second upgrade changed", sorted(two["upgraded"]), equals=[cast.FIELD, cast.WORKSHOP])
    plans = {line["name"]: line["plan"] for line in stage.doorlist("workspace", "list")}
    raised = dict.fromkeys((cast.FIELD, cast.STUDIO, cast.WORKSHOP), _PLAN)
    expect("The plans of the workspaces", plans, equals={cast.BACK_OFFICE: "team", **raised})
    return f"{cast.STUDIO}, {cast.WORKSHOP}, {cast.FIELD} are on enterprise, {cast.BACK_OFFICE} on team"


def _organization_is_upgraded(stage: Stage) -> str:
    stage.run.doorlist("org", "set", cast.SLUG, "--plan", _PLAN)
    report = stage.run.entrasim_json("test-connection")
    expect("The same Test Connection as before", report["ok"], equals=True)
    return "the same Test Connection is green at once"


def _workspaces_belong_together(stage: Stage) -> str:
    lines = stage.doorlist("workspace", "list")
    expect("The folders that each workspace came with", [line["folders"] for line in lines], equals=[1] * 4)
    other = stage.run.doorlist("org", "create", "Somebody Else", "--owner", "boss@else.example")
    found = stage.run.doorlist("workspace", "list", "--org", other["slug"])
    expect("The workspaces of another organization", found, equals=[])
    return "4, each with its home folder; another organization sees none"


def _token_is_shown_once(stage: Stage) -> str:
    text = stage.tokens[cast.FIRST]
    listed = stage.doorlist("token", "list")
    expect(
        "The tokens that are listed", [(token["label"], token["state"]) for token in listed], equals=_valid(cast.FIRST)
    )
    if text in str(listed):
        raise StepFailed("The list of tokens", expected="the start of the token only", found="the whole token")
    expect("What the list shows of the token", listed[0]["hint"], equals=text[: len(listed[0]["hint"])])
    for path in _files_with(stage.data / "postgres", text.encode()):
        raise StepFailed("The data folder", expected="no copy of the token", found=f"one in {path}")
    return f"listed as {listed[0]['hint']}…; no file of the database has it whole"


def _rotation_has_no_gap(stage: Stage) -> str:
    stage.create_token(cast.RENEWED, days=365)
    both = [stage.get("/Users?count=1", label=label).status for label in (cast.FIRST, cast.RENEWED)]
    expect("The answers to the old and the new token", both, equals=[200, 200])
    stage.doorlist("token", "revoke", cast.FIRST)
    after = [stage.get("/Users?count=1", label=label).status for label in (cast.FIRST, cast.RENEWED)]
    expect("The answers after the old one was revoked", after, equals=[401, 200])
    stage.seen("token-revoked", lambda line: line["token"] == cast.FIRST and line["code"] == "token-revoked")
    return "no gap between; the old one gets 401, the log says revoked"


def _expiry_is_told(stage: Stage) -> str:
    stage.create_token(cast.EXPIRED, days=0)
    answer = stage.get("/Users?count=1", label=cast.EXPIRED)
    expect("The status for an expired token", answer.status, equals=401)
    expect_part("The header WWW-Authenticate", answer.headers.get("www-authenticate", ""), holds="Bearer")
    stage.seen("token-expired", lambda line: line["token"] == cast.EXPIRED and line["code"] == "token-expired")
    return "401 with WWW-Authenticate, and the log says expired"


def _use_is_shown(stage: Stage) -> str:
    tokens: dict[str, dict[str, Any]] = {token["label"]: token for token in stage.doorlist("token", "list")}
    states = {label: token["state"] for label, token in tokens.items()}
    expect("The states", states, equals={cast.FIRST: "revoked", cast.RENEWED: "valid", cast.EXPIRED: "expired"})
    if tokens[cast.RENEWED]["last_used_at"] is None:
        raise StepFailed("The token in use", expected="its last use", found="none")
    expect("The last use of the token that never worked", tokens[cast.EXPIRED]["last_used_at"], equals=None)
    return "one valid with its end and last use, one revoked, one expired"


def _directory_is_connected(stage: Stage) -> str:
    stage.connect(cast.RENEWED)
    connection = stage.run.entrasim_json("show")["connection"]
    expect("The connection of the stand-in", connection["url"], equals=stage.scim_url)
    return f"saved for {stage.scim_url}"


def _connection_is_tested(stage: Stage) -> str:
    report = stage.run.entrasim_json("test-connection")
    expect("The checks", [check["status"] for check in report["checks"]], equals=["success"] * 3)
    asked = {exchange["path"].partition("?")[0].rpartition("/")[2] for exchange in report["requests"]}
    expect("What was asked for", asked, equals={"Users", "Groups", "Schemas"})
    sent = next(exchange for exchange in report["requests"] if "/Users" in exchange["path"])
    guid = sent["path"].rpartition("eq")[2].strip("+%20").removeprefix("%22").removesuffix("%22").strip('"')
    line = stage.seen(f"the query for {guid}", lambda line: guid in line["query"])
    expect("The token in Doorlist's log", (line["token"], line["status"]), equals=(cast.RENEWED, 200))
    return "green; Doorlist's log has it, with the token that was used"


def _valid(*labels: str) -> list[tuple[str, str]]:
    return [(label, "valid") for label in labels]


def _files_with(folder: Path, text: bytes) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and text in path.read_bytes()]


STEPS: Final[tuple[Step[Stage], ...]] = (
    Step(1, "Below Enterprise a directory is connected", _plan_is_too_low),
    Step(1, "One workspace is upgraded, then two at once", _workspaces_are_upgraded),
    Step(1, "The organization is upgraded", _organization_is_upgraded),
    *signing_in.SETTING_UP,
    Step(3, "The organization groups its workspaces", _workspaces_belong_together),
    Step(4, "The token was shown once", _token_is_shown_once),
    Step(4, "A second one is made, the first revoked", _rotation_has_no_gap),
    Step(4, "An expired one is used", _expiry_is_told),
    Step(4, "All tokens are listed", _use_is_shown),
    Step(5, "Tenant URL and token go into the stand-in", _directory_is_connected),
    Step(6, "Test Connection", _connection_is_tested),
)
