"""`attributes` and `excludedAttributes` (RFC 7644 section 3.9): which parts of a resource an answer has. Pure.

Names that no schema knows select nothing, as the RFC asks. What is returned always stays; what is never returned is
not in a document to begin with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorlist.errors import InvalidValue
from doorlist.scim.filter import parse_name
from doorlist.scim.lookup import find
from doorlist.scim.schema import ResourceType, Returned, Schema, Target

_Names = dict[str, "_Names | None"]


@dataclass(frozen=True, slots=True)
class Projection:
    """A selection as nested names: None below a name means all of it. `without` is taken from what `only` selects.

    `asked` says whether a client asked for it; some attributes are told on request only, and are left out unasked.
    """

    only: Mapping[str, Any] | None
    without: Mapping[str, Any]
    asked: bool = False

    @property
    def is_whole(self) -> bool:
        return self.only is None and not self.without

    def wants(self, name: str) -> bool:
        """Whether any part of a top-level attribute is in the answer, so that it has to be read at all."""
        if self.only is not None:
            return name in self.only
        return self.without.get(name, False) is not None

    def names(self, name: str, sub: str) -> bool:
        """Whether `attributes` names this sub-attribute itself, as what is returned on request has to be."""
        inner = self.only.get(name) if self.only is not None else None
        return inner is not None and sub in inner

    def apply(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """The selected part of a resource."""
        selected: dict[str, Any] = _pick(resource, self.only) if self.only is not None else dict(resource)
        return _drop(selected, self.without) if self.without else selected


WHOLE: Final = Projection(None, {})


def read_projection(resource_type: ResourceType, attributes: Iterable[str], excluded: Iterable[str]) -> Projection:
    """The projection that the two parameters ask for. Raises `InvalidValue` when both are given."""
    wanted, unwanted = list(attributes), list(excluded)
    if wanted and unwanted:
        raise InvalidValue("attributes and excludedAttributes exclude each other.", place="attributes")
    if wanted:
        always = [name for name, item in resource_type.names.items() if item.returned is Returned.ALWAYS]
        extended = [schema.named(attribute) for schema, attribute in resource_type.extended(Returned.ALWAYS)]
        tree = _tree(resource_type, [*wanted, *always, *extended])
        return Projection(tree, _on_request(resource_type, named=tree), asked=True)
    tree = _tree(resource_type, unwanted)
    for name in [name for name in tree if _always(resource_type, name)]:
        del tree[name]
    for schema, attribute in resource_type.extended(Returned.ALWAYS):
        _spare(tree, schema, attribute.name)
    asked = bool(tree)
    for urn, names in _on_request(resource_type, named={}).items():
        inner = tree.setdefault(urn, {})
        if inner is not None:
            inner.update(names)
    return Projection(None, tree, asked)


def _always(resource_type: ResourceType, name: str) -> bool:
    attribute = resource_type.names.get(name.lower())
    return attribute is not None and attribute.returned is Returned.ALWAYS


def _on_request(resource_type: ResourceType, *, named: _Names) -> dict[str, _Names]:
    """What extensions tell on request only, but for what is named; the members' names are left to the database."""
    hidden: dict[str, _Names] = {}
    for schema, attribute in resource_type.extended(Returned.REQUEST):
        if attribute.name not in (named.get(schema.urn) or {}):
            hidden.setdefault(schema.urn, {})[attribute.name] = None
    return hidden


def _spare(tree: _Names, schema: Schema, name: str) -> None:
    """Take an attribute out of what is excluded, where its whole schema is as well."""
    if schema.urn not in tree:
        return
    inner = tree[schema.urn]
    if inner is None:
        inner = tree[schema.urn] = {attribute.name: None for attribute in schema.attributes}
    inner.pop(name, None)


def _tree(resource_type: ResourceType, names: Iterable[str]) -> _Names:
    tree: _Names = {}
    for text in names:
        found = _find(resource_type, text.strip())
        if isinstance(found, Schema):
            tree[found.urn] = None
        elif found is not None:
            _enter(tree, found)
    return tree


def _find(resource_type: ResourceType, text: str) -> Target | Schema | None:
    extension = resource_type.extension(text)
    if extension is not None:
        return extension
    path = parse_name(text)
    return find(resource_type, path) if path is not None else None


def _enter(tree: _Names, target: Target) -> None:
    names = [target.attribute.name] if target.urn is None else [target.urn, target.attribute.name]
    if target.sub is not None:
        names.append(target.sub.name)
    for name in names[:-1]:
        inner = tree.setdefault(name, {})
        if inner is None:
            return
        tree = inner
    tree[names[-1]] = None


def _pick(value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [part for part in (_pick(item, tree) for item in value) if part]
    picked = {}
    for name, inner in tree.items():
        if name in value:
            part = value[name] if inner is None else _pick(value[name], inner)
            if part not in ({}, []):
                picked[name] = part
    return picked


def _drop(value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [part for part in (_drop(item, tree) for item in value) if part]
    kept = {}
    for name, part in value.items():
        if name not in tree:
            kept[name] = part
        elif tree[name] is not None:
            remainder = _drop(part, tree[name])
            if remainder not in ({}, []):
                kept[name] = remainder
    return kept
