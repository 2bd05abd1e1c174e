"""The stand-in installs alone: its wheel holds all of it, and works without anything that only Doorlist needs."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "packaging" / "entrasim"
SOURCE = ROOT / "src" / "entrasim"

# Imports every module and runs the command, with everything refused that the wheel does not ask for.
ALONE = """
import importlib, pkgutil, sys
refused, wheel = set(sys.argv[1].split(",")), sys.argv[2]

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"{name} is not a dependency of entrasim", name=name)

sys.meta_path.insert(0, Refuse())
sys.path = [wheel, *(path for path in sys.path if "src" not in path)]
import entrasim
assert entrasim.__file__.startswith(wheel), entrasim.__file__
for module in pkgutil.walk_packages(entrasim.__path__, "entrasim."):
    if module.name != "entrasim.__main__":
        importlib.import_module(module.name)
from typer.testing import CliRunner
from entrasim.commands import app
state = ["--state", sys.argv[3]]
for words in (["--help"], [*state, "user", "add", "ana@contoso.example"], [*state, "show", "--json"]):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("entrasim-*.whl")
    return built


def listed(project: Path) -> set[str]:
    return set(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])


def declared(project: Path) -> set[str]:
    return {Requirement(one).name.lower() for one in listed(project)}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_of_doorlist(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = (path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert held == {f"entrasim/{path.relative_to(SOURCE).as_posix()}" for path in files}


def test_the_wheel_works_without_what_only_doorlist_needs(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    only_doorlist = declared(ROOT / "pyproject.toml") - declared(PROJECT / "pyproject.toml")
    modules = {name for name, owners in packages_distributions().items() if {o.lower() for o in owners} & only_doorlist}
    arguments = [",".join(sorted(modules | {"doorlist"})), str(tmp_path / "installed"), str(tmp_path / "state.db")]
    command = [sys.executable, "-c", ALONE, *arguments]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_import_is_a_declared_dependency() -> None:
    owners = packages_distributions()
    imported = {
        name.partition(".")[0]
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
    }
    outside = imported - set(sys.stdlib_module_names) - {"entrasim"}
    needed = {owner.lower() for name in outside for owner in owners[name]}
    implied = {"markupsafe", "pytest"}  # of jinja2; of whoever uses the fixture
    assert needed - implied <= declared(PROJECT / "pyproject.toml")


def test_both_distributions_ask_for_the_same_versions() -> None:
    assert listed(PROJECT / "pyproject.toml") <= listed(ROOT / "pyproject.toml")


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
