"""`doorlist maintenance`: do at once what serving processes do by and by."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import typer

from doorlist.cli.acting import operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.events import Actor
from doorlist.service import cleaning

app = typer.Typer(callback=lambda: None)

_COUNTED = ("people", "groups", "resources", "grants", "retained", "exclusions", "projects", "history")


@app.command("run")
def clean(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Clean up what was deleted and cannot be restored any more, and a history that is too old."""
    done = run(_clean(settings(data, database_url)))
    if json:
        emit_json({name: done[name] for name in _COUNTED})
    else:
        for name in _COUNTED:
            say(f"{name:>10}  {done[name]}")


async def _clean(config: Settings) -> Counter[str]:
    terms = cleaning.Terms(timedelta(days=config.deleted_days), timedelta(days=config.history_days))
    async with opened(config) as database:
        return await cleaning.clean_up(database, terms, actor=Actor.administrator(operator()))
