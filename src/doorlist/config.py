"""The settings of a Doorlist process: read once from the environment and the command line, frozen afterwards.

Every setting has a key DOORLIST_NAME. A key of that prefix that names no setting refuses to start, because a
misspelt limit would otherwise be no limit at all. Knows no other module of Doorlist but its errors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from doorlist.errors import BadInput

PREFIX = "DOORLIST_"


def default_data() -> Path:
    """The data folder of this account when none is named, as the platform's convention has it."""
    return platformdirs.user_data_path("doorlist", appauthor=False)


class Settings(BaseSettings):
    """Everything that an operator can choose. `load` is the way to get one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    database_url: str | None = Field(None, description="PostgreSQL 15 or newer; none: the embedded server")
    data: Path = Field(default_factory=default_data, description="folder of the embedded server")
    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0: any free one")] = 8080
    workers: Annotated[int, Field(ge=1, le=64, description="number of serving processes")] = 1
    public_url: str | None = Field(None, description="base of every address shown to directories")
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30, description="longest request body")] = 16 << 20
    max_filter_length: Annotated[int, Field(ge=64, le=1 << 20, description="longest filter, in characters")] = 4096
    max_search_seconds: Annotated[int, Field(ge=1, le=60, description="longest search, in seconds")] = 10
    default_page_size: Annotated[int, Field(ge=1, le=10_000, description="page length when none is asked")] = 100
    max_page_size: Annotated[int, Field(ge=1, le=10_000, description="longest page of a list")] = 1000
    pool_size: Annotated[int, Field(ge=1, le=100, description="database connections of one process")] = 8
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    log_format: Literal["console", "json"] = Field("console", description="how log lines are written")
    max_waiting: Annotated[
        int, Field(ge=1, le=100_000, description="requests of one process that wait for a database connection")
    ] = 200
    scim_requests_per_second: Annotated[
        int, Field(ge=1, le=100_000, description="requests of one token of a directory, in one process")
    ] = 10_000
    api_requests_per_second: Annotated[
        int, Field(ge=1, le=100_000, description="requests of one key of the management API, in one process")
    ] = 100
    metrics_token: str | None = Field(None, min_length=16, repr=False, description="who shows it may read /metrics")
    metrics_folder: Path | None = Field(None, description="where processes share their counts; none: a temporary one")
    webhook_private_targets: bool = Field(False, description="tell webhooks at addresses that are not public, too")
    request_log_days: Annotated[int, Field(ge=1, le=3650, description="days that requests are remembered")] = 30
    request_body_days: Annotated[
        int, Field(ge=0, le=3650, description="days that their redacted bodies are kept; 0: never")
    ] = 7

    deleted_days: Annotated[
        int, Field(ge=1, le=3650, description="days that what was deleted is kept with its access")
    ] = 30
    history_days: Annotated[
        int, Field(ge=31, le=36500, description="days that access at an earlier moment is known")
    ] = 730

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("starts with postgresql://")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("starts with https:// or http://")
        return value.rstrip("/")

    @field_validator("max_page_size")
    @classmethod
    def _holds_default_page(cls, value: int, info: Any) -> int:
        if value < info.data.get("default_page_size", 1):
            raise ValueError("is at least default_page_size")
        return value

    @property
    def base_url(self) -> str:
        """The base of addresses shown to people and directories, without a slash at its end."""
        return self.public_url or http_address(self.host, self.port)

    def environment(self) -> dict[str, str]:
        """The keys and values from which `load` makes an equal object in a child process."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def load(environ: Mapping[str, str] | None = None, **chosen: Any) -> Settings:
    """The settings of the environment; `chosen` values that are not None win over it.

    Raises:
        BadInput: a key is unknown or a value out of its bounds; each is listed with its key.
    """
    unknown = _unknown_keys(os.environ if environ is None else environ)
    if unknown:
        raise BadInput("The environment holds keys that name no setting of Doorlist.", problems=unknown)
    try:
        return Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        problems = tuple(_problem(entry["loc"], entry["msg"]) for entry in error.errors())
        raise BadInput("The settings are not usable.", problems=problems) from None


def http_address(host: str, port: int) -> str:
    """The web address of a host and port; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def remember_address(data: Path, base_url: str) -> None:
    """Write down in the data folder where it is served, so that other commands show the right addresses."""
    (data / "address").write_text(base_url, encoding="utf-8")


def remembered_address(data: Path) -> str | None:
    """Where the data folder was served last, or None."""
    try:
        return (data / "address").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _unknown_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return tuple(
        f"{key}: unknown" for key in sorted(environ) if key.upper().startswith(PREFIX) and key.upper() not in known
    )


def _problem(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    return f"{PREFIX}{name.upper()}: {message.removeprefix('Value error, ')}"
