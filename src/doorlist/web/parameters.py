"""The parameters of SCIM requests (RFC 7644 sections 3.4.2, 3.4.3 and 3.9): query strings and search bodies.

Refuses values of the wrong form, naming the parameter; unknown parameters are nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from doorlist.errors import InvalidSyntax, InvalidValue
from doorlist.scim.messages import SEARCH_URN
from doorlist.scim.projection import Projection, read_projection
from doorlist.scim.schema import ResourceType
from doorlist.service.searching import Query

_WHOLE_NUMBER: Final = re.compile(r"\s*[+-]?[0-9]{1,15}\s*")
_SEARCH_MEMBERS: Final = frozenset(
    {"attributes", "excludedattributes", "filter", "sortby", "sortorder", "startindex", "count", "cursor"}
)


def read_search(body: Any, resource_type: ResourceType) -> Query:
    """The parameters of POST /.search (RFC 7644 section 3.4.3), as if they stood in the query.

    As there, unknown ones are nobody's business; null is the absence of a value.
    """
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body has to be a JSON object.")
    members = {name.lower(): value for name, value in body.items()}
    urns = members.get("schemas")
    if not isinstance(urns, list) or SEARCH_URN.lower() not in [str(urn).lower() for urn in urns]:
        raise InvalidSyntax(f"The list has to contain {SEARCH_URN}.", place="schemas")
    given = {name: members[name] for name in _SEARCH_MEMBERS & members.keys() if members[name] is not None}
    return read_query({name: _as_parameter(value, name) for name, value in given.items()}, resource_type)


def read_selection(parameters: Mapping[str, str], resource_type: ResourceType) -> Projection:
    """The projection that `attributes` and `excludedAttributes` ask for."""
    return read_projection(
        resource_type, _names(parameters.get("attributes")), _names(parameters.get("excludedattributes"))
    )


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def read_query(parameters: Mapping[str, str], resource_type: ResourceType) -> Query:
    """The query that parameters, by lower-case name, ask for."""
    order = parameters.get("sortorder", "ascending").lower()
    if order not in ("ascending", "descending"):
        raise InvalidValue("sortOrder is ascending or descending.", place="sortOrder")
    return Query(
        filter=parameters.get("filter") or None,
        sort_by=parameters.get("sortby") or None,
        descending=order == "descending",
        start_index=_integer(parameters, "startIndex", 1),
        count=None if "count" not in parameters else _integer(parameters, "count", 0),
        cursor=parameters.get("cursor"),
        projection=read_selection(parameters, resource_type),
    )


def _integer(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name.lower())
    if text is None:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        raise InvalidValue(f"A whole number is expected, not {text[:40]!r}.", place=name)
    return int(text)


def _as_parameter(value: Any, name: str) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidValue("A string or a whole number is expected.", place=name)
    return str(value)
