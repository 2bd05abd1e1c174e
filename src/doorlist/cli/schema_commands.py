"""`doorlist schema`: the extension schemas that an organization declares for its people and groups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from doorlist.cli.acting import As, Org, administrator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.errors import BadInput, NotFound
from doorlist.service import declaring, finding
from doorlist.store.declarations import Declaration

app = typer.Typer()
_LONGEST: Final = 1 << 20

Urn = Annotated[str, typer.Argument(metavar="URN", help="The URN of the schema.")]


@app.command()
def declare(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The schema as JSON, in the form of RFC 7643 section 7.")
    ],
    org: Org,
    *,
    for_: Annotated[
        list[str] | None, typer.Option("--for", metavar="TYPE", help="User (without --for) or Group; or both.")
    ] = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Declare a schema, or put another definition in its place."""
    made = run(_declare(settings(data, database_url), org, _read(file), for_ or ["User"], acting_as))
    if json:
        emit_json(_shown(made))
    else:
        say(f"Declared {made.urn} for {' and '.join(made.resource_types)}, revision {made.revision}.")


@app.command("list")
def list_(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List what the organization declares."""
    found = run(_list(settings(data, database_url), org))
    if json:
        emit_json([_shown(item) for item in found])
        return
    show_table(
        ("schema", "for", "attributes", "revision", "changed"),
        [
            (item.urn, ", ".join(item.resource_types), len(_shown(item)["definition"]["attributes"]), item.revision,
             item.changed_at)
            for item in found
        ],
    )  # fmt: skip


@app.command()
def show(urn: Urn, org: Org, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Print a declared schema as JSON, as `declare` takes it."""
    for item in run(_list(settings(data, database_url), org)):
        if item.urn.lower() == urn.lower():
            emit_json(_shown(item)["definition"])
            return
    raise NotFound("The organization declares no such schema.", place=urn[:200])


@app.command()
def remove(urn: Urn, org: Org, acting_as: As = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Remove a schema that no person and no group has values of."""
    run(_remove(settings(data, database_url), org, urn, acting_as))
    say(f"Removed {urn}.")


def _read(file: Path) -> Any:
    try:
        with file.open("rb") as opened_file:
            content = opened_file.read(_LONGEST + 1)
    except OSError as error:
        raise BadInput(f"The file cannot be read: {error.strerror}.", place=str(file)) from error
    if len(content) > _LONGEST:
        raise BadInput(f"The file has more than {_LONGEST} bytes.", place=str(file))
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The file is not JSON: {error}.", place=str(file)) from error


def _shown(item: Declaration) -> dict[str, Any]:
    return {
        "urn": item.urn,
        "types": item.resource_types,
        "revision": item.revision,
        "declared_at": item.declared_at,
        "changed_at": item.changed_at,
        "definition": msgspec.json.decode(item.definition),
    }


async def _declare(config: Settings, org: str, body: Any, types: list[str], acting_as: str | None) -> Declaration:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        who = await administrator(database, organization.org_id, acting_as)
        return await declaring.declare_schema(database, who, organization.org_id, body=body, types=types)


async def _list(config: Settings, org: str) -> list[Declaration]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        who = await administrator(database, organization.org_id, None)
        return await declaring.list_schemas(database, who, organization.org_id)


async def _remove(config: Settings, org: str, urn: str, acting_as: str | None) -> None:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        who = await administrator(database, organization.org_id, acting_as)
        await declaring.remove_schema(database, who, organization.org_id, urn=urn)
