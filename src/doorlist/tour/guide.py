"""What a demonstration leaves behind: where to look and what to try, each command ready to be copied."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from doorlist.tour import cast
from doorlist.tour.programs import program
from doorlist.tour.stage import Stage

Suggestion = tuple[str, str]
"""What a command is for, and the command."""


def print_guide(console: Console, stage: Stage) -> None:
    """Print where everything is and commands to try; none is broken, whatever the width."""
    _title(console, "What is here")
    for what, where in _places(stage):
        console.print(Text.assemble((f"  {what:<13}", "dim"), where), soft_wrap=True)
    for title, suggestions in (("Look around", _looks(stage)), ("Change something", _changes(stage))):
        _title(console, title)
        for purpose, command in suggestions:
            console.print(Text(f"  # {purpose}", style="dim"), soft_wrap=True)
            console.print(Text(f"  {command}", style="bold"), soft_wrap=True)


def _places(stage: Stage) -> list[Suggestion]:
    return [
        ("server", stage.url),
        ("tenant URL", stage.scim_url),
        ("token", stage.tokens[cast.RENEWED]),
        ("organization", f"{cast.NAME}, in commands {cast.SLUG}"),
        ("data folder", str(stage.data)),
        ("stand-in", f"{stage.directory} shows the directory and its provisioning job, kept in {stage.run.state}"),
        ("sign in", f"{stage.url}/saml/{cast.SLUG}/login, as anybody of the company"),
    ]


def _looks(stage: Stage) -> list[Suggestion]:
    folder = f"--workspace {cast.STUDIO} --folder {shlex.quote(cast.BRAND_BOOK)}"
    header = shlex.quote(f"Authorization: Bearer {stage.tokens[cast.RENEWED]}")
    return [
        ("a link that opens the console as the operator, once", _plain(stage, "console")),
        ("what one person reaches", _doorlist(stage, f"access what --user {cast.user_name(cast.DESIGNER)}")),
        ("who reaches a folder", _doorlist(stage, f"access who {folder}")),
        ("what people kept after they left a group", _doorlist(stage, "access retained")),
        ("everything as CSV", _doorlist(stage, "access export --csv")),
        ("what the directory asked, and how it was answered", _doorlist(stage, "log")),
        ("the wire itself", f"curl -s -H {header} '{stage.scim_url}/Groups?excludedAttributes=members'"),
    ]


def _changes(stage: Stage) -> list[Suggestion]:
    folder = f"--workspace {cast.STUDIO} --folder {shlex.quote(cast.BRAND_BOOK)}"
    leave = f"group remove-member {shlex.quote(cast.DESIGN)} {cast.SIXTH}"
    return [
        ("somebody gets a new title", _entrasim(stage, f"user set {cast.PEER} title=Architect")),
        ("somebody leaves a group, and will be on the list of what people kept", _entrasim(stage, leave)),
        ("run the cycle", _entrasim(stage, "cycle")),
        ("a group gets another level", _doorlist(stage, f"access grant {folder} --group Sales --level checker")),
        ("what the stand-in did", _entrasim(stage, "log")),
    ]


def _doorlist(stage: Stage, words: str) -> str:
    return f"{_typed('doorlist')} {words} --org {cast.SLUG} --data {shlex.quote(str(stage.data))}"


def _plain(stage: Stage, words: str) -> str:
    return f"{_typed('doorlist')} {words} --data {shlex.quote(str(stage.data))}"


def _entrasim(stage: Stage, words: str) -> str:
    return f"{_typed('entrasim')} {words} --state {shlex.quote(str(stage.run.state))}"


def _typed(name: str) -> str:
    """A command as it is typed here: its name where the PATH leads to it, otherwise the shortest way to it."""
    path = program(name)
    if shutil.which(name) == str(path):
        return name
    relative = os.path.relpath(path, Path.cwd())
    return shlex.quote(min(str(path), relative, key=len))


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(Rule(f"[bold]{title}[/]", align="left", style="cyan"))
