"""Rows 10 to 13: groups on folders and workspaces, what leavers keep, and who may create workspaces."""

from __future__ import annotations

from typing import Final

from doorlist.tour import cast
from doorlist.tour.cast import BRAND_BOOK, CONCEPTS, FIRMWARE, STUDIO, USER_RESEARCH, WORKSHOP
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Step, expect, expect_part

_LEVELS: Final = {BRAND_BOOK: "editor", USER_RESEARCH: "checker", CONCEPTS: "viewer"}


def _folders_are_granted(stage: Stage) -> str:
    for folder, level in _LEVELS.items():
        stage.doorlist("folder", "create", folder, "--workspace", STUDIO)
        policy = ("--policy", "remove") if folder == USER_RESEARCH else ()
        where = ("--workspace", STUDIO, "--folder", folder)
        put = stage.doorlist("access", "grant", *where, "--group", cast.DESIGN, "--level", level, *policy)
        expect(f"The level on {folder}", (put["level"], put["changed"]), equals=(level, True))
    return "editor, checker and viewer, a level for each"


def _grants_have_limits(stage: Stage) -> str:
    grant = ("access", "grant", "--group", cast.DESIGN)
    said = stage.refused(*grant, "--workspace", STUDIO, "--level", "admin")
    expect_part("The refusal of admin", said, holds="at most the level editor")
    said = stage.refused(*grant, "--workspace", cast.BACK_OFFICE, "--level", "viewer")
    expect_part("The refusal below Enterprise", said, holds="plan enterprise")
    stage.doorlist("workspace", "upgrade", cast.BACK_OFFICE, "--plan", "enterprise")
    return "both refused, with the reason and the plan that it takes"


def _members_gain_access(stage: Stage) -> str:
    there = {(STUDIO, folder): level for folder, level in _LEVELS.items()}
    expect("What a member reaches", stage.reached(cast.DESIGNER), equals=there)
    reaching = stage.doorlist("access", "who", "--workspace", STUDIO, "--folder", BRAND_BOOK)
    levels = {line["level"] for line in reaching}
    expect("Who reaches the folder, at which levels", (len(reaching), levels), equals=(12, {"editor"}))
    return "all 12 reach them at these levels, nobody else does"


def _leaver_stays_under_keep(stage: Stage) -> str:
    stage.run.entrasim("group", "remove-member", cast.DESIGN, cast.LEAVER)
    counts = stage.cycle()
    expect("Members removed by the cycle", (counts["members"]["removed"], counts["failures"]), equals=(1, 0))
    expect("The members left", len(stage.group(cast.DESIGN)["members"]), equals=11)
    reached = stage.kept["leaver"] = stage.reached(cast.LEAVER)
    expect(f"The leaver's level on {BRAND_BOOK}", reached.get((STUDIO, BRAND_BOOK)), equals="editor")
    expect_part("The retained list", _retained(stage), holds=(cast.LEAVER, BRAND_BOOK, cast.DESIGN, "live"))
    return "Wanjiru Kamau stays editor of Brand Book, listed as retained"


def _leaver_goes_under_remove(stage: Stage) -> str:
    expect(f"The leaver's level on {USER_RESEARCH}", stage.kept["leaver"].get((STUDIO, USER_RESEARCH)), equals=None)
    kept = {folder for handle, folder, _, _ in _retained(stage) if handle == cast.LEAVER}
    expect("The folders retained", kept, equals={BRAND_BOOK, CONCEPTS})
    return "User Research was gone at once, nothing is retained"


def _retained_is_removed_by_hand(stage: Stage) -> str:
    name = cast.user_name(cast.LEAVER)
    stage.doorlist("access", "retained", "--remove", name, "--workspace", STUDIO, "--folder", BRAND_BOOK)
    expect("What is left", stage.reached(cast.LEAVER), equals={(STUDIO, CONCEPTS): "viewer"})
    expect("The rest of the retained list", _retained(stage), equals={(cast.LEAVER, CONCEPTS, cast.DESIGN, "live")})
    return "Brand Book is gone; what else she kept stays on the list"


def _workspaces_are_granted(stage: Stage) -> str:
    for workspace, level in ((WORKSHOP, "editor"), (STUDIO, "viewer")):
        stage.doorlist("access", "grant", "--group", cast.ENGINEERING, "--workspace", workspace, "--level", level)
    reached = stage.kept["engineer"] = stage.reached(cast.ENGINEER)
    workshop = {(WORKSHOP, ""): "editor", (WORKSHOP, "Home"): "editor"}
    expect("What an engineer reaches", reached, equals={**workshop, (STUDIO, ""): "viewer", (STUDIO, "Home"): "viewer"})
    return "an engineer reaches both and their homes, none of the 3 folders"


def _folder_is_granted_individually(stage: Stage) -> str:
    stage.doorlist("folder", "create", FIRMWARE, "--workspace", WORKSHOP)
    where = ("--workspace", WORKSHOP, "--folder", FIRMWARE)
    stage.doorlist("access", "grant", *where, "--group", cast.ENGINEERING, "--level", "checker")
    wider = {**stage.kept["engineer"], (WORKSHOP, FIRMWARE): "checker"}
    expect("What the engineer reaches now", stage.reached(cast.ENGINEER), equals=wider)
    return "Firmware is there too, at its own level"


def _creating_workspaces_is_closed(stage: Stage) -> str:
    stage.doorlist("workspace", "create", "Aurora Sandbox", "--as", cast.user_name(cast.DESIGNER))
    expect_part("What the creator owns", list(stage.reached(cast.DESIGNER)), holds=("Aurora Sandbox", ""))
    stage.run.doorlist("org", "set", cast.SLUG, "--no-members-create-workspaces")
    said = stage.refused("workspace", "create", "One Too Many", "--as", cast.user_name(cast.DESIGNER))
    expect_part("The refusal", said, holds="do not create workspaces")
    return "Bruno Castellani made one before; the next is refused"


def _retained(stage: Stage) -> set[tuple[str, str, str, str]]:
    """Handle, folder, group and state of everything that is listed as retained."""
    lines = stage.doorlist("access", "retained")
    return {(line["user_name"].partition("@")[0], line["folder"], line["group"], line["state"]) for line in lines}


STEPS: Final[tuple[Step[Stage], ...]] = (
    Step(10, "The group is given three private folders", _folders_are_granted),
    Step(10, "It is given too much, and below Enterprise", _grants_have_limits),
    Step(11, "The members look", _members_gain_access),
    Step(11, "A member leaves it; the policy is keep", _leaver_stays_under_keep),
    Step(11, "… and where the grant says remove", _leaver_goes_under_remove),
    Step(11, "What was retained is removed by hand", _retained_is_removed_by_hand),
    Step(12, "Engineering: Workshop editor, Studio viewer", _workspaces_are_granted),
    Step(12, "One more folder, individually", _folder_is_granted_individually),
    Step(13, "Members may no longer create workspaces", _creating_workspaces_is_closed),
)
