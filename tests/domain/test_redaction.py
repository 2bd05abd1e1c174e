"""What the request log keeps is free of secrets, and what is JSON stays JSON whatever the secrets were."""

from __future__ import annotations

import json

import pytest

from doorlist.domain.redaction import REDACTED, Redactor

CHANGE = '{"created":["userName","password"],"title":[null,"Sesame opens"],"number":12345,"active":[true,false]}'


@pytest.mark.parametrize("secret", ["null", "true", "created", '":[', "12345", "title", "],", "Sesame", "\\u0000x"])
def test_a_secret_that_is_a_word_of_json_breaks_no_document(secret: str) -> None:
    redactor = Redactor()
    redactor.body(json.dumps({"userName": "ana", "password": secret}).encode())
    cleaned = redactor.document(CHANGE)
    content = json.loads(cleaned)
    strings = json.dumps([[*content], [value for value in content.values() if value]], ensure_ascii=False)
    assert secret not in ("Sesame", "12345", "title") or secret not in strings
    assert (REDACTED in cleaned) == (secret in ("created", "12345", "title", "Sesame"))
