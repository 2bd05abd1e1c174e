"""A change: one PATCH operation in normal form. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from doorlist.scim.condition import Condition
from doorlist.scim.schema import Target

PATCH_URN: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Op(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One operation in normal form.

    `condition` selects values of a multi-valued attribute; `template` is the value to start from when it selects
    none, where a client counts on that; `strict` refuses a removal that selects none too. `value` is canonical, or
    None to unassign; for `members` it is a tuple of ids. `place` names the operation in messages.
    """

    op: Op
    target: Target
    value: Any = None
    condition: Condition | None = None
    template: Mapping[str, Any] | None = None
    strict: bool = False
    place: str = ""
