"""`entrasim mapping …`, `entrasim filter …`, `entrasim settings`: how provisioning is set up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, get_args

import typer

from entrasim.commands.terminal import JsonOption, StateOption, opened, print_json, say
from entrasim.configuration import (
    Configuration,
    Kind,
    load_configuration,
    put_mapping,
    remove_mapping,
    restore_mappings,
    save_filters,
    set_guard,
    set_notification,
    set_skip_out_of_scope,
)
from entrasim.expressions import ExpressionError, compile_expression
from entrasim.filters import Clause, Operator, ScopingFilter
from entrasim.flows import user_source
from entrasim.mappings import Mapping
from entrasim.people import find_person
from entrasim.refusals import InvalidMapping

mapping_app = typer.Typer(help="Attribute mappings: list, set, remove, restore, try.", no_args_is_help=True)
filter_app = typer.Typer(help="Scoping filters: list, set, remove.", no_args_is_help=True)


class KindName(StrEnum):
    """Which kind of object a command is about."""

    users = "users"
    groups = "groups"


KindArgument = Annotated[KindName, typer.Argument(help="users or groups")]
TargetArgument = Annotated[str, typer.Argument(help='A target such as title or emails[type eq "work"].value.')]


@mapping_app.command("list")
def list_mappings(
    context: typer.Context, kind: KindArgument, json: JsonOption = False, state: StateOption = None
) -> None:
    """Show the mappings in their order."""
    with opened(context, state) as file:
        rules = load_configuration(file).rules(kind.value)
    if json:
        print_json(rules.mappings)
        return
    for one in rules.mappings:
        marks = [f"matching {one.precedence}"] if one.precedence else []
        marks += [one.kind] if one.kind != "direct" else []
        marks += ["on creation"] if one.apply == "creation" else []
        marks += [f"default {one.default}"] if one.default is not None else []
        say(f"{one.target} ← {one.source}" + (f"  ({', '.join(marks)})" if marks else ""))


@mapping_app.command("set")
def set_mapping(
    context: typer.Context,
    kind: KindArgument,
    target: TargetArgument,
    source: Annotated[str, typer.Argument(help="An attribute of the directory, or with an option what it says.")],
    *,
    constant: Annotated[bool, typer.Option("--constant", help="SOURCE is the value itself.")] = False,
    expression: Annotated[bool, typer.Option("--expression", help="SOURCE is an expression.")] = False,
    default: Annotated[str | None, typer.Option(help="Flows on creation where the source is empty.")] = None,
    precedence: Annotated[int, typer.Option(min=0, max=100, help="From 1: a matching attribute.")] = 0,
    on_creation: Annotated[bool, typer.Option("--on-creation", help="Flows only when an object is created.")] = False,
    state: StateOption = None,
) -> None:
    """Add a mapping or replace the one of the same target; the next cycle evaluates everything again."""
    if constant and expression:
        raise typer.BadParameter("give --constant or --expression, not both")
    how: Literal["direct", "constant", "expression"] = (
        "constant" if constant else "expression" if expression else "direct"
    )
    reference = how == "direct" and (kind.value, source) in {("users", "manager"), ("groups", "members")}
    mapping = Mapping(
        source,
        target,
        kind=how,
        default=default,
        precedence=precedence,
        apply="creation" if on_creation else "always",
        reference=reference,
    )
    with opened(context, state) as file:
        put_mapping(file, kind.value, mapping=mapping)
    say(f"{target} now comes from {source}.")


@mapping_app.command("remove")
def remove(context: typer.Context, kind: KindArgument, target: TargetArgument, state: StateOption = None) -> None:
    """Remove the mapping of a target."""
    with opened(context, state) as file:
        remove_mapping(file, kind.value, target=target)
    say(f"{target} is no longer mapped.")


@mapping_app.command("restore")
def restore(context: typer.Context, kind: KindArgument, state: StateOption = None) -> None:
    """Go back to the default mappings, without filters."""
    with opened(context, state) as file:
        restore_mappings(file, kind.value)
    say(f"The default mappings of {kind.value} are back.")


@mapping_app.command("try")
def try_expression(
    context: typer.Context,
    expression: Annotated[str, typer.Argument(help="Such as 'ToLower([mail])'.")],
    user: Annotated[str, typer.Option(help="Whose attributes it works on.")],
    state: StateOption = None,
) -> None:
    """Show what an expression makes of somebody's attributes; nothing is saved."""
    with opened(context, state) as file:
        person = find_person(file, user)
    try:
        value = compile_expression(expression).evaluate(user_source(person, soft_deleted=not person.active))
    except ExpressionError as error:
        raise InvalidMapping(f"The expression cannot be used: {error}.") from error
    say("(nothing flows)" if not value else str(value))


@filter_app.command("list")
def list_filters(
    context: typer.Context, kind: KindArgument, json: JsonOption = False, state: StateOption = None
) -> None:
    """Show the filters; of several, one has to let an object through."""
    with opened(context, state) as file:
        filters = load_configuration(file).rules(kind.value).filters
    if json:
        print_json(filters)
        return
    for one in filters:
        say(f"{one.title}: {' and '.join(map(str, one.clauses))}")


@filter_app.command("set")
def set_filter(
    context: typer.Context,
    kind: KindArgument,
    title: Annotated[str, typer.Argument(help="The title of the filter; one of the same title is replaced.")],
    clauses: Annotated[list[str], typer.Argument(metavar="'ATTRIBUTE OPERATOR [VALUE]'…", help="All have to hold.")],
    state: StateOption = None,
) -> None:
    """Add or replace a scoping filter; the next cycle evaluates everything again."""
    wanted = ScopingFilter(title=title, clauses=[_clause(one) for one in clauses])
    with opened(context, state) as file:
        others = [one for one in load_configuration(file).rules(kind.value).filters if one.title != title]
        save_filters(file, kind.value, filters=[*others, wanted])
    say(f"The filter {title} is in force from the next cycle on.")


@filter_app.command("remove")
def remove_filter(
    context: typer.Context,
    kind: KindArgument,
    title: Annotated[str, typer.Argument(help="The title of the filter.")],
    state: StateOption = None,
) -> None:
    """Remove a scoping filter."""
    with opened(context, state) as file:
        filters = load_configuration(file).rules(kind.value).filters
        others = [one for one in filters if one.title != title]
        if len(others) == len(filters):
            raise InvalidMapping(f"No filter of {kind.value} has the title {title!r}.")
        save_filters(file, kind.value, filters=others)
    say(f"The filter {title} is gone.")


def settings(
    context: typer.Context,
    *,
    guard: Annotated[int | None, typer.Option(min=0, help="Hold deletions back above this many in a cycle.")] = None,
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Never hold deletions back.")] = False,
    skip_out_of_scope: Annotated[
        bool | None,
        typer.Option("--skip-out-of-scope/--disable-out-of-scope", help="What happens to who leaves the scope."),
    ] = None,
    notify: Annotated[str | None, typer.Option(help="Whom the real service would write to.")] = None,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Show the settings of provisioning, and change those that are given."""
    with opened(context, state) as file:
        if guard is not None or no_guard:
            set_guard(file, None if no_guard else guard)
        if skip_out_of_scope is not None:
            set_skip_out_of_scope(file, skip_out_of_scope)
        if notify is not None:
            set_notification(file, notify)
        configuration = load_configuration(file)
    if json:
        print_json(configuration)
    else:
        _say_settings(configuration)


def _say_settings(configuration: Configuration) -> None:
    guard = "off" if configuration.guard is None else f"above {configuration.guard} in a cycle"
    say(f"deletion guard       {guard}")
    say(f"out of scope         {'left as they are' if configuration.skip_out_of_scope_deletions else 'disabled'}")
    say(f"notification e-mail  {configuration.notify or 'none'}")
    kinds: tuple[Kind, ...] = ("users", "groups")
    for kind in kinds:
        rules = configuration.rules(kind)
        allowed = [name for name in ("create", "update", "delete") if getattr(rules, name)]
        state = f"{', '.join(allowed)}; {len(rules.mappings)} mappings, {len(rules.filters)} filters"
        say(f"{kind:20} {state if rules.enabled else 'not provisioned'}")


def _clause(written: str) -> Clause:
    """Read `department EQUALS Sales`. Raises `InvalidMapping`."""
    attribute, _, rest = written.strip().partition(" ")
    for operator in sorted(get_args(Operator), key=len, reverse=True):
        if rest == operator or rest.startswith(f"{operator} "):
            return Clause(attribute=attribute, operator=operator, value=rest[len(operator) :].strip())
    raise InvalidMapping(f"{written!r} is no clause; operators are {', '.join(get_args(Operator))}.")
