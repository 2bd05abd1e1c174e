from __future__ import annotations

import pytest

from doorlist.store.db import Database
from tests.service.company import Company


@pytest.fixture
async def company(database: Database) -> Company:
    return await Company.create(database)
