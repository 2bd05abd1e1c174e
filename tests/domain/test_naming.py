from __future__ import annotations

import pytest

from doorlist.domain.naming import clean_name, clean_slug, derive_slug, fault_of_name
from doorlist.errors import BadInput


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme", "acme"), ("  Müller & Söhne GmbH ", "muller-sohne-gmbh"), ("東京", "organization"), ("a" * 99, "a" * 50)],
)
def test_a_slug_is_made_of_a_name(name: str, slug: str) -> None:
    assert derive_slug(name, set()) == slug
    assert derive_slug(name, {slug, f"{slug}-2"}) == f"{slug}-3"
    assert clean_slug(f"{slug}-3") == f"{slug}-3"


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a b", "a" * 64, "ä"])
def test_a_bad_slug_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        clean_slug(text)


def test_names_are_trimmed_and_checked() -> None:
    assert clean_name("  Größe 东 ", place="name") == "Größe 东"
    assert fault_of_name("a\nb") == "has a control character"
    assert fault_of_name("a" * 201) == "has 201 characters; 200 is the most"
    assert fault_of_name("\t") == "must not be empty"
