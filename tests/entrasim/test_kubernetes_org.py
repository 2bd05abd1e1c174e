"""A real organization of 1,509 people and 766 groups goes through import, both cycles, and a wave of leavers."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrasim import scope
from entrasim.csv_files import read_files
from entrasim.intake import import_files
from tests.entrasim.conftest import Company

DATA = Path(__file__).parents[3] / "shared" / "data" / "kubernetes-org"


@pytest.fixture
def organization(company: Company) -> Company:
    if not DATA.is_dir():
        pytest.skip("the kubernetes-org CSV data is not beside this checkout")
    files = read_files(DATA / "users.csv", DATA / "groups.csv", members=DATA / "members.csv")
    import_files(company.state, files, replace=False, now=company.now, mint=company.mint)
    scope.assign_all(company.state)
    return company


def test_the_initial_cycle_brings_everybody_and_the_next_sends_nothing(organization: Company) -> None:
    result = organization.cycle(parallel=8)
    assert result.ok
    assert (result.users.created, result.groups.created, result.members.added) == (1509, 766, 3615)
    assert sum(len(members) for members in organization.endpoint.members.values()) == 3615
    assert organization.cycle().requests == 0


def test_the_files_without_a_tenth_of_the_people_disable_exactly_them(organization: Company) -> None:
    organization.cycle(parallel=8)
    files = read_files(DATA / "users.csv", DATA / "groups.csv", members=DATA / "members.csv")
    assert files.people is not None
    assert files.members is not None
    leavers = {row.handle for row in files.people[::10]}
    files.people = [row for row in files.people if row.handle not in leavers]
    gone = [row for row in files.members if row.handle in leavers]
    files.members = [row for row in files.members if row.handle not in leavers]
    import_files(organization.state, files, replace=True, now=organization.now, mint=organization.mint)
    result = organization.cycle(parallel=8)
    assert (result.users.disabled, result.members.removed, result.failures) == (len(leavers), len(gone), 0)
    inactive = [user for user in organization.endpoint.users.values() if not user["active"]]
    assert len(inactive) == len(leavers)
