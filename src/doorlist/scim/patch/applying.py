"""Changes to documents: RFC 7644 sections 3.5.2.1 (add), 3.5.2.2 (remove) and 3.5.2.3 (replace). Pure.

A change that finds nothing to work on is `NoTarget`; the work of one request is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorlist.errors import InvalidValue, NoTarget, TooMany
from doorlist.scim import quirks
from doorlist.scim.condition import holds_for, terms
from doorlist.scim.patch.change import Change, Op
from doorlist.scim.patch.work import Work
from doorlist.scim.resource import MAX_VALUES, complete
from doorlist.scim.schema import Attribute, ResourceType
from doorlist.scim.values import element_form, lookup_key

MAX_DESCRIBED: Final = 100


def apply_changes(
    resource_type: ResourceType, document: dict[str, Any], changes: tuple[Change, ...], *, work: Work | None = None
) -> dict[str, Any]:
    """Do the changes to a canonical document, in place and in order; it is also returned. Raises a refusal.

    The work is bounded: many operations with long filters on many values are `TooMany`.
    """
    spent = Work() if work is None else work
    for change in changes:
        spent.compare(_work(document, change), change.place)
        _apply(document, change)
    return complete(resource_type, document)


def _work(document: Mapping[str, Any], change: Change) -> int:
    """The comparisons that a change may cost: of each value there is, and of each value it brings or names."""
    if not change.target.attribute.multi_valued:
        return 1
    container = document if change.target.urn is None else document.get(change.target.urn, {})
    there = len(container.get(change.target.attribute.name, ()))
    named = len(change.value) if isinstance(change.value, list) else 0
    return there * (terms(change.condition) if change.condition else 1) + named


def _apply(document: dict[str, Any], change: Change) -> None:
    target = change.target
    container = document if target.urn is None else document.setdefault(target.urn, {})
    if change.condition is not None:
        _apply_to_selected(container, change)
    elif target.attribute.multi_valued:
        _apply_to_all(container, change)
    else:
        _apply_to_one(container, change)
    if target.urn is not None and not container:
        del document[target.urn]


def _apply_to_one(container: dict[str, Any], change: Change) -> None:
    attribute, sub = change.target.attribute, change.target.sub
    if sub is not None:
        element = container.setdefault(attribute.name, {})
        _set(element, sub, change.value)
        if not element:
            del container[attribute.name]
    elif attribute.is_complex and change.value is not None:
        container.setdefault(attribute.name, {}).update(change.value)
    else:
        _set(container, attribute, change.value)


def _apply_to_all(container: dict[str, Any], change: Change) -> None:
    attribute = change.target.attribute
    elements: list[Any] = container.get(attribute.name, [])
    if change.target.sub is not None:
        _apply_to_each(container, change, elements)
    elif change.op is Op.REMOVE:
        _store(container, attribute, [] if change.value is None else _without(attribute, elements, change.value), [])
    elif change.op is Op.REPLACE:
        _store(container, attribute, change.value, [])
    else:
        there = set(map(lookup_key, elements))
        touched = [element for element in change.value if lookup_key(element) not in there]
        _store(container, attribute, [*elements, *touched], touched)


def _apply_to_each(container: dict[str, Any], change: Change, elements: list[dict[str, Any]]) -> None:
    """A sub-attribute of every value; setting one where there is no value makes the first."""
    attribute, sub = change.target.attribute, change.target.sub
    assert sub is not None
    if change.op is Op.REMOVE:
        for element in elements:
            element.pop(sub.name, None)
        _store(container, attribute, [element for element in elements if not quirks.nothing_but_labels(element)], [])
        return
    elements = elements or [{}]
    for element in elements:
        element[sub.name] = change.value
    _store(container, attribute, elements, elements)


def _apply_to_selected(container: dict[str, Any], change: Change) -> None:
    attribute, sub = change.target.attribute, change.target.sub
    elements: list[dict[str, Any]] = list(container.get(attribute.name, []))
    assert change.condition is not None
    selected = [element for element in elements if holds_for(change.condition, element_form(attribute, element))]
    if change.op is Op.REMOVE:
        if change.strict and not selected:
            raise NoTarget("No value matches the filter of the path.", place=change.place)
        for element in selected:
            if sub is not None:
                element.pop(sub.name, None)
        gone = {id(element) for element in selected if sub is None or quirks.nothing_but_labels(element)}
        _store(container, attribute, [element for element in elements if id(element) not in gone], [])
        return
    if not selected:
        selected = [_created(change)]
        elements.append(selected[0])
    for element in selected:
        element.update(change.value if sub is None else {sub.name: change.value})
    _store(container, attribute, elements, selected)


def _created(change: Change) -> dict[str, Any]:
    """The value to start from; one that its own filter would not select cannot be meant."""
    template, condition = change.template, change.condition
    if (
        template is None
        or condition is None
        or not holds_for(condition, element_form(change.target.attribute, template))
    ):
        raise NoTarget("No value matches the filter of the path.", place=change.place)
    return dict(template)


def _without(attribute: Attribute, elements: list[Any], listed: list[Any]) -> list[Any]:
    """The elements that none of the listed ones names, by its `value` where there is one.

    What names by other parts is compared with every element, so there may be no more than `MAX_DESCRIBED` of it.
    """
    if not attribute.is_complex:
        return [element for element in elements if element not in listed]
    named = {lookup_key(element_form(attribute, {"value": part["value"]})) for part in listed if "value" in part}
    described = [element_form(attribute, part) for part in listed if part and "value" not in part]
    if len(described) > MAX_DESCRIBED:
        raise TooMany(
            f"More than {MAX_DESCRIBED} values are named by other parts than their value.", place=attribute.name
        )

    def is_named(element: Any) -> bool:
        form = element_form(attribute, element)
        by_value = "value" in form and lookup_key({"value": form["value"]}) in named
        return by_value or any(form.items() >= part.items() for part in described)

    return [element for element in elements if not is_named(element)]


def _store(container: dict[str, Any], attribute: Attribute, elements: list[Any], touched: list[Any]) -> None:
    """Keep at most one primary value, the one this operation named last (RFC 7644 section 3.5.2)."""
    if attribute.is_complex:
        named = [element for element in touched if element.get("primary") is True]
        for element in elements:
            if named and element is not named[-1] and element.get("primary") is True:
                element["primary"] = False
    _set(container, attribute, elements or None)


def _set(container: dict[str, Any], attribute: Attribute, value: Any) -> None:
    if value is None:
        container.pop(attribute.name, None)
    elif attribute.multi_valued and len(value) > MAX_VALUES:
        raise InvalidValue(f"More than {MAX_VALUES} values.", place=attribute.name)
    else:
        container[attribute.name] = value
