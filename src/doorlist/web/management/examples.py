"""What the description of the management API shows beside its schemas: an example of each body, what each id is.

A test holds every example to the schema of its body, and every parameter to a description.
"""

from __future__ import annotations

from typing import Any, Final

_FOLDER: Final = "01a20add-9064-7b16-9197-11519f64fc76"
_PERSON: Final = "01a20add-9047-74fd-8807-751f660774c1"
_GROUP: Final = "01a20add-9066-78b0-b6c7-8b8b7adcaf02"
_WORKSPACE: Final = "01a20add-905c-7828-923a-969e9927f9dc"
_SUBJECT: Final = {"type": "user", "id": "ana@marigold.example"}
_RESOURCE: Final = {"type": "folder", "id": _FOLDER}
_GRANT: Final = {"kind": "grant", "resource_id": _FOLDER, "group_id": _GROUP, "level": "editor"}

BODIES: Final[dict[str, dict[str, Any]]] = {
    "change_organization": {"removal_policy": "remove", "members_create_workspaces": False},
    "create_token": {"label": "entra", "expires_days": 180},
    "create_key": {"label": "reports", "scopes": ["people:read", "access:read"], "expires_days": 90},
    "create_webhook": {
        "url": "https://hooks.marigold.example/doorlist",
        "events": ["access.gained", "access.lost"],
        "description": "the search index",
    },
    "change_webhook": {"events": ["person.deactivated"]},
    "replay_webhook": {"since": "2026-11-23T00:00:00Z"},
    "set_role": {"role": "admin"},
    "create_group": {"name": "Freelancers"},
    "rename_group": {"name": "Contractors"},
    "change_members": {"add": [_PERSON], "remove": []},
    "create_workspace": {"name": "Studio"},
    "upgrade_workspaces": {"names": ["Studio", "Workshop"], "plan": "enterprise"},
    "create_folder": {"name": "Brand Book"},
    "put_grant": {"resource_id": _WORKSPACE, "group_id": _GROUP, "level": "editor", "policy": "remove"},
    "exclude_person": {"user_id": _PERSON, "resource_id": _FOLDER},
    "make_plan": {"change": _GRANT},
    "apply_plan": {"change": _GRANT, "plan_hash": "5f2b8c1d9e3a4f60718293a4b5c6d7e8"},
    "create_project": {"name": "Launch", "after": "first"},
    "rename_project": {"name": "Launch in spring"},
    "move_project": {"folder_id": _FOLDER, "after": "last"},
    "create_task": {"title": "Draw the poster", "notes": "A2, upright"},
    "edit_task": {"title": "Draw two posters"},
    "move_task": {"after": "first"},
    "resolve_item": {"decision": "confirm"},
    "set_saml_metadata": {"metadata": "<md:EntityDescriptor ...>...</md:EntityDescriptor>"},
    "change_saml_choices": {"require_encryption": True},
    "set_session_limits": {"minutes": 720, "idle_minutes": 60},
    "evaluate": {"subject": _SUBJECT, "action": {"name": "edit"}, "resource": _RESOURCE},
    "evaluate_many": {
        "subject": _SUBJECT,
        "resource": _RESOURCE,
        "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "edit"}}],
    },
    "search_subjects": {"subject": {"type": "user"}, "action": {"name": "edit"}, "resource": _RESOURCE},
    "search_resources": {"subject": _SUBJECT, "action": {"name": "read"}, "resource": {"type": "folder"}},
    "search_actions": {"subject": _SUBJECT, "resource": _RESOURCE},
}
"""One right body for every operation that takes one."""

_PARAMETERS: Final = {
    "user_id": "The person.",
    "group_id": "The group.",
    "workspace_id": "The workspace.",
    "folder_id": "The folder.",
    "resource_id": "The workspace or folder.",
    "project_id": "The project.",
    "task_id": "The task.",
    "token_id": "The token.",
    "key_id": "The key.",
    "item_id": "The item.",
    "webhook_id": "The webhook.",
    "session_id": "The session.",
    "force": "Also when the new token has not been used yet.",
}


def illustrate(operation: dict[str, Any]) -> None:
    """Give an operation of the description its example, and its parameters what they are."""
    for parameter in operation.get("parameters", []):
        parameter.setdefault("description", _PARAMETERS.get(parameter["name"], ""))
    example = BODIES.get(operation["operationId"])
    if example is not None and "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["example"] = example
