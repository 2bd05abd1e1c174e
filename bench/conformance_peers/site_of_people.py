"""Serve django-scim2 on 127.0.0.1: `python site_of_people.py FOLDER PORT`, with the token `secret`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

TOKEN = "Bearer secret"


class BearerToken:
    """Let in whoever sends the token; django-scim2 leaves that to the site."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        known = request.headers.get("Authorization") == TOKEN
        request.user = SimpleNamespace(is_authenticated=known, is_anonymous=not known, pk=0)
        return self.get_response(request)


def configure(folder: Path, port: str) -> None:
    """Set up Django with its defaults, and django-scim2 with what it demands."""
    scheme = {"type": "oauthbearertoken", "name": "Bearer", "description": "A static token"}
    settings.configure(
        SECRET_KEY="of this process only",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="site_of_people",
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "people.sqlite3"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "people"],
        AUTH_USER_MODEL="people.Person",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        MIDDLEWARE=["site_of_people.BearerToken", "django_scim.middleware.SCIMAuthCheckMiddleware"],
        SCIM_SERVICE_PROVIDER={
            "SCHEME": "http",
            "NETLOC": f"127.0.0.1:{port}",
            "GROUP_MODEL": "people.models.Team",
            "AUTHENTICATION_SCHEMES": [scheme],
        },
    )


if settings.configured:
    urlpatterns = [path("scim/v2/", include("django_scim.urls"))]

if __name__ == "__main__":
    configure(Path(sys.argv[1]), sys.argv[2])
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("runserver", f"127.0.0.1:{sys.argv[2]}", use_reloader=False)
