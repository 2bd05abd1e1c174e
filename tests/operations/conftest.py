"""The application of the HTTP conversations, for its operators."""

from __future__ import annotations

from tests.http.conftest import app, directory, enrol

__all__ = ["app", "directory", "enrol"]
