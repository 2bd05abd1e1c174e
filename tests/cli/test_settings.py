"""The settings: read once, bounded, and an unknown key refuses to start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from doorlist.config import PREFIX, Settings, load
from doorlist.errors import BadInput


def problems(**chosen: object) -> tuple[str, ...]:
    with pytest.raises(BadInput) as refusal:
        load(**chosen)
    return refusal.value.problems


def test_the_defaults_are_those_of_a_laptop() -> None:
    settings = load()
    assert settings.database_url is None
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.max_body_bytes == 16 * 1024 * 1024


def test_the_environment_sets_and_an_option_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORLIST_PORT", "9000")
    monkeypatch.setenv("DOORLIST_WORKERS", "3")
    settings = load(port=9001, workers=None)
    assert (settings.port, settings.workers) == (9001, 3)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(BadInput) as refusal:
        load({"DOORLIST_MAX_BODY": "1", "DOORLIST_PORT": "80", "PATH": "/"})
    assert refusal.value.problems == ("DOORLIST_MAX_BODY: unknown",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65536),
        ("workers", 0),
        ("database_url", "mysql://host/doorlist"),
        ("public_url", "doorlist.example"),
        ("max_body_bytes", 10),
        ("log_level", "loud"),
        ("request_log_days", 0),
        ("host", ""),
    ],
)
def test_a_value_out_of_bounds_is_named(name: str, value: object) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{PREFIX}{name.upper()}: ")


def test_the_longest_page_holds_the_default_page() -> None:
    assert problems(default_page_size=500, max_page_size=100) == (
        "DOORLIST_MAX_PAGE_SIZE: is at least default_page_size",
    )


def test_a_child_process_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(data=tmp_path, port=1234, public_url="https://doorlist.example/", log_format="json")
    for key, value in settings.environment().items():
        monkeypatch.setenv(key, value)
    assert load() == settings
    assert set(settings.environment()) <= set(os.environ)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load().port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("host", "url"), [("::1", "http://[::1]:8080"), ("localhost", "http://localhost:8080")])
def test_an_address_is_written_as_browsers_take_it(host: str, url: str) -> None:
    assert load(host=host).base_url == url
