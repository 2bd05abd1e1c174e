"""Every command of the tutorial, in its order, as it stands on the page; those marked as refused are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.processes import environment, serving

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tutorial/first-organization.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080"
REFUSED = "# refused"


def commands() -> list[str]:
    return [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path) -> None:
    first, *others = commands()
    assert first == "doorlist serve"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    state = {"DOORLIST_DATA": str(tmp_path / "data"), "ENTRASIM_STATE": str(tmp_path / "directory.db"), "PATH": path}
    token = ""
    said: dict[str, list[str]] = {}
    with serving("--data", tmp_path / "data", "--port", "0") as served:
        for command in others:
            line = command.replace("TOKEN", token).replace(ADDRESS, served.url)
            done = subprocess.run(
                line, shell=True, capture_output=True, text=True, check=False, cwd=ROOT, env={**environment(), **state}
            )
            assert (done.returncode != 0) == (REFUSED in line), f"{line}: {done.stdout} {done.stderr}"
            said.setdefault(command.partition(REFUSED)[0].strip(), []).append(done.stdout + done.stderr)
            if found := re.search(r"dl_scim_\w{40,}", done.stdout):
                token = found[0]
    before, after = said["entrasim test-connection"]
    assert "needs the enterprise plan" in before
    assert "enterprise plan" not in after
    assert "editor" in said["doorlist access what --org marigold --user wanjiru.kamau@marigold.example"][0]
    assert "wanjiru.kamau" in said["doorlist access retained --org marigold"][0]
    assert "Brand Book" not in said["doorlist access what --org marigold --user elodie.marchand@marigold.example"][0]
    leave, back = said["doorlist access what --org marigold --user bruno.castellani@marigold.example"][1:]
    assert "Studio" not in leave
    assert "Studio" in back
