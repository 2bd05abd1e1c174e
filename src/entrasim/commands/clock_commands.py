"""`entrasim clock …`: look at the time of the simulated world, stop it, set it, move it forward."""

from __future__ import annotations

from typing import Annotated

import typer

from entrasim.clock import (
    Clock,
    hold_clock,
    load_clock,
    parse_moment,
    parse_span,
    release_clock,
    reset_clock,
    set_clock,
)
from entrasim.commands.running import progress_bars, run_async
from entrasim.commands.terminal import JsonOption, StateOption, mint, opened, print_json, say
from entrasim.job.loop import advance
from entrasim.people import timestamp

app = typer.Typer(help="The clock: hold it, set it, move it forward through everything due.", no_args_is_help=True)

MomentArgument = Annotated[str, typer.Argument(metavar="TIME", help="Such as 2026-11-23T09:00Z, or a date.")]


@app.command("show")
def show(context: typer.Context, state: StateOption = None) -> None:
    """Show what the clock shows, and whether it stands still."""
    with opened(context, state) as file:
        _say(load_clock(file))


@app.command("hold")
def hold(
    context: typer.Context,
    at: Annotated[str | None, typer.Option("--at", help="Stand at this time instead of the present one.")] = None,
    state: StateOption = None,
) -> None:
    """Let the clock stand still."""
    with opened(context, state) as file:
        _say(hold_clock(file, None if at is None else parse_moment(at)))


@app.command("release")
def release(context: typer.Context, state: StateOption = None) -> None:
    """Let a clock that stands still run on from where it stands."""
    with opened(context, state) as file:
        _say(release_clock(file))


@app.command("set")
def set_time(context: typer.Context, moment: MomentArgument, state: StateOption = None) -> None:
    """Show another time; nothing that lies between happens."""
    with opened(context, state) as file:
        _say(set_clock(file, parse_moment(moment)))


@app.command("reset")
def reset(context: typer.Context, state: StateOption = None) -> None:
    """Go back to real time."""
    with opened(context, state) as file:
        _say(reset_clock(file))


@app.command("advance")
def move(
    context: typer.Context,
    span: Annotated[str, typer.Argument(metavar="SPAN", help="Such as 40m, 6h, 30d or 1d12h.")],
    *,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once.")] = 4,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Move the clock forward and run every cycle that becomes due on the way; exit 1 when one had failures."""
    with opened(context, state) as file, progress_bars() as progress:
        report = run_async(advance(file, parse_span(span), mint=mint, parallel=parallel, progress=progress))
    if json:
        print_json(report)
    else:
        busy = sum(cycle.requests for cycle in report.cycles)
        say(f"{report.from_time} → {report.to_time}")
        say(f"{len(report.cycles)} cycles with {busy} requests, {report.idle} idle ones, {report.purged} people purged")
    raise typer.Exit(0 if all(cycle.ok for cycle in report.cycles) else 1)


def _say(clock: Clock) -> None:
    say(f"{timestamp(clock())} ({'stands still' if clock.held else 'runs'})")
