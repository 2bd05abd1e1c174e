"""People and groups as a directory names them: the comparison form of names. Values only."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The form in which two texts are compared where case does not count.

    Unicode canonical composition around full case folding (Unicode 3.13, D145): ``Ana@X`` and ``ana@x`` are one,
    so are composed and decomposed accents. Compatibility characters stay distinct, so that no value is mistaken
    for another that looks different.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
