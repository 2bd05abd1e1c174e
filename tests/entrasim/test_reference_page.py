"""The reference page names every command, every refusal and every provisioning code."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from entrasim import refusals
from entrasim.commands import app
from entrasim.conformance import entra_cycles, okta_checks
from entrasim.conformance.running import ENTRA
from entrasim.conformance.session import Check
from entrasim.mappings import GROUP_MAPPINGS, USER_MAPPINGS, Mapping
from entrasim.outcomes import RECOMMENDATIONS
from entrasim.targets import ENTERPRISE_USER

CONFORMANCE = (Path(__file__).parents[2] / "docs" / "reference" / "entrasim-conformance.md").read_text(encoding="utf-8")
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "entrasim.md").read_text(encoding="utf-8")


def command_names() -> list[str]:
    root = typer.main.get_command(app)
    names = []
    for name, command in sorted(getattr(root, "commands").items()):  # noqa: B009 - the type is private to typer
        inner = getattr(command, "commands", None)
        names += [f"{name} {one}" for one in sorted(inner)] if inner else [name]
    return names


@pytest.mark.parametrize("name", command_names())
def test_every_command_is_documented(name: str) -> None:
    assert f"`entrasim {name}" in PAGE


@pytest.mark.parametrize("refusal", [r for r in vars(refusals).values() if isinstance(r, type)])
def test_every_refusal_is_documented(refusal: type) -> None:
    assert refusal is refusals.Refusal or f"`{getattr(refusal, 'code', '')}`" in PAGE


@pytest.mark.parametrize("code", RECOMMENDATIONS)
def test_every_provisioning_code_is_documented(code: str) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("mapping", [*USER_MAPPINGS, *GROUP_MAPPINGS], ids=lambda mapping: mapping.target)
def test_every_default_mapping_is_documented(mapping: Mapping) -> None:
    assert f"`{mapping.target.replace(ENTERPRISE_USER, 'urn:…')}`" in PAGE


@pytest.mark.parametrize("check", [*ENTRA, *okta_checks.CHECKS], ids=lambda check: check.id)
def test_every_check_is_documented_with_what_happens_otherwise(check: Check) -> None:
    row = next(line for line in CONFORMANCE.splitlines() if line.startswith(f"| `{check.id}`"))
    assert check.title in row
    assert check.next_step in row
    assert (" (warning) " in row) is not check.must


@pytest.mark.parametrize("step", entra_cycles.STEPS, ids=lambda step: str(step[0]))
def test_every_whole_cycle_is_documented(step: tuple[str, str, str]) -> None:
    assert f"| `{step[0]}`" in CONFORMANCE
    assert f"{step[1]} | {step[2]}" in CONFORMANCE
