"""One right request for every route of the management API, by the id of its operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from doorlist.web.management.interface import build_interface, describe

DESCRIPTION: dict[str, Any] = describe(build_interface())

USER, FOLDER = {"type": "user", "id": "{user_id}"}, {"type": "folder", "id": "{folder_id}"}
READ = {"name": "read"}
BODIES: dict[str, dict[str, Any]] = {
    "change_organization": {"removal_policy": "remove"},
    "create_token": {"label": "entra"},
    "create_key": {"label": "second"},
    "set_saml_metadata": {"metadata": "<EntityDescriptor/>"},
    "change_saml_choices": {"sign_requests": True},
    "set_session_limits": {"minutes": 600},
    "create_webhook": {"url": "https://hooks.example/doorlist"},
    "change_webhook": {"description": "the shop's"},
    "replay_webhook": {"since": "2026-01-01T00:00:00Z"},
    "set_role": {"role": "admin"},
    "create_group": {"name": "Printers"},
    "rename_group": {"name": "Painters"},
    "change_members": {"add": ["{user_id}"]},
    "create_workspace": {"name": "Workshop"},
    "upgrade_workspaces": {"names": ["Studio"], "plan": "enterprise"},
    "create_folder": {"name": "Prints"},
    "put_grant": {"resource_id": "{folder_id}", "user_id": "{user_id}", "level": "editor"},
    "exclude_person": {"resource_id": "{folder_id}", "user_id": "{user_id}"},
    "make_plan": {"change": {"kind": "policy", "policy": "remove"}},
    "apply_plan": {"change": {"kind": "policy", "policy": "remove"}, "plan_hash": "0" * 32},
    "create_project": {"name": "Poster"},
    "rename_project": {"name": "Start"},
    "move_project": {"after": "first"},
    "create_task": {"title": "Print"},
    "edit_task": {"title": "Paint"},
    "move_task": {"after": "first"},
    "resolve_item": {"decision": "acknowledge"},
    "evaluate": {"subject": USER, "action": READ, "resource": FOLDER},
    "evaluate_many": {"subject": USER, "action": READ, "evaluations": [{"resource": FOLDER}]},
    "search_subjects": {"subject": {"type": "user"}, "action": READ, "resource": FOLDER},
    "search_resources": {"subject": USER, "action": READ, "resource": {"type": "folder"}},
    "search_actions": {"subject": USER, "resource": FOLDER},
}
QUERIES: dict[str, str] = {
    "remove_grant": "?resource_id={folder_id}&user_id={user_id}",
    "remove_retained": "?resource_id={folder_id}&user_id={user_id}",
    "lift_exclusion": "?resource_id={folder_id}&user_id={user_id}",
    "explain": "?resource_id={folder_id}&user_id={user_id}",
    "who": "?resource_id={folder_id}",
    "what": "?user_id={user_id}",
}
PUBLIC = {"authzen_configuration"}


@dataclass(frozen=True)
class Route:
    """A route as its description has it."""

    operation: str
    method: str
    path: str

    def request(self, ids: dict[str, UUID]) -> tuple[str, str, Any]:
        """Method, address and body of a right request about the things of those ids."""
        names = {name: str(value) for name, value in ids.items()}
        unknown = str(ids["folder_id"])
        for name in ("token_id", "key_id", "item_id", "webhook_id", "session_id"):
            names.setdefault(name, unknown)
        address = (self.path + QUERIES.get(self.operation, "")).format(**names)
        return self.method.upper(), address, _filled(BODIES.get(self.operation), names)


def _filled(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, names) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, names) for value in body]
    return body.format(**names) if isinstance(body, str) and body.startswith("{") else body


def routes() -> Iterator[Route]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield Route(operation["operationId"], method, path)


ROUTES = [route for route in routes() if route.operation not in PUBLIC]
