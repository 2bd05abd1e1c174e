"""Row 2 and what follows from it: SAML set up from both sides, a member's sign-in, answers that are wrong."""

from __future__ import annotations

from typing import Final

from doorlist.tour import cast
from doorlist.tour.browser import Browser, Page
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Step, StepFailed, expect

_WRONG: Final = (
    "replay",  # first: what is sent once more is the good answer of the step before
    "expired",
    "future",
    "confirmation-expired",
    "wrong-audience",
    "no-audience",
    "wrong-recipient",
    "wrong-destination",
    "wrong-issuer",
    "wrong-in-response-to",
    "unknown-person",
    "comment-in-name",
    "unsigned",
    "other-key",
    "sha1",
    "tampered",
    "signed-twice",
    "wrapped-beside",
    "wrapped-inside",
    "doctype",
)


def _both_sides_are_set_up(stage: Stage) -> str:
    """Carry each side's metadata to the other, as an administrator would."""
    shown = stage.run.entrasim_json("saml", "show", "--base", stage.directory)
    theirs, own = stage.data / "directory-metadata.xml", stage.data / "own-metadata.xml"
    theirs.write_text(Browser().get(shown["metadata"]).text, encoding="utf-8")
    stage.doorlist("saml", "set", "--metadata", str(theirs))
    own.write_text(Browser().get(f"{stage.url}/saml/{cast.SLUG}/metadata").text, encoding="utf-8")
    stage.run.entrasim("saml", "connect", "--metadata", str(own))
    known = stage.run.entrasim_json("saml", "show", "--base", stage.directory)["application"]
    expect("The reply URL that the stand-in learnt", known["acs_urls"], equals=[f"{stage.url}/saml/{cast.SLUG}/acs"])
    expires = shown["certificates"][0]["expires"][:10]
    return f"metadata both ways; the directory's certificate is good until {expires}"


def _a_member_signs_in(stage: Stage) -> str:
    visitor = Browser()
    page = sign_in(stage, visitor, cast.DESIGNER)
    expect("The page after the sign-in", (page.status, page.url.startswith(stage.url)), equals=(200, True))
    stage.kept["visitor"] = visitor
    if not is_signed_in(stage, visitor):
        raise StepFailed("The session", expected="one that is open", found=f"{page.url}: sign-in is asked for again")
    return "Bruno Castellani: Doorlist asks the stand-in, takes its answer, and opens a session"


def _wrong_answers_are_refused(stage: Stage) -> str:
    for mistake in _WRONG:
        visitor = Browser()
        page = sign_in(stage, visitor, cast.DESIGNER, mistake=mistake)
        expect(f"Whether the answer that is {mistake} was taken", is_signed_in(stage, visitor), equals=False)
        if page.status < 400:
            raise StepFailed(f"The answer that is {mistake}", expected="a refusal", found=f"HTTP {page.status}")
    return f"{len(_WRONG)} kinds of them, from expired to wrapped signatures: no session, and no reason told"


def _strangers_are_refused(stage: Stage) -> str:
    """Somebody of the directory whom no cycle has brought yet: a good answer opens nothing."""
    stage.run.entrasim("user", "add", "guest@elsewhere.example", "display_name=A Guest")
    visitor = Browser()
    page = sign_in(stage, visitor, "guest")
    expect("The status of the page that a stranger sees", page.status, equals=403)
    expect("Whether a stranger gets in", is_signed_in(stage, visitor), equals=False)
    for verb in ("delete", "purge"):
        stage.run.entrasim("user", verb, "guest")
    return "a good answer about somebody who was not provisioned opens nothing and makes nobody"


def sign_in(stage: Stage, visitor: Browser, handle: str, *, mistake: str = "none") -> Page:
    """Go from Doorlist to the stand-in, pick somebody there, and come back; the page that is shown in the end."""
    asked = visitor.get(f"{stage.url}/saml/{cast.SLUG}/login")
    answered = visitor.send(asked.form("saml_query"), person=handle, mistake=mistake)
    if "SAMLResponse" not in answered.text:
        return answered
    return visitor.send(answered.form("SAMLResponse"))


def is_signed_in(stage: Stage, visitor: Browser) -> bool:
    """Whether Doorlist shows its pages to a visitor without asking who it is."""
    page = visitor.get(f"{stage.url}/")
    return page.status == 200 and "/signin" not in page.url


SETTING_UP: Final[tuple[Step[Stage], ...]] = (Step(2, "SAML is set up first", _both_sides_are_set_up),)
STEPS: Final[tuple[Step[Stage], ...]] = (
    Step(None, "A member signs in", _a_member_signs_in),
    Step(None, "Answers that are wrong", _wrong_answers_are_refused),
    Step(None, "A stranger signs in", _strangers_are_refused),
)
