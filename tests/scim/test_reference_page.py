"""What docs/reference/scim.md shows is understood, and the limits that it tells are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doorlist.config import Settings
from doorlist.errors import InvalidFilter
from doorlist.scim import bulk, filter, resource, schema
from doorlist.scim.condition import bind
from doorlist.scim.core import RESOURCE_TYPES, USER_TYPE
from doorlist.scim.filter import parse_filter
from doorlist.scim.patch import applying, parse_patch, parsing, work
from doorlist.web import requests

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "scim.md").read_text()
FILTERS = PAGE.partition("### Filters\n\n```\n")[2].partition("```")[0].splitlines()
LIMITS = PAGE.partition("## Limits")[2].partition("## Errors")[0]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_of_the_page_is_understood(text: str) -> None:
    understood = 0
    for kind in RESOURCE_TYPES:
        try:
            bind(parse_filter(text), kind)
        except InvalidFilter:
            continue
        understood += 1
    assert understood


def test_the_patch_of_the_page_is_understood() -> None:
    import msgspec

    text = re.findall(r"```json\n(\{.*?\]\})\n```", PAGE, re.DOTALL)[0]
    assert len(parse_patch(msgspec.json.decode(text), USER_TYPE)) == 3


@pytest.mark.parametrize(
    "limit",
    [
        f"{Settings.model_fields['max_filter_length'].default:,} characters",
        f"{filter.MAX_DEPTH} deep; {filter.MAX_TERMS} terms",
        f"`DOORLIST_MAX_PAGE_SIZE`, {Settings.model_fields['max_page_size'].default:,}",
        f"{Settings.model_fields['max_body_bytes'].default >> 20} MiB",
        f"| PATCH | {parsing.MAX_OPERATIONS:,} operations",
        f"{work.MAX_PATHS:,} together",
        f"{work.MAX_COMPARISONS:,}: values",
        f"| {work.MAX_SEARCHES} paths with",
        f"| {applying.MAX_DESCRIBED} in one operation",
        f"| values of one attribute | {resource.MAX_VALUES:,} ",
        f"{schema.LONGEST:,} characters",
        f"`displayName` {schema.LONGEST_KEY};",
        f"{requests.MAX_NESTING} levels",
        f"| Bulk | {bulk.MAX_OPERATIONS:,} operations",
    ],
)
def test_a_limit_of_the_page_is_that_of_the_code(limit: str) -> None:
    assert limit in LIMITS
