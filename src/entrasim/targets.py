"""Target attributes as mappings name them, read from and written into SCIM resources.

A target is a plain attribute, `a.b`, `a[type eq "x"].b`, or one of these behind the enterprise URN and a colon:
the shapes that Entra's mappings can address. Reading is strict, because Entra is: a value of the wrong JSON type
raises `ShapeError`. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

_TARGET = re.compile(r'(?P<name>[A-Za-z$]\w*)(?:\[type eq "(?P<type>\w+)"\])?(?:\.(?P<sub>\w+))?')


class ShapeError(ValueError):
    """A resource holds something else than its schema says at an attribute that is mapped."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target attribute; `text` is the path as it goes on the wire."""

    text: str
    extension: str | None
    name: str
    type: str | None
    sub: str | None

    def read(self, resource: dict[str, Any]) -> str | bool | None:
        """Return what a resource holds here, None where it holds nothing. Raises `ShapeError`."""
        holder = resource if self.extension is None else _object(resource.get(self.extension), self.extension)
        value = holder.get(self.name)
        if self.type is not None:
            value = self._element(value)
        if self.sub is not None:
            value = _object(value, self.name).get(self.sub)
        if value is not None and not isinstance(value, str | bool):
            raise ShapeError(f"{self.text} is neither text nor boolean")
        return value

    def write(self, resource: dict[str, Any], value: str | bool) -> None:
        """Put a value here, building what is around it."""
        holder = resource if self.extension is None else resource.setdefault(self.extension, {})
        if self.type is not None:
            holder = self._own_element(holder.setdefault(self.name, []))
            holder[self.sub or "value"] = value
        elif self.sub is not None:
            holder.setdefault(self.name, {})[self.sub] = value
        else:
            holder[self.name] = value

    def _element(self, values: Any) -> Any:
        if values is None:
            return None
        if not isinstance(values, list):
            raise ShapeError(f"{self.name} is no array")
        return next((one for one in values if _object(one, self.name).get("type") == self.type), None)

    def _own_element(self, elements: list[dict[str, Any]]) -> dict[str, Any]:
        for element in elements:
            if element["type"] == self.type:
                return element
        element = {"type": self.type}
        if self.name == "emails":
            element = {"primary": True, **element}
        elements.append(element)
        return element


@lru_cache(maxsize=256)
def parse_target(text: str) -> Target:
    """Parse a target attribute. Raises `ValueError` where it is none that a mapping can address."""
    extension, _, rest = text.rpartition(":")
    found = _TARGET.fullmatch(rest)
    if found is None:
        raise ValueError(f"not a target attribute: {text}")
    return Target(text, extension or None, found["name"], found["type"], found["sub"])


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ShapeError(f"{name} is no object")
    return value
