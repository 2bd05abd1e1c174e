"""The applications that the directory may be connected to: a small gallery, and the one that was added.

One state file is one directory with one application; the gallery says what it is called and what it can do.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from entrasim.refusals import InvalidAttribute, UnknownName, WrongState
from entrasim.statefile import StateFile

_SETTING = "application"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the gallery."""

    key: str
    name: str
    maker: str
    summary: str
    provisioning: bool = True
    sign_on: bool = True


GALLERY = (
    Entry("doorlist", "Doorlist", "Doorlist", "Folder and workspace access by the groups of your directory."),
    Entry(
        "scim",
        "Your own application",
        "Not in the gallery",
        "Any product with a SCIM 2.0 endpoint, with or without sign-in by SAML.",
    ),
    Entry("saml", "Sign-in only", "Not in the gallery", "Any product with SAML 2.0 and no SCIM.", provisioning=False),
)


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """The application of this directory: its name, the gallery entry it came from, and when it was added."""

    name: str
    entry: str = "scim"
    added: str | None = None

    @property
    def kind(self) -> Entry:
        """The gallery entry."""
        return entry_called(self.entry)


def entry_called(key: str) -> Entry:
    """Return a gallery entry. Raises `UnknownName`."""
    for entry in GALLERY:
        if entry.key == key:
            return entry
    raise UnknownName(f"There is no gallery entry {key!r}.")


def added_application(state: StateFile) -> Added | None:
    """Return the application, None before one is added; one that a command connected has no name of its own yet."""
    packed = state.setting(_SETTING)
    if packed is not None:
        return msgspec.json.decode(packed, type=Added)
    if state.setting("url") is not None or state.setting("saml.application") is not None:
        return Added(name=entry_called("scim").name)
    return None


def add_application(state: StateFile, key: str, *, name: str, now: str) -> Added:
    """Add an application from the gallery. Raises `UnknownName`, `InvalidAttribute`, `WrongState` beside another."""
    entry = entry_called(key)
    if added_application(state) is not None:
        raise WrongState("This directory has an application already: one state file holds one.")
    added = Added(name=_checked(name or entry.name), entry=key, added=now)
    state.set_setting(_SETTING, msgspec.json.encode(added).decode())
    return added


def rename_application(state: StateFile, name: str) -> Added:
    """Call the application something else. Raises `InvalidAttribute`, `WrongState` before one is added."""
    known = added_application(state)
    if known is None:
        raise WrongState("No application was added yet.")
    renamed = msgspec.structs.replace(known, name=_checked(name))
    state.set_setting(_SETTING, msgspec.json.encode(renamed).decode())
    return renamed


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120:
        raise InvalidAttribute("The name of an application is 1 to 120 characters long.")
    return name
