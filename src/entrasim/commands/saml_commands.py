"""`entrasim saml …`: the identity provider's settings, certificates and mistakes, and responses without a browser.

Sign-in takes the real time, whatever the clock of the simulated world shows: the application lives in the real one.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from entrasim.clock import real_time
from entrasim.commands.terminal import JsonOption, StateOption, mint, opened, print_json, say
from entrasim.people import find_person
from entrasim.refusals import NotConnected
from entrasim.saml_idp.configuration import (
    Addresses,
    SamlApplication,
    load_saml_application,
    save_application,
    tenant_id,
)
from entrasim.saml_idp.messages import Received, read_sign_in_request
from entrasim.saml_idp.metadata import describe_provider, read_application
from entrasim.saml_idp.mistakes import MISTAKES, mistake_called
from entrasim.saml_idp.provider import ensure_key, open_provider, plan_mistake, planned_mistake, respond
from entrasim.saml_idp.sign_ins import begin_sign_in, end_sign_in
from entrasim.saml_idp.signing_keys import activate_key, add_key, list_keys, make_key, remove_key
from entrasim.statefile import StateFile

app = typer.Typer(help="Sign-in by SAML: the identity provider of the directory.", no_args_is_help=True)
keys = typer.Typer(help="The certificates that sign.", no_args_is_help=True)
app.add_typer(keys, name="certificate")

BaseOption = Annotated[str, typer.Option("--base", help="Where `entrasim serve` is reached.")]
BASE = "http://127.0.0.1:8123"


@app.command("connect")
def connect_saml(
    context: typer.Context,
    *,
    metadata: Annotated[Path | None, typer.Option(help="The application's metadata, or - for stdin.")] = None,
    entity_id: Annotated[str | None, typer.Option(help="The application's identifier.")] = None,
    acs: Annotated[list[str] | None, typer.Option(help="A reply URL; the first is the default.")] = None,
    logout: Annotated[str | None, typer.Option(help="The logout URL.")] = None,
    state: StateOption = None,
) -> None:
    """Register the application, by its metadata or by single fields; other settings stay as they are."""
    with opened(context, state) as file:
        known = _known(file)
        if metadata is not None:
            text = sys.stdin.buffer.read() if str(metadata) == "-" else metadata.read_bytes()
            known = read_application(text, known=known)
        given = {"entity_id": entity_id, "acs_urls": tuple(acs) if acs else None, "logout_url": logout}
        fields = {name: value for name, value in given.items() if value is not None}
        if known is None and not {"entity_id", "acs_urls"} <= fields.keys():
            raise typer.BadParameter("give --metadata, or --entity-id and --acs")
        application = msgspec.convert({**(msgspec.to_builtins(known) if known else {}), **fields}, SamlApplication)
        save_application(file, application)
    say(f"Single sign-on for {application.entity_id}, reply URL {application.acs_urls[0]}.")


@app.command("set")
def set_option(
    context: typer.Context,
    options: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="name_source, signing, encryption …")],
    state: StateOption = None,
) -> None:
    """Change settings: name_source, name_format, signing, encryption, group_claim, relay_state, and yes/no ones."""
    with opened(context, state) as file:
        application = load_saml_application(file)
        changes = dict(_option(text) for text in options)
        save_application(file, msgspec.structs.replace(application, **changes))
    say(", ".join(options))


@app.command("show")
def show_saml(
    context: typer.Context, base: BaseOption = BASE, json: JsonOption = False, state: StateOption = None
) -> None:
    """Show addresses, settings, certificates and the planned mistake."""
    with opened(context, state) as file:
        addresses = Addresses(base.rstrip("/"), tenant_id(file, new_id=mint()))
        ensure_key(file, now=real_time(), mint=mint)
        mistake, always = planned_mistake(file)
        published = list_keys(file)
        seen = {
            "issuer": addresses.issuer,
            "single_sign_on": addresses.single_sign_on,
            "metadata": addresses.metadata,
            "certificates": [
                {"id": key.id, "state": key.state, "expires": key.expires, "sha256": key.thumbprint}
                for key in published
            ],
            "application": _known(file),
            "mistake": mistake.name,
            "always": always,
        }
    if json:
        print_json(seen)
        return
    for name in ("issuer", "single_sign_on", "metadata", "mistake"):
        say(f"{name.replace('_', ' '):15} {seen[name]}")
    for key in published:
        say(f"certificate     {key.id} {key.state}, until {key.expires:%Y-%m-%d}, SHA-256 {key.thumbprint}")
    known = seen["application"]
    say(f"application     {known.entity_id if isinstance(known, SamlApplication) else 'not set up'}")


@app.command("metadata")
def print_metadata(context: typer.Context, base: BaseOption = BASE, state: StateOption = None) -> None:
    """Print the federation metadata that the application needs."""
    with opened(context, state) as file:
        ensure_key(file, now=real_time(), mint=mint)
        addresses = Addresses(base.rstrip("/"), tenant_id(file, new_id=mint()))
        text = describe_provider(addresses, list_keys(file))
    sys.stdout.buffer.write(text + b"\n")


@app.command("respond")
def print_response(
    context: typer.Context,
    *,
    user: Annotated[str, typer.Option(help="Who signs in: handle, user name or object id.")],
    request: Annotated[str | None, typer.Option(help="The query of the redirect; without it nobody asked.")] = None,
    mistake: Annotated[str, typer.Option(help="What to get wrong.")] = "none",
    base: BaseOption = BASE,
    state: StateOption = None,
) -> None:
    """Print, as JSON, the form that the browser would post for somebody: for scripts and tests."""
    with opened(context, state) as file:
        provider = open_provider(file, base.rstrip("/"), now=real_time(), mint=mint)
        asked = read_sign_in_request(Received.of_query(request), provider.application) if request else None
        sign_in = begin_sign_in(file, mint(), person=find_person(file, user), now=provider.now)
        try:
            print_json(respond(provider, sign_in, request=asked, mistake=mistake_called(mistake)))
        finally:
            end_sign_in(file, sign_in)


@app.command("mistake")
def plan(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="What to get wrong; without it all are listed.")] = None,
    *,
    always: Annotated[bool, typer.Option("--always", help="From now on, not only at the next sign-in.")] = False,
    state: StateOption = None,
) -> None:
    """Have the next sign-in make a mistake; `none` ends that."""
    with opened(context, state) as file:
        if name is not None:
            plan_mistake(file, name, always=always)
        planned, _ = planned_mistake(file)
    for mistake in MISTAKES.values() if name is None else (planned,):
        say(f"{'→' if mistake is planned else ' '} {mistake.name:22} {mistake.summary}")


@keys.command("new")
def new_key(
    context: typer.Context,
    days: Annotated[int, typer.Option(help="How long it is valid; a negative number makes one that has ended.")] = 1095,
    state: StateOption = None,
) -> None:
    """Make another certificate; it is published at once and signs when it is activated."""
    with opened(context, state) as file:
        key = add_key(file, make_key(mint(), now=real_time(), lifetime=timedelta(days=days)))
    say(f"{key.id} {key.state}, until {key.expires:%Y-%m-%d}")


@keys.command("activate")
def activate(context: typer.Context, key: str, state: StateOption = None) -> None:
    """Sign with a certificate from now on; the former one stays published."""
    with opened(context, state) as file:
        activate_key(file, key)
    say(f"{key} signs from now on.")


@keys.command("remove")
def remove(context: typer.Context, key: str, state: StateOption = None) -> None:
    """Publish a certificate no longer."""
    with opened(context, state) as file:
        remove_key(file, key)
    say(f"{key} is gone.")


def _known(file: StateFile) -> SamlApplication | None:
    try:
        return load_saml_application(file)
    except NotConnected:
        return None


def _option(text: str) -> tuple[str, str | bool | None]:
    name, given, value = text.partition("=")
    switches = ("demands_signed_requests", "assignment_required")
    allowed = ("name_source", "name_format", "signing", "encryption", "group_claim", "relay_state", *switches)
    if not given or name not in allowed:
        raise typer.BadParameter(f"write NAME=VALUE, with a name of {', '.join(allowed)}")
    if name in switches:
        return name, value.casefold() in ("yes", "true", "1")
    return name, value or None
