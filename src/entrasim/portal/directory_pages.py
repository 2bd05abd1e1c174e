"""The first page, import from CSV, and the visitor's theme."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import load_clock
from entrasim.csv_files import read_files
from entrasim.gallery import added_application
from entrasim.intake import ImportReport, import_files
from entrasim.overview import overview
from entrasim.portal.forms import choice, text
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import THEMES, keep_theme, new_id, page, state_of, went
from entrasim.refusals import Refusal, WrongState
from entrasim.statefile import StateFile

_FILES = ("users", "groups", "members")


async def home(request: Request) -> Response:
    """`GET /`: figures, and what to do next."""
    state = state_of(request)
    return page(request, "home.html", seen=overview(state), application=added_application(state))


async def import_csv(request: Request) -> Response:
    """`GET` and `POST /import`: users.csv, groups.csv, members.csv, all rows or none."""
    if request.method == "GET":
        return page(request, "import.html", problem=None, report=None)
    form = await posted(request)
    state = state_of(request)
    try:
        files = [await _uploaded(form, name) for name in _FILES]
        if not any(files):
            raise WrongState("Choose at least one file.")
        report = await asyncio.to_thread(
            _take, state.path, files, replace=text(form, "replace") == "yes", now=load_clock(state)()
        )
    except Refusal as refusal:
        return page(request, "import.html", status=400, problem=refusal, report=None)
    return page(request, "import.html", problem=None, report=report)


async def choose_theme(request: Request) -> Response:
    """`POST /theme`: auto, light or dark; back to where the visitor was."""
    form = await posted(request)
    back = urlsplit(text(form, "back"))
    local = back.path.startswith("/") and not back.path.startswith("//") and "\\" not in back.path
    answer = went(back.path if local else "/")
    keep_theme(answer, choice(text(form, "theme"), THEMES, otherwise="auto"))
    return answer


async def _uploaded(form: FormData, name: str) -> bytes | None:
    file = form.get(name)
    if not isinstance(file, UploadFile):
        return None
    content = await file.read()
    await file.close()
    return content or None


def _take(path: Path, files: list[bytes | None], *, replace: bool, now: datetime) -> ImportReport:
    """Import beside the server's own connection, so that pages are shown meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        paths: list[Path | None] = []
        for name, content in zip(_FILES, files, strict=True):
            target = Path(folder, f"{name}.csv")
            if content is not None:
                target.write_bytes(content)
            paths.append(target if content is not None else None)
        state = StateFile.open(path)
        try:
            read = read_files(paths[0], paths[1], members=paths[2])
            return import_files(state, read, replace=replace, now=now, mint=new_id)
        finally:
            state.close()


ROUTES: list[BaseRoute] = [
    Route("/", home),
    Route("/import", import_csv, methods=["GET", "POST"]),
    Route("/theme", choose_theme, methods=["POST"]),
]
