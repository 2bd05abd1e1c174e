"""What happens to a directory after the first day: an import of grants, joiner, mover, new names, leave, deletion."""

from __future__ import annotations

from typing import Final

from doorlist.tour import cast
from doorlist.tour.browser import Browser
from doorlist.tour.cast import BRAND_BOOK, COMPANY, FIRMWARE, STUDIO, WORKSHOP
from doorlist.tour.signing_in import is_signed_in, sign_in
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Step, expect, expect_part

_NEW_NAME: Final = "People and Culture"
_GIVEN: Final = [("", "viewer"), ("Payroll", "viewer")]
_MARRIED: Final = "camille.roy"
_REFUSED_ON_PURPOSE: Final = {"plan-too-low", "token-revoked", "token-expired", "not-found"}


def _grants_are_imported(stage: Stage) -> str:
    files = [f"--{name}" if flag else str(COMPANY / f"{name}.csv") for name in _FILES for flag in (True, False)]
    done = stage.doorlist("import", "grants", *files)
    expect("Grants in the end", sum(done[f"grants_{what}"] for what in ("added", "changed", "unchanged")), equals=24)
    again = stage.doorlist("import", "grants", *files)
    expect("The same import again", (again["changed"], again["grants_unchanged"]), equals=(False, 24))
    rows = len(stage.doorlist("access", "export"))
    return f"{done['grants_added']} grants, {done['folders_added']} folders more; access export: {rows} rows"


def _joiner_is_there(stage: Stage) -> str:
    attributes = ("display_name=Salma Idrissi", "given_name=Salma", "surname=Idrissi", "department=Engineering")
    person = ("title=Data Engineer", "manager=jonas.bergstrom", *attributes)
    stage.run.entrasim("user", "add", cast.user_name(cast.JOINER), *person)
    stage.run.entrasim("group", "add-member", cast.ENGINEERING, cast.JOINER)
    expect("Failures of the cycle", stage.cycle()["failures"], equals=0)
    expect("What she reaches", stage.reached(cast.JOINER), equals=stage.reached(cast.PEER))
    return "Salma Idrissi reaches what her colleagues do, after one cycle"


def _mover_moves(stage: Stage) -> str:
    stage.run.entrasim("user", "set", cast.MOVER, "title=Design Technologist", "department=Product Design")
    stage.run.entrasim("group", "remove-member", cast.ENGINEERING, cast.MOVER)
    stage.run.entrasim("group", "add-member", cast.DESIGN, cast.MOVER)
    expect("Failures of the cycle", stage.cycle()["failures"], equals=0)
    found = stage.get(f"/Users/{stage.person(cast.MOVER)['id']}", label=cast.RENEWED).body
    expect("The title", found.get("title"), equals="Design Technologist")
    reached = stage.reached(cast.MOVER)
    expect("The new access", reached.get((STUDIO, BRAND_BOOK)), equals="editor")
    expect("The kept access", reached.get((WORKSHOP, FIRMWARE)), equals="editor")
    return "Aoife Gallagher: new title and folders, the old ones retained"


def _names_change(stage: Stage) -> str:
    group, person = stage.group("People Team"), stage.person(cast.RENAMED)
    before = stage.reached(cast.RENAMED)
    stage.run.entrasim("group", "rename", "People Team", _NEW_NAME)
    new = (f"user_name={cast.user_name(_MARRIED)}", "display_name=Camille Roy", "surname=Roy")
    stage.run.entrasim("user", "set", cast.RENAMED, *new)
    expect("Failures of the cycle", stage.cycle()["failures"], equals=0)
    renamed = stage.group(_NEW_NAME)
    same = (renamed["id"], renamed["members"])
    expect("Id and members of the group", same, equals=(group["id"], group["members"]))
    given = stage.doorlist("group", "show", _NEW_NAME)["grants"]
    expect("Its grants", sorted((grant["folder"], grant["level"]) for grant in given), equals=_GIVEN)
    expect("The person's id", stage.person(_MARRIED)["id"], equals=person["id"])
    expect("What she reaches", stage.reached(_MARRIED), equals=before)
    return "same ids, same members, same grants, same access"


def _leave_takes_everything(stage: Stage) -> str:
    stage.kept["away"] = stage.reached(cast.AWAY)
    visitor = Browser()
    sign_in(stage, visitor, cast.AWAY)
    expect("Whether he is signed in", is_signed_in(stage, visitor), equals=True)
    stage.run.entrasim("user", "disable", cast.AWAY)
    counts = stage.cycle()
    expect("People disabled", (counts["users"]["disabled"], counts["failures"]), equals=(1, 0))
    expect("What he reaches", stage.reached(cast.AWAY), equals={})
    expect("Whether he is active", stage.person(cast.AWAY)["active"], equals=False)
    expect("Whether his session is still open", is_signed_in(stage, visitor), equals=False)
    sign_in(stage, visitor, cast.AWAY, mistake="ignore-state")
    expect("Whether a good answer opens another", is_signed_in(stage, visitor), equals=False)
    return f"Haruto Nishimura: signed out at once, refused at the door, 0 of {len(stage.kept['away'])} places"


def _return_gives_it_back(stage: Stage) -> str:
    stage.run.entrasim("user", "enable", cast.AWAY)
    expect("Failures of the cycle", stage.cycle()["failures"], equals=0)
    expect("What he reaches", stage.reached(cast.AWAY), equals=stage.kept["away"])
    visitor = Browser()
    sign_in(stage, visitor, cast.AWAY)
    expect("Whether he is signed in", is_signed_in(stage, visitor), equals=True)
    return "he signs in again, to exactly the same places at the same levels"


def _deletion_is_final(stage: Stage) -> str:
    identifier = stage.person(cast.GONE)["id"]
    everyone = len(stage.group("Everyone")["members"])
    for verb in ("delete", "purge"):
        stage.run.entrasim("user", verb, cast.GONE)
    counts = stage.cycle()
    expect("People deleted", (counts["users"]["deleted"], counts["failures"]), equals=(1, 0))
    answer = stage.get(f"/Users/{identifier}", label=cast.RENEWED)
    expect("The status of GET for his id", answer.status, equals=404)
    expect("The members of Everyone", len(stage.group("Everyone")["members"]), equals=everyone - 1)
    said = stage.refused("access", "what", "--user", cast.user_name(cast.GONE))
    expect_part("The question what he reaches", said, holds="no person")
    return "404, in no group, in no access list"


def _nothing_is_left_to_do(stage: Stage) -> str:
    counts = stage.cycle()
    expect("Requests of a cycle without a change", (counts["requests"], counts["failures"]), equals=(0, 0))
    expect("Failures in the stand-in's log", stage.run.entrasim_json("log", "--failures"), equals=[])
    codes = {line["code"] for line in stage.doorlist("log", "--failures", "--limit", "100")}
    expect("The refusals in Doorlist's log", codes - _REFUSED_ON_PURPOSE, equals=set())
    return "0 requests; both logs have no failure but those meant"


_FILES: Final = ("workspaces", "folders", "grants")

STEPS: Final[tuple[Step[Stage], ...]] = (
    Step(None, "All other grants come from CSV files", _grants_are_imported),
    Step(None, "A joiner", _joiner_is_there),
    Step(None, "A mover, from engineering to design", _mover_moves),
    Step(None, "A group and a person get new names", _names_change),
    Step(None, "Somebody goes on leave, sign-in blocked", _leave_takes_everything),
    Step(None, "… who comes back", _return_gives_it_back),
    Step(None, "Somebody is deleted for good", _deletion_is_final),
    Step(None, "One more cycle", _nothing_is_left_to_do),
)
