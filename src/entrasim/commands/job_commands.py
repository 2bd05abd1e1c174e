"""Commands of the provisioning job: connect, test, cycle, on demand, log, show."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from entrasim.application import connect, connect_with_credentials, load_application
from entrasim.clock import load_clock
from entrasim.commands.running import progress_bars, run_async
from entrasim.commands.terminal import JsonOption, StateOption, mint, opened, print_json, say
from entrasim.configuration import load_configuration
from entrasim.job.connection_check import check_connection
from entrasim.job.cycle import CycleResult, run_cycle
from entrasim.job.on_demand import OnDemandResult, provision_group, provision_user
from entrasim.oauth import ClientCredentials
from entrasim.overview import overview
from entrasim.provisioning_log import LogEntry, LogQuery, search_entries

STYLES = {"success": "green", "skipped": "yellow", "warning": "yellow", "failure": "red"}
MARKS = {"success": "✔", "skipped": "-", "warning": "!", "failure": "✖"}


def connect_application(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The tenant URL of the SCIM endpoint.")],
    token: Annotated[str, typer.Argument(help="The secret token or client secret; - reads it from standard input.")],
    *,
    client_id: Annotated[str | None, typer.Option(help="OAuth client credentials: the client id.")] = None,
    token_url: Annotated[str | None, typer.Option(help="OAuth client credentials: the token endpoint.")] = None,
    scope: Annotated[str | None, typer.Option(help="OAuth client credentials: the scope asked for.")] = None,
    flag: Annotated[bool, typer.Option("--flag", help="Append ?aadOptscim062020 to the tenant URL.")] = False,
    state: StateOption = None,
) -> None:
    """Save tenant URL and secret. Another endpoint voids every link; the next cycle is then an initial one."""
    if (client_id is None) != (token_url is None):
        raise typer.BadParameter("client credentials are --client-id and --token-url together")
    secret = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105 - a mark, not a token
    with opened(context, state) as file:
        if client_id is not None and token_url is not None:
            credentials = ClientCredentials(token_url=token_url, client_id=client_id, client_secret=secret, scope=scope)
            application = connect_with_credentials(file, url, credentials=credentials, flag=flag)
        else:
            application = connect(file, url, token=secret, flag=flag)
    say(f"Connected to {application.url} ({application.dialect.value} dialect).")


def try_connection(context: typer.Context, json: JsonOption = False, state: StateOption = None) -> None:
    """Send what the Test Connection button sends; exit 1 unless it goes green."""
    with opened(context, state) as file:
        work = check_connection(
            load_application(file), clock=load_clock(file), mint=mint, configuration=load_configuration(file)
        )
        report = run_async(work)
    if json:
        print_json(report)
    else:
        for check in report.checks:
            _say_step(check.status, f"{check.name}: {check.verdict}")
            if check.recommendation:
                say(f"  {check.code}: {check.recommendation}")
    raise typer.Exit(0 if report.ok else 1)


def cycle(
    context: typer.Context,
    *,
    initial: Annotated[bool, typer.Option("--initial", help="Evaluate everything again; links stay.")] = False,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once.")] = 4,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Members that one PATCH may carry.")] = 100,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Run one cycle; exit 1 when something failed and is due again."""
    with opened(context, state) as file, progress_bars() as progress:
        result = run_async(
            run_cycle(
                file,
                load_application(file),
                clock=load_clock(file),
                mint=mint,
                initial=initial,
                parallel=parallel,
                batch=batch,
                progress=progress,
            )
        )
    if json:
        print_json(result)
    else:
        _say_cycle(result)
    raise typer.Exit(0 if result.ok else 1)


def on_demand(
    context: typer.Context,
    *,
    user: Annotated[str | None, typer.Option("--user", help="A person by handle or user name.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="A group by name.")] = None,
    member: Annotated[list[str] | None, typer.Option("--member", help="A direct member; one to five of them.")] = None,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Provision one user, or one group with one to five of its members, at once and in the default dialect."""
    if (user is None) == (group is None) or (user is not None and member):
        raise typer.BadParameter("give either --user, or --group with --member")
    with opened(context, state) as file:
        application = load_application(file)
        if user is not None:
            result = run_async(provision_user(file, application, name=user, clock=load_clock(file), mint=mint))
        else:
            work = provision_group(
                file, application, name=group or "", members=member or [], clock=load_clock(file), mint=mint
            )
            result = run_async(work)
    if json:
        print_json(result)
    else:
        _say_on_demand(result)
    raise typer.Exit(0 if result.ok else 1)


def log(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, newest first.")] = 20,
    failures: Annotated[bool, typer.Option("--failures", help="Failures only.")] = False,
    about: Annotated[str | None, typer.Option(help="A part of a name, an object id, or a change id.")] = None,
    action: Annotated[str | None, typer.Option(help="Create, Update, Disable, Delete, StagedDelete, Skip.")] = None,
    json: JsonOption = False,
    state: StateOption = None,
) -> None:
    """Show the provisioning log; --json has the steps, the changes and the raw requests."""
    with opened(context, state) as file:
        query = LogQuery(status="Failure" if failures else None, text=about, action=action)
        entries = [listed.entry for listed in search_entries(file, query, limit=limit)]
    if json:
        print_json(entries)
        return
    for entry in entries:
        what = f"{entry.action:7} {entry.status:8} {entry.identity.kind:5} {entry.identity.name}: {_what(entry)}"
        say(f"{entry.time} {what}", style=STYLES.get(entry.status.casefold(), "") if entry.code else "")


def show(context: typer.Context, json: JsonOption = False, state: StateOption = None) -> None:
    """Show what the directory holds, what it is connected to, and how the last cycle went."""
    with opened(context, state) as file:
        seen = overview(file)
    if json:
        print_json(seen)
        return
    say(f"state      {seen.state}")
    connected = f"{seen.connection.url} ({seen.connection.dialect} dialect)" if seen.connection else "none"
    say(f"connection {connected}")
    say(f"clock      {seen.clock.time} ({'stands still' if seen.clock.held else 'runs'})")
    say(f"job        {seen.job.status}" + (f", next cycle {seen.job.due}" if seen.job.due else ""))
    say(f"scope      {'all users and groups' if seen.scope == 'all' else 'assigned users and groups'}")
    for name, figures in (("users", seen.users), ("groups", seen.groups), ("members", seen.members)):
        pairs = (f"{getattr(figures, field)} {field.replace('_', ' ')}" for field in figures.__struct_fields__)
        say(f"{name:10} {', '.join(pairs)}")
    last = seen.last_cycle
    if last is None:
        say("last cycle none")
    elif last.result is None:
        say(f"last cycle {last.kind}, started {last.started}, did not end")
    else:
        say(f"last cycle {last.kind}, finished {last.finished}, {last.result.failures} failures")


def _say_cycle(result: CycleResult) -> None:
    say(f"{result.cycle} cycle {result.number}: {result.requests} requests in {result.seconds} s")
    parts = (
        ("users", result.users),
        ("groups", result.groups),
        ("managers", result.managers),
        ("members", result.members),
    )
    for name, counts in parts:
        pairs = [f"{getattr(counts, field)} {field}" for field in counts.__struct_fields__ if getattr(counts, field)]
        say(f"  {name:9} {', '.join(pairs) or 'nothing to do'}")
    if result.stopped:
        say(f"The cycle was stopped. {result.stopped}", style="red")
    elif result.failures:
        say(f"{result.failures} failed and are due again; see `entrasim log --failures`.", style="red")


def _say_on_demand(result: OnDemandResult) -> None:
    _say_entry(result.outcome)
    for member in result.members:
        _say_entry(member.user)
        status = {"failed": "failure", "skipped": "skipped"}.get(member.membership, "success")
        _say_step(status, f"membership: {member.membership}")


def _say_entry(entry: LogEntry) -> None:
    say(f"{entry.identity.kind} {entry.identity.name}: {entry.action}, {entry.status}")
    for step in entry.steps:
        _say_step(step.status, f"{step.kind}: {step.verdict}")
    for modified in entry.modified:
        say(f"    {modified.name}: {modified.old or '(empty)'} → {modified.new or '(empty)'}")
    if entry.recommendation:
        say(f"  {entry.code}: {entry.message}. {entry.recommendation}")


def _say_step(status: str, text: str) -> None:
    say(f"  {MARKS[status]} {text}", style=STYLES[status])


def _what(entry: LogEntry) -> str:
    if entry.code:
        return f"{entry.code}: {entry.message}"
    names = list(dict.fromkeys(modified.name for modified in entry.modified))
    if names == ["members"]:
        return f"members ({len(entry.modified)})"
    return ", ".join(names) or (entry.steps[-1].verdict if entry.steps else "")
