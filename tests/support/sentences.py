"""What every message for a caller is."""

from __future__ import annotations


def is_sentence(text: str) -> bool:
    return text[0].isupper() and not text.isupper() and text.endswith(".")
