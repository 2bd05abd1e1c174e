"""The application of the HTTP tests, for recorded exchanges."""

from tests.http.conftest import app, directory, enrol

__all__ = ["app", "directory", "enrol"]
