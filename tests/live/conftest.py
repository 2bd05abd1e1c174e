"""One server with two workers for all live tests of a module's process that only talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.processes import Commands, serving


@pytest.fixture(scope="session")
def served_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a running server."""
    data = tmp_path_factory.mktemp("live")
    with serving("--data", data, "--port", "0", "--workers", "2"):
        yield data


@pytest.fixture
def commands(served_data: Path, tmp_path: Path) -> Commands:
    """Both commands beside the running server, with a directory of the test's own."""
    return Commands(served_data, tmp_path / "entrasim.db")
