"""`entrasim conformance`: rehearse an identity provider against any SCIM endpoint, and say what it would do next."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from entrasim.application import checked_url
from entrasim.commands.running import run_async
from entrasim.commands.terminal import JsonOption, say
from entrasim.conformance import rehearse


class Profile(StrEnum):
    """Which client is rehearsed."""

    entra = "entra"
    entra_flag = "entra-flag"
    okta = "okta"


def conformance(
    url: Annotated[str, typer.Argument(help="The SCIM base URL, such as https://app.example/scim/v2.")],
    token: Annotated[str, typer.Argument(help="The bearer token; - reads it from standard input.")],
    *,
    profile: Annotated[Profile, typer.Option(help="Which client is rehearsed.")] = Profile.entra,
    brief: Annotated[bool, typer.Option("--brief", help="Only what did not pass.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the report as JUnit XML to this file too.")] = None,
    json: JsonOption = False,
) -> None:
    """Send what the client is documented to send, clean up, and exit 1 when something failed."""
    secret = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105 - a mark, not a token
    report = run_async(rehearse(checked_url(url), secret, profile=profile.value))
    if junit is not None:
        junit.write_text(report.junit(), encoding="utf-8")
    if json:
        sys.stdout.buffer.write(report.json() + b"\n")
        sys.stdout.buffer.flush()
    else:
        say(report.text(everything=not brief))
    raise typer.Exit(0 if report.ok else 1)
