"""`doorlist saml`: set up, show and test an organization's sign-in by SAML; its keys, certificates and sign-in log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.errors import BadInput
from doorlist.saml.documents import MAX_METADATA
from doorlist.service import clock, fetching, finding, saml_keys, saml_setup, saml_upkeep, signin_log
from doorlist.service.expiry import days_left
from doorlist.service.saml_setup import Fields, Setup
from doorlist.store.organizations import Organization
from doorlist.store.signin_rows import SignInLine

app = typer.Typer()

Metadata = Annotated[
    str | None, typer.Option("--metadata", metavar="FILE_OR_URL", help="Metadata of the identity provider.")
]


@app.command("set")
def set_up(
    org: Org,
    *,
    metadata: Metadata = None,
    entity_id: Annotated[str | None, typer.Option("--entity-id", help="Its name; picks one of several.")] = None,
    sso_url: Annotated[str | None, typer.Option("--sso-url", help="Where it signs people in.")] = None,
    slo_url: Annotated[str | None, typer.Option("--slo-url", help="Where it signs people out.")] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option("--certificate", metavar="FILE", help="What it signs with; several times.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Set the identity provider: by a file or URL of metadata, or by its name, address and certificates."""
    config = settings(data, database_url)
    texts = [_read(path).decode("utf-8", "replace") for path in certificate or []]
    if metadata is None and (entity_id is None or sso_url is None):
        raise typer.BadParameter("Give --metadata, or --entity-id, --sso-url and --certificate.")
    if metadata is None:
        typed = Fields(entity_id or "", sso_url or "", slo_url=slo_url, certificates=tuple(texts))
        setup = run(_set_fields(config, org, typed))
    else:
        setup = run(_set_metadata(config, org, metadata, entity_id))
    _show(setup, json=json)


@app.command()
def choose(
    org: Org,
    *,
    idp_initiated: Annotated[bool | None, typer.Option(help="Let sign-ins begin at the identity provider.")] = None,
    sign_requests: Annotated[bool | None, typer.Option(help="Sign requests.")] = None,
    require_encryption: Annotated[bool | None, typer.Option(help="Refuse assertions in the clear.")] = None,
    force_authn: Annotated[bool | None, typer.Option(help="Have everybody prove who they are each time.")] = None,
    create_people: Annotated[bool | None, typer.Option(help="Make people who are new; only without SCIM.")] = None,
    enforced: Annotated[bool | None, typer.Option(help="Let only owners in another way.")] = None,
    name_id_format: Annotated[str | None, typer.Option(help="unspecified, email, persistent or transient.")] = None,
    stable_id_claim: Annotated[str | None, typer.Option(help="Attribute held against externalId.")] = None,
    user_name_claim: Annotated[str | None, typer.Option(help="Attribute held against userName.")] = None,
    logout_issuer: Annotated[str | None, typer.Option(help="Name under which logouts are signed.")] = None,
    skew_seconds: Annotated[int | None, typer.Option(help="How far clocks may differ, 0 to 180.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Change how people sign in by SAML."""
    wanted: dict[str, Any] = {
        "idp_initiated": idp_initiated,
        "sign_requests": sign_requests,
        "require_encryption": require_encryption,
        "force_authn": force_authn,
        "create_people": create_people,
        "enforced": enforced,
        "name_id_format": name_id_format,
        "stable_id_claim": stable_id_claim,
        "user_name_claim": user_name_claim,
        "logout_issuer": logout_issuer,
        "skew_seconds": skew_seconds,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    _show(run(_choose(settings(data, database_url), org, changes)), json=json)


@app.command()
def show(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show both sides: what to enter at the identity provider, and what is known of it."""
    _show(run(_shown(settings(data, database_url), org)), json=json)


@app.command("test")
def try_out(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show the address at which who manages the organization tries the sign-in and sees every check."""
    config = settings(data, database_url)
    slug = run(_organization(config, org)).slug
    address = f"{config.base_url}/saml/{slug}/test"
    if json:
        emit_json({"url": address})
    else:
        say(f"Open {address} in a browser in which an owner or admin is signed in.")


@app.command()
def metadata(org: Org, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Print the metadata of this service provider, for the identity provider."""
    say(run(_own_metadata(settings(data, database_url), org)))


@app.command()
def refresh(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Read the metadata of the URL again, now."""
    problem = run(_refresh(settings(data, database_url), org))
    if json:
        emit_json({"problem": problem})
    else:
        say("Read and taken over." if problem is None else f"Not taken over: {problem}")


@app.command()
def remove(org: Org, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Forget the identity provider."""
    run(_remove(settings(data, database_url), org))
    say("Removed. Nobody signs in by SAML until an identity provider is set again.")


@app.command()
def rotate(
    org: Org,
    *,
    finish: Annotated[bool, typer.Option("--finish", help="Sign with the next key from now on.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Roll the organization's own key over: publish the next one, later --finish."""
    found = run(_rotate(settings(data, database_url), org, finish=finish))
    if json:
        emit_json(
            [{"state": state, "fingerprint": one.fingerprint, "not_after": one.not_after} for state, one in found]
        )
        return
    columns = ["state", "fingerprint", "valid until"]
    show_table(columns, [[state, one.fingerprint[:16], one.not_after.date()] for state, one in found])
    if not finish:
        say("Give the metadata to the identity provider again, then: doorlist saml rotate --finish")


@app.command()
def certificate(
    org: Org,
    *,
    add: Annotated[Path | None, typer.Option("--add", metavar="FILE", help="Pin one more.")] = None,
    remove: Annotated[str | None, typer.Option("--remove", metavar="FINGERPRINT", help="Pin it no longer.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List what the identity provider may sign with; add or remove a certificate."""
    text = None if add is None else _read(add).decode("utf-8", "replace")
    setup = run(_certificate(settings(data, database_url), org, text, remove))
    _show_certificates(setup, json=json)


@app.command()
def log(
    org: Org,
    *,
    refused: Annotated[bool, typer.Option("--refused", help="Only those that were refused.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="With every check.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show who tried to sign in, and why somebody was refused; newest first."""
    found = run(_log(settings(data, database_url), org, refused=refused, limit=limit))
    if json:
        emit_json(found)
        return
    columns = ["at", "method", "kind", "subject", "result", "detail", "number"]
    show_table(columns, [_row(line) for line in found])
    for line in found if steps else ():
        say(f"\n{line.at:%Y-%m-%d %H:%M:%S} {line.id}")
        for check, passed, detail in line.steps:
            say(f"  {'passed' if passed else 'FAILED'}  {check:<20} {detail}")


def _row(line: SignInLine) -> list[object]:
    result = "in" if line.accepted else f"refused: {line.check_name}"
    return [f"{line.at:%Y-%m-%d %H:%M:%S}", line.method, line.kind, line.subject, result, line.detail, line.id]


def _show(setup: Setup, *, json: bool) -> None:
    known = None if setup.settings is None else saml_setup.as_document(setup.settings)
    ours = {"entity_id": setup.provider.entity_id, "acs_url": setup.provider.acs_url, "slo_url": setup.provider.slo_url}
    if json:
        emit_json({"service_provider": ours, "identity_provider": known, "certificates": setup.certificates})
        return
    say("For the identity provider")
    for name, address in (*ours.items(), ("sign-on URL", setup.provider.login_url)):
        say(f"  {name:<20} {address}")
    if known is None:
        say("No identity provider is set: doorlist saml set --metadata FILE_OR_URL")
        return
    say("The identity provider")
    for name, value in known.items():
        say(f"  {name:<20} {'' if value is None else value}")
    _show_certificates(setup, json=False)


def _show_certificates(setup: Setup, *, json: bool) -> None:
    if json:
        emit_json(setup.certificates)
        return
    now = clock.now()
    columns = ["fingerprint", "subject", "source", "valid until", "days"]
    lines: Sequence[Sequence[object]] = [
        [one.fingerprint[:16], one.subject, one.source, one.not_after.date(), days_left(one.not_after, now)]
        for one in setup.certificates
    ]
    show_table(columns, lines)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_METADATA + 1)
    except OSError as error:
        raise BadInput(f"The file cannot be read: {error.strerror}.", place=str(path)) from None


async def _organization(config: Settings, org: str) -> Organization:
    async with opened(config) as database:
        return await finding.organization(database, org)


async def _shown(config: Settings, org: str) -> Setup:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await saml_setup.show(database, operator(), organization, config.base_url)


async def _set_metadata(config: Settings, org: str, source: str, entity_id: str | None) -> Setup:
    url = source if source.startswith(("https://", "http://")) else None
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        text = _read(Path(source)) if url is None else await fetching.fetch(url, limit=MAX_METADATA)
        await saml_setup.set_from_metadata(database, operator(), organization, text, entity_id=entity_id, url=url)
        return await saml_setup.show(database, operator(), organization, config.base_url)


async def _set_fields(config: Settings, org: str, typed: Fields) -> Setup:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        await saml_setup.set_fields(database, operator(), organization, typed)
        return await saml_setup.show(database, operator(), organization, config.base_url)


async def _choose(config: Settings, org: str, changes: dict[str, Any]) -> Setup:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        await saml_setup.choose(database, operator(), organization, changes)
        return await saml_setup.show(database, operator(), organization, config.base_url)


async def _own_metadata(config: Settings, org: str) -> str:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return (await saml_setup.own_metadata(database, organization, config.base_url)).decode()


async def _refresh(config: Settings, org: str) -> str | None:
    async with opened(config) as database:
        return await saml_upkeep.refresh(database, (await finding.organization(database, org)).org_id)


async def _remove(config: Settings, org: str) -> None:
    async with opened(config) as database:
        await saml_setup.remove(database, operator(), (await finding.organization(database, org)).org_id)


async def _rotate(config: Settings, org: str, *, finish: bool) -> list[tuple[str, Any]]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        if finish:
            await saml_keys.finish_rollover(database, operator(), organization.org_id)
        else:
            name = f"Doorlist {organization.slug}"
            await saml_keys.begin_rollover(database, operator(), organization.org_id, name=name)
        return await saml_keys.list_keys(database, operator(), organization.org_id)


async def _certificate(config: Settings, org: str, text: str | None, gone: str | None) -> Setup:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        if text is not None:
            await saml_setup.add_certificate(database, operator(), organization.org_id, text)
        if gone is not None:
            await saml_setup.remove_certificate(database, operator(), organization.org_id, gone)
        return await saml_setup.show(database, operator(), organization, config.base_url)


async def _log(config: Settings, org: str, *, refused: bool, limit: int) -> list[SignInLine]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await signin_log.list_attempts(database, operator(), organization.org_id, refused=refused, limit=limit)
