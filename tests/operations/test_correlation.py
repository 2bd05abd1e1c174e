"""What is logged while a request is worked on carries the id that its answer shows."""

from __future__ import annotations

from structlog.contextvars import clear_contextvars, get_contextvars

from tests.http.conftest import Directory


async def test_lines_of_a_directorys_request_have_the_id_of_its_answer(directory: Directory) -> None:
    clear_contextvars()
    answer = await directory.call("GET", "/Users")  # in this task, so that what it bound is seen here
    assert get_contextvars() == {"request_id": answer.headers["x-request-id"]}


async def test_lines_of_a_programs_request_have_the_id_of_its_answer(directory: Directory) -> None:
    clear_contextvars()
    answer = await directory.http.get("https://doorlist.example/api/v1/people")
    assert get_contextvars() == {"request_id": answer.headers["x-request-id"]}
