"""A real organization of 1,509 people and 766 groups: directory, cycle, grants, and the export against the CSV files.

The rule is worked out a second time here, from the files alone, with nothing but the csv module.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

from tests.live.processes import Commands

pytestmark = pytest.mark.live

DATA = Path(__file__).parents[3] / "shared" / "data" / "kubernetes-org"
RANK = ["viewer", "checker", "editor"]
Row = tuple[str, str, str, str]


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expected_access() -> list[Row]:
    """The highest level of every person's groups in every place; a workspace brings its home folder."""
    user_names = {row["handle"]: row["user_name"] for row in rows_of("users.csv")}
    members: dict[str, list[str]] = {}
    for row in rows_of("members.csv"):
        members.setdefault(row["group"], []).append(user_names[row["handle"]])
    best: dict[tuple[str, str, str], int] = {}
    for grant in rows_of("grants.csv"):
        for folder in [grant["folder"]] if grant["folder"] else ["", "Home"]:
            for person in members.get(grant["group"], []):
                place = person, grant["workspace"], folder
                best[place] = max(best.get(place, 0), RANK.index(grant["level"]))
    return sorted((*place, RANK[rank]) for place, rank in best.items())


@pytest.mark.parametrize("dialect", ["default", "flagged"])
def test_the_export_equals_the_files(commands: Commands, dialect: str, record_property: pytest.RecordProperty) -> None:
    if not DATA.is_dir():
        pytest.skip("the kubernetes-org CSV files are not beside this checkout (../shared/data/kubernetes-org)")
    organization = commands.organization(f"Kubernetes {dialect}")
    commands.entrasim("import", DATA)
    flag = ["--flag"] if dialect == "flagged" else []
    commands.entrasim("connect", organization.scim_url, organization.token, *flag)
    commands.entrasim("assign", "--all")
    cycle = commands.entrasim_json("cycle")
    assert (cycle["users"]["created"], cycle["groups"]["created"], cycle["members"]["added"]) == (1509, 766, 3615)
    assert cycle["failures"] == 0

    started = time.monotonic()
    files = [word for name in ("workspaces", "folders", "grants") for word in (f"--{name}", DATA / f"{name}.csv")]
    imported = commands.doorlist_json("import", "grants", "--org", organization.slug, *files)
    assert imported["grants_added"] == len(rows_of("grants.csv"))
    between = time.monotonic()
    text = commands.doorlist("access", "export", "--org", organization.slug, "--csv")
    ended = time.monotonic()

    header, *exported = csv.reader(io.StringIO(text))
    assert header == ["user_name", "workspace", "folder", "level"]
    assert sorted(map(tuple, exported)) == expected_access()
    assert commands.entrasim_json("cycle")["requests"] == 0
    record_property(
        "measured",
        f"kubernetes-org, {dialect} dialect: cycle of {cycle['requests']} requests {cycle['seconds']:.1f} s, "
        f"import {between - started:.1f} s, export of {len(exported)} rows {ended - between:.1f} s",
    )
