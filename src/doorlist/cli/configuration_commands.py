"""What `doorlist export`, `doorlist plan` and `doorlist apply` share: a file, and what it would change."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import administrator
from doorlist.cli.output import emit_json, say
from doorlist.cli.planning_commands import Members
from doorlist.cli.session import opened
from doorlist.config import Settings
from doorlist.domain.configuration import LONGEST, Configuration, read_configuration
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import configuring, finding
from doorlist.service.configuring import ConfigurationPlan

__all__ = ["File", "Members", "load", "perform", "policy_of", "show"]

File = Annotated[Path, typer.Argument(metavar="FILE", help="What `doorlist export` writes.")]


def load(path: Path) -> Configuration:
    """The configuration in a file. Raises `BadInput` with every problem."""
    try:
        if path.stat().st_size > 4 * LONGEST:
            raise BadInput("The file is too long.", place=str(path))
        return read_configuration(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The file cannot be read: {error}.", place=str(path)) from None


def policy_of(members: bool | None) -> Policy | None:
    """What --keep-members and --remove-members say, None for neither."""
    return None if members is None else (Policy.KEEP if members else Policy.REMOVE)


async def perform(
    config: Settings,
    org: str,
    wanted: Configuration,
    acting_as: str | None,
    *,
    members: Policy | None,
    plan_hash: str | None = None,
) -> ConfigurationPlan:
    """Plan, or with a hash apply."""
    async with opened(config) as database:
        org_id: UUID = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        if plan_hash is None:
            return await configuring.plan(database, acting, org_id, wanted, members=members)
        return await configuring.apply(database, acting, org_id, wanted, plan_hash, members=members)


def show(found: ConfigurationPlan, *, json: bool) -> None:
    """The steps, and what they do to everybody's access."""
    effect = found.effect
    if json:
        lines = [{**asdict(line), "before": _named(line.before), "after": _named(line.after)} for line in effect.lines]
        emit_json({"steps": found.steps, **asdict(effect), "lines": lines})
        return
    for step in found.steps:
        say(f"  {step}")
    for kind in ("gained", "raised", "lowered", "lost", "retained", "unchanged", "ownerless"):
        say(f"{kind:>10}  {getattr(effect, kind)}")
    say(f"Hash: {effect.plan_hash}" if found.steps else "Nothing to do.")


def _named(level: int) -> str:
    return Level(level).label if level else "none"
