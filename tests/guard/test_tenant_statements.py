"""Every SQL statement on a tenant table names the organization: nobody's rows can be reached for somebody else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import doorlist.store

STORE = Path(doorlist.store.__file__).parent
SCHEMA = "".join(path.read_text() for path in sorted((STORE / "migrations").glob("*.sql")))
TENANT_TABLES = frozenset(
    re.findall(r"create table (\w+) \(\n\s+org_id", SCHEMA) + re.findall(r"create (?:view|function) (\w+)", SCHEMA)
)
STATEMENT = re.compile(r"^\s*(select|insert|update|delete|with)\b", re.IGNORECASE)
USE = re.compile(r"\b(?:from|join|into|update|using|,)\s+(?:only\s+)?(\w+)", re.IGNORECASE)

EXCEPTIONS = {
    ("organizations.py", "_TAKEN_SLUGS"): "slugs are unique over the installation",
    ("organizations.py", "_LIST"): "the operator's list of organizations",
    ("sealing.py", "_WAITING"): "the sealer asks which organizations have work for it",
    ("session_rows.py", "_FORGET"): "what is long over is so in every organization",
    ("conflicts.py", "_FORGET"): "what is too old is too old in every organization",
    ("signin_rows.py", "_FORGET"): "what is over is so in every organization",
    ("local_rows.py", "_FORGET"): "what is over is so in every organization",
    ("vitals.py", "_TOTALS"): "the operator's counts of the installation",
    ("vitals.py", "_ATTENTION"): "the operator's counts of the installation",
    ("vitals.py", "_TOKENS"): "the operator's counts of the installation",
    ("vitals.py", "_CERTIFICATES"): "the operator's counts of the installation",
    ("journal.py", "_FORGET_BODIES"): "what is too old is too old in every organization",
}
"""Statements that serve no organization, each with its reason. None of them answers a directory."""


def statements() -> Iterator[tuple[str, str, str]]:
    """File, name and text of every SQL statement in the store; a nameless one has its line as its name."""
    for path in sorted(STORE.glob("*.py")):
        tree = ast.parse(path.read_text())
        names = {
            id(node.value): node.targets[0].id if isinstance(node, ast.Assign) else node.target.id
            for node in ast.walk(tree)
            if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name))
            or (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name))
        }
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        for node in ast.walk(tree):
            text = literal(node) if isinstance(node, ast.JoinedStr) or id(node) not in parts else None
            if text is not None and STATEMENT.match(text):
                yield path.name, names.get(id(node), f"line {node.lineno}"), text


def literal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else " ? " for part in node.values)
    return None


ALL = list(statements())


def test_the_tenant_tables_are_read_from_the_schema() -> None:
    assert {"users", "groups", "grants", "retained", "tokens", "effective_access"} <= TENANT_TABLES
    assert len(ALL) > 40


@pytest.mark.parametrize(("file", "name", "text"), ALL, ids=[f"{file}:{name}" for file, name, _ in ALL])
def test_a_statement_on_a_tenant_table_names_the_organization(file: str, name: str, text: str) -> None:
    used = TENANT_TABLES.intersection(table.lower() for table in USE.findall(text))
    if used and (file, name) not in EXCEPTIONS:
        assert "org_id" in text, f"{file} {name} uses {', '.join(sorted(used))} without org_id"


def test_every_exception_exists() -> None:
    assert set(EXCEPTIONS) <= {(file, name) for file, name, _ in ALL}
