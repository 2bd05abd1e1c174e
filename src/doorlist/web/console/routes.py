"""Which address is answered by which handler, and the menu that leads there. The console's table of contents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from doorlist.config import Settings
from doorlist.store.db import Database
from doorlist.web import pages
from doorlist.web.console import (
    choices,
    decisions,
    directory,
    entrance,
    groups,
    guide,
    kept,
    members,
    overview,
    plans,
    platform,
    programs,
    reasons,
    records,
    security,
    traffic,
    work,
    workspaces,
)
from doorlist.web.console.visits import Handler, Visit, welcome

GET: Final[dict[str, Handler]] = {
    "/": entrance.front,
    "/platform": platform.organizations,
    "/platform/new": platform.new_organization,
    "/o/{org}": overview.overview,
    "/o/{org}/setup": guide.guide,
    "/o/{org}/setup/steps": guide.steps,
    "/o/{org}/home": work.home,
    "/o/{org}/board/{id}": work.folder,
    "/o/{org}/members": members.people,
    "/o/{org}/members/{id}": members.person,
    "/o/{org}/groups": groups.groups,
    "/o/{org}/groups/new": groups.new_group,
    "/o/{org}/groups/names": groups.group_names,
    "/o/{org}/groups/{id}": groups.group,
    "/o/{org}/workspaces": workspaces.workspaces,
    "/o/{org}/workspaces/new": workspaces.new_workspace,
    "/o/{org}/workspaces/{id}": workspaces.workspace,
    "/o/{org}/folders/{id}": workspaces.folder,
    "/o/{org}/deleted": workspaces.deleted,
    "/o/{org}/why": reasons.why,
    "/o/{org}/retained": kept.retained,
    "/o/{org}/attention": decisions.attention,
    "/o/{org}/conflicts": decisions.collisions,
    "/o/{org}/directory": directory.directory,
    "/o/{org}/programs": programs.programs,
    "/o/{org}/webhooks/{id}": programs.webhook,
    "/o/{org}/log": traffic.log,
    "/o/{org}/log/{id}": traffic.request,
    "/o/{org}/audit": records.audit,
    "/o/{org}/review": records.review,
    "/o/{org}/security": security.security,
    "/o/{org}/security/test": security.test,
    "/o/{org}/security/signins": security.attempts,
    "/o/{org}/settings": choices.settings,
}

POST: Final[dict[str, Handler]] = {
    "/theme": entrance.choose_theme,
    "/signout": entrance.sign_out,
    "/platform/new": platform.create_organization,
    "/o/{org}/groups/new": groups.create_group,
    "/o/{org}/workspaces/new": workspaces.create_workspace,
    "/o/{org}/workspaces/{id}/folders": workspaces.create_folder,
    "/o/{org}/setup/saml": security.set_saml,
    "/o/{org}/setup/token": guide.create_token,
    "/o/{org}/setup/links": guide.make_link,
    "/o/{org}/setup/links/{id}/revoke": guide.revoke_link,
    "/o/{org}/home/workspaces": work.create_workspace,
    "/o/{org}/board/{id}/projects": work.create_project,
    "/o/{org}/board/{id}/tasks": work.create_task,
    "/o/{org}/projects/{id}": work.change_project,
    "/o/{org}/tasks/{id}": work.change_task,
    "/o/{org}/plan": plans.show,
    "/o/{org}/members/{id}/role": members.set_role,
    "/o/{org}/members/{id}/block": members.block,
    "/o/{org}/members/{id}/unblock": members.unblock,
    "/o/{org}/members/{id}/invite": security.invite,
    "/o/{org}/members/{id}/sessions/end": security.end_sessions_of,
    "/o/{org}/security/saml": security.set_saml,
    "/o/{org}/security/choices": security.choose,
    "/o/{org}/security/certificates": security.add_certificate,
    "/o/{org}/security/certificates/remove": security.remove_certificate,
    "/o/{org}/security/rollover": security.rollover,
    "/o/{org}/security/domains": security.change_domain,
    "/o/{org}/security/sessions/{id}/end": security.end_session,
    "/o/{org}/groups/{id}/rename": groups.rename,
    "/o/{org}/groups/{id}/members": groups.change_members,
    "/o/{org}/places/{id}/archive": workspaces.archive,
    "/o/{org}/places/{id}/unarchive": workspaces.unarchive,
    "/o/{org}/places/{id}/restore": workspaces.restore,
    "/o/{org}/workspaces/upgrade": workspaces.upgrade,
    "/o/{org}/retained/remove": kept.remove,
    "/o/{org}/attention/{id}": decisions.decide,
    "/o/{org}/conflicts/{id}/close": decisions.close_collision,
    "/o/{org}/directory/pause": directory.pause,
    "/o/{org}/directory/resume": directory.resume,
    "/o/{org}/tokens": directory.create_token,
    "/o/{org}/tokens/{id}/rotate": directory.rotate_token,
    "/o/{org}/tokens/{id}/complete": directory.complete_rotation,
    "/o/{org}/tokens/{id}/cancel": directory.cancel_rotation,
    "/o/{org}/tokens/{id}/revoke": directory.revoke_token,
    "/o/{org}/directory/behaviour": directory.set_behaviour,
    "/o/{org}/places/{id}/exclusions": workspaces.change_exclusion,
    "/o/{org}/keys": programs.create_key,
    "/o/{org}/keys/{id}/revoke": programs.revoke_key,
    "/o/{org}/webhooks": programs.create_webhook,
    "/o/{org}/webhooks/{id}": programs.change_webhook,
    "/o/{org}/audit/verify": records.verify,
    "/o/{org}/settings": choices.change,
    "/o/{org}/settings/plan": choices.change_plan,
    "/o/{org}/apply": plans.apply,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; `prefix` is what the addresses of pages under it start with."""

    address: str
    icon: Markup
    title: str
    prefix: str = ""
    count: int = 0


def menu(visit: Visit) -> list[Entry]:
    """Where the visitor can go: members to their work, who manages the organization everywhere."""
    lines = [("/home", pages.icon("home"), pages.translated("My work"))] if visit.person is not None else []
    if visit.role is not None and visit.role.manages and not visit.contact:
        lines += _managing()
    base = visit.base
    return [
        Entry(base + path, picture, title, prefix=base + path + "/" if path else "") for path, picture, title in lines
    ]


def _managing() -> list[tuple[str, Markup, str]]:
    return [
        ("", pages.icon("layout-dashboard"), pages.translated("Overview")),
        ("/setup", pages.icon("list-check"), pages.translated("Set-up")),
        ("/members", pages.icon("users"), pages.translated("Members")),
        ("/groups", pages.icon("users-group"), pages.translated("Groups")),
        ("/workspaces", pages.icon("folders"), pages.translated("Workspaces")),
        ("/retained", pages.icon("hourglass"), pages.translated("Retained access")),
        ("/attention", pages.icon("bell"), pages.translated("Attention")),
        ("/directory", pages.icon("plug-connected"), pages.translated("Directory")),
        ("/programs", pages.icon("key"), pages.translated("Keys and webhooks")),
        ("/log", pages.icon("list-details"), pages.translated("Provisioning log")),
        ("/security", pages.icon("lock"), pages.translated("Security")),
        ("/review", pages.icon("clipboard-check"), pages.translated("Access review")),
        ("/audit", pages.icon("shield-check"), pages.translated("Audit")),
        ("/settings", pages.icon("settings"), pages.translated("Settings")),
    ]


def routes(database: Database, settings: Settings) -> list[BaseRoute]:
    """Every route of the console, its files and the operator's link."""
    pages.offer(menu=menu)

    def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await welcome(request, database, settings, handler)

        return answer

    async def operator_link(request: Request) -> Response:
        return await entrance.operator_link(request, database, settings)

    async def setup_link(request: Request) -> Response:
        return await entrance.setup_link(request, database, settings)

    return [
        Mount("/static", pages.Assets()),
        Route("/operator/{link}", operator_link, methods=["GET", "POST"]),
        Route("/set-up/{link}", setup_link, methods=["GET", "POST"]),
        *(Route(path, answering(handler), methods=["GET"]) for path, handler in GET.items()),
        *(Route(path, answering(handler), methods=["POST"]) for path, handler in POST.items()),
    ]
