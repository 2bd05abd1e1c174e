"""Everything that the identity provider can get wrong on purpose, so that a refusal can be shown and tested.

A mistake changes one stage of a response: the draft, the assertion before it is signed, how it is signed, the
finished response, or its bytes. Those that touch a finished response are never encrypted. Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from lxml import etree

from entrasim.refusals import UnknownName
from entrasim.saml_idp import names
from entrasim.saml_idp.claims import Name
from entrasim.saml_idp.drafts import Draft
from entrasim.saml_idp.xml import Element, below

_LONG: Final = timedelta(days=1)
_SIGNATURE: Final = f"{{{names.DSIG}}}Signature"
_ASSERTION: Final = f"{{{names.SAML}}}Assertion"
_NAME_ID: Final = f"{{{names.SAML}}}NameID"


def _same_draft(draft: Draft) -> Draft:
    return draft


def _same(root: Element) -> None:
    """Leave it as it is."""


def _same_bytes(text: bytes) -> bytes:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing done wrong. `signing` is right, none, other-key or sha1."""

    name: str
    summary: str
    draft: Callable[[Draft], Draft] = _same_draft
    assertion: Callable[[Element], None] = _same
    signing: str = "right"
    response: Callable[[Element], None] = _same
    spelled: Callable[[bytes], bytes] = _same_bytes
    replays: bool = False
    ignores_state: bool = False

    @property
    def encrypts(self) -> bool:
        """False where the finished response is touched, which would not be seen through encryption."""
        return self.response is _same


def _expired(draft: Draft) -> Draft:
    return replace(
        draft,
        issued=draft.issued - _LONG,
        authenticated=draft.authenticated - _LONG,
        not_before=draft.not_before - _LONG,
        not_on_or_after=draft.not_on_or_after - _LONG,
        confirmed_until=draft.confirmed_until - _LONG,
    )


def _future(draft: Draft) -> Draft:
    return replace(
        draft,
        not_before=draft.not_before + _LONG,
        not_on_or_after=draft.not_on_or_after + _LONG,
        confirmed_until=draft.confirmed_until + _LONG,
    )


def _comment(assertion: Element) -> None:
    """Cut the name in two: whoever reads the first piece only reads another name than the one that was signed."""
    name = next(assertion.iter(_NAME_ID))
    comment = etree.Comment("")
    comment.tail = ".forged.example"
    name.append(comment)


def _tamper(response: Element) -> None:
    for name in response.iter(_NAME_ID):
        name.text = f"forged.{name.text}"


def _sign_twice(response: Element) -> None:
    for signature in list(response.iter(_SIGNATURE)):
        signature.addnext(copy.deepcopy(signature))


def _forged(assertion: Element) -> Element:
    forged = copy.deepcopy(assertion)
    forged.set("ID", f"_forged{assertion.get('ID')[1:]}")
    _tamper(forged)
    for signature in list(forged.iter(_SIGNATURE)):
        signature.getparent().remove(signature)
    return forged


def _wrap_beside(response: Element) -> None:
    assertion = next(response.iter(_ASSERTION))
    assertion.addprevious(_forged(assertion))


def _wrap_inside(response: Element) -> None:
    """Carry the signed assertion in the signature of a forged one, which is what a careless reader takes."""
    assertion = next(response.iter(_ASSERTION))
    forged = _forged(assertion)
    assertion.addprevious(forged)
    signature = assertion.find(_SIGNATURE)
    holder = below(forged, names.DSIG, "Signature") if signature is None else copy.deepcopy(signature)
    forged.insert(1, holder)
    below(holder, names.DSIG, "Object").append(assertion)


def _with_doctype(text: bytes) -> bytes:
    return b'<!DOCTYPE Response [<!ENTITY e "x">]>' + text


def _renamed(draft: Draft) -> Draft:
    """Name nobody; of the claims only the tenant's stays, since the others name the person as well."""
    return replace(draft, name=Name("nobody@nowhere.example", draft.name.format), attributes=draft.attributes[:1])


_TABLE: Final = (
    Mistake(name="expired", summary="The assertion ended a day ago", draft=_expired),
    Mistake(name="future", summary="The assertion is valid from tomorrow", draft=_future),
    Mistake(
        name="confirmation-expired",
        summary="The confirmation of the subject has ended, the conditions have not",
        draft=lambda draft: replace(draft, confirmed_until=draft.issued - timedelta(hours=1)),
    ),
    Mistake(
        name="wrong-audience",
        summary="Made for another application",
        draft=lambda draft: replace(draft, audience="https://somebody-else.example/saml"),
    ),
    Mistake(
        name="no-audience",
        summary="Made for nobody in particular",
        draft=lambda draft: replace(draft, audience=None),
    ),
    Mistake(
        name="wrong-recipient",
        summary="Confirmed for another reply URL",
        draft=lambda draft: replace(draft, recipient="https://somebody-else.example/acs"),
    ),
    Mistake(
        name="wrong-destination",
        summary="The response is addressed to another reply URL",
        draft=lambda draft: replace(draft, destination="https://somebody-else.example/acs"),
    ),
    Mistake(
        name="wrong-issuer",
        summary="Comes from another directory",
        draft=lambda draft: replace(draft, issuer="https://somebody-else.example/idp/"),
    ),
    Mistake(
        name="wrong-in-response-to",
        summary="Answers a request that was never sent",
        draft=lambda draft: replace(draft, in_response_to="_0123456789abcdef0123456789abcdef"),
    ),
    Mistake(
        name="no-in-response-to",
        summary="Does not say which request it answers",
        draft=lambda draft: replace(draft, in_response_to=None),
    ),
    Mistake(name="unknown-person", summary="Names somebody whom the application does not know", draft=_renamed),
    Mistake(name="comment-in-name", summary="The name has a comment in it, signed", assertion=_comment),
    Mistake(name="unsigned", summary="No signature at all", signing="none"),
    Mistake(name="other-key", summary="Signed with a key that was never published", signing="other-key"),
    Mistake(name="sha1", summary="Signed with RSA and SHA-1", signing="sha1"),
    Mistake(name="tampered", summary="The name was changed after signing", response=_tamper),
    Mistake(name="signed-twice", summary="Every signature is there two times", response=_sign_twice),
    Mistake(name="wrapped-beside", summary="A forged assertion stands before the signed one", response=_wrap_beside),
    Mistake(name="wrapped-inside", summary="A forged assertion carries the signed one inside", response=_wrap_inside),
    Mistake(name="doctype", summary="The XML has a document type with an entity", spelled=_with_doctype),
    Mistake(name="replay", summary="The last response once more, byte for byte", replays=True),
    Mistake(
        name="ignore-state",
        summary="Signs in whoever is disabled, deleted or not assigned",
        ignores_state=True,
    ),
)
NONE: Final = Mistake(name="none", summary="No mistake")
MISTAKES: Final = {mistake.name: mistake for mistake in (NONE, *_TABLE)}


def mistake_called(name: str) -> Mistake:
    """Return a mistake by its name. Raises `UnknownName`."""
    found = MISTAKES.get(name)
    if found is None:
        raise UnknownName(f"There is no mistake {name!r}; there are {', '.join(MISTAKES)}.")
    return found
