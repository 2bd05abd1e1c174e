"""How a serving process logs: one line for each event on standard error, readable or as JSON.

Records of the standard library (uvicorn's, asyncio's) go through the same lines. Requests are not logged here: each
is a row of the request log in the database.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(*, level: str, form: str) -> None:
    """Set up logging for this process and those forked from it. `form` is console or json."""
    stamps: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending = _ending(form)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *stamps, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for talker in ("uvicorn", "alembic"):  # what they tell of every start is ours to tell, once
        logging.getLogger(talker).setLevel(logging.WARNING)


def _ending(form: str) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
