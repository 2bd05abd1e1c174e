"""`entrasim fault …`: have requests to the target go wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from entrasim.clock import load_clock, parse_moment, parse_span
from entrasim.commands.terminal import JsonOption, StateOption, opened, print_json, say
from entrasim.faults import FaultRule, Kind, add_fault, clear_faults, list_faults, remove_fault
from entrasim.refusals import InvalidFault

app = typer.Typer(help="Faults between the job and the target: add, list, remove, clear.", no_args_is_help=True)
_KINDS: dict[str, Kind] = {"timeout": "timeout", "slow": "slow", "cut": "cut", "malformed": "malformed"}


@app.command("add")
def add(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="A status such as 429, or timeout, slow, cut, malformed.")],
    *,
    probability: Annotated[float, typer.Option(help="How often, from 0 to 1.")] = 1.0,
    request: Annotated[
        list[int] | None, typer.Option(help="Only the so-manieth request that fits; repeatable.")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Each so-manieth request that fits.")] = None,
    times: Annotated[int | None, typer.Option(help="Only so many times.")] = None,
    method: Annotated[str | None, typer.Option(help="Only GET, POST, PATCH or DELETE.")] = None,
    path: Annotated[str | None, typer.Option(help="Only request targets that contain this, such as /Users.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Not before.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Not from then on.")] = None,
    lasting: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="So long, from --from or now.")] = None,
    retry_after: Annotated[str | None, typer.Option(help="The Retry-After header of the answer.")] = None,
    milliseconds: Annotated[int, typer.Option(help="How long slow waits.")] = 5000,
    late: Annotated[bool, typer.Option("--late", help="The target does the work; only its answer is lost.")] = False,
    state: StateOption = None,
) -> None:
    """Put a fault in force."""
    kind, status = _what(what)
    with opened(context, state) as file:
        begins = parse_moment(since) if since else None
        ends = parse_moment(until) if until else None
        if lasting:
            ends = (begins or load_clock(file)()) + parse_span(lasting)
        rule = FaultRule(
            kind=kind,
            status=status,
            retry_after=retry_after,
            late=late,
            probability=probability,
            nth=request or None,
            every=every,
            times=times,
            method=method.upper() if method else None,
            path=path,
            since=begins,
            until=ends,
            milliseconds=milliseconds if kind == "slow" else 0,
        )
        fault = add_fault(file, rule)
    say(f"Fault {fault.id}: {fault.rule}.")


def _what(what: str) -> tuple[Kind, int | None]:
    """Read a status or the name of a fault. Raises `InvalidFault`."""
    if what in _KINDS:
        return _KINDS[what], None
    if len(what) == 3 and what.isascii() and what.isdigit():
        return "status", int(what)
    raise InvalidFault(f"{what!r} is no fault; give a status from 400 to 599, or {', '.join(_KINDS)}.")


@app.command("list")
def show(context: typer.Context, json: JsonOption = False, state: StateOption = None) -> None:
    """Show the faults in force, and how many requests they have seen and hit."""
    with opened(context, state) as file:
        faults = list_faults(file)
    if json:
        print_json(faults)
        return
    for fault in faults:
        say(f"{fault.id}: {fault.rule} - seen {fault.seen}, hit {fault.hits}")


@app.command("remove")
def remove(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="The number that `list` shows.")],
    state: StateOption = None,
) -> None:
    """Take a fault out of force."""
    with opened(context, state) as file:
        remove_fault(file, number)
    say(f"Fault {number} is gone.")


@app.command("clear")
def clear(context: typer.Context, state: StateOption = None) -> None:
    """Take every fault out of force."""
    with opened(context, state) as file:
        say(f"{clear_faults(file)} faults are gone.")
