"""PATCH (RFC 7644 section 3.5.2): operations in normal form, and what they do to a document.

`parse_patch` turns a body into `Change`s: path resolved, value canonical, every dialect gone. `apply_changes` does
them to a canonical document, in order. A change that is not understood is refused with its scimType and the index
of the operation; none is ever skipped. Pure.
"""

from doorlist.scim.patch.applying import apply_changes
from doorlist.scim.patch.change import PATCH_URN, Change, Op
from doorlist.scim.patch.parsing import parse_patch
from doorlist.scim.patch.work import Work

__all__ = ["PATCH_URN", "Change", "Op", "Work", "apply_changes", "parse_patch"]
