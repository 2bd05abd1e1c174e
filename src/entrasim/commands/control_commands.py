"""Commands that steer the job as time goes by: start, stop, restart, allow deletions, serve."""

from __future__ import annotations

from typing import Annotated

import typer

from entrasim.clock import load_clock
from entrasim.commands.terminal import StateOption, chosen_path, opened, say
from entrasim.job.control import Job, allow_deletions, due_at, restart_job, spell, start_job, stop_job
from entrasim.serving import serve


def start(context: typer.Context, state: StateOption = None) -> None:
    """Turn provisioning on: a cycle now, and one every 40 minutes while `serve` runs or the clock is moved."""
    with opened(context, state) as file:
        _say(start_job(file, now=load_clock(file)()))


def stop(context: typer.Context, state: StateOption = None) -> None:
    """Turn provisioning off; a cycle that is under way finishes."""
    with opened(context, state) as file:
        _say(stop_job(file))


def restart(
    context: typer.Context,
    forget_links: Annotated[bool, typer.Option("--forget-links", help="Match everything again as well.")] = False,
    state: StateOption = None,
) -> None:
    """Turn provisioning on and evaluate everything again; escrows and quarantine are void, links stay."""
    with opened(context, state) as file:
        _say(restart_job(file, now=load_clock(file)(), forget_links=forget_links))


def allow_deletes(context: typer.Context, state: StateOption = None) -> None:
    """Let the next cycle do the deletions that the guard held back."""
    with opened(context, state) as file:
        _say(allow_deletions(file, now=load_clock(file)()))


def serve_pages(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8123,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", help="A further host name to answer to.")
    ] = None,
    no_job: Annotated[bool, typer.Option("--no-job", help="Only look; cycles run elsewhere.")] = False,
    state: StateOption = None,
) -> None:
    """Run the job as time goes by, and show it over HTTP, until interrupted."""
    path = chosen_path(context, state)

    def announce(address: str) -> None:
        say(f"Serving {path} on {address} - status at /api/status. Stop with Ctrl+C.")

    serve(path, host=host, port=port, announce=announce, hosts=allow_host or (), run_job=not no_job)


def _say(job: Job) -> None:
    due = spell(due_at(job))
    say(f"Provisioning is {job.status}" + (f"; the next cycle is due {due}." if due else "."))
