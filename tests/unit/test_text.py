"""Text that can be displayed as one visible line."""

from __future__ import annotations

import pytest

from domain.text import is_one_visible_line
from tests.builders import code_points


@pytest.mark.parametrize(
    "text",
    ["Tech", "a b", "é", "👩‍👩‍👧", "株", "!", "می‌خواهم", "a\u00a0b", "€", "\u0301", "\ue000", "\U0001fae8", "❤\ufe0f"],
    ids=code_points,
)
def test_visible_text_is_accepted(text: str) -> None:
    assert is_one_visible_line(text)


@pytest.mark.parametrize(
    "character",
    [
        *("\0", "\n", "\t", "\x1b", "\x7f", "\x85", "\ud800", "\udfff", "\u2028", "\u2029"),
        *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"),
    ],
    ids=code_points,
)
def test_control_characters_line_breaks_and_direction_overrides_are_refused_anywhere(character: str) -> None:
    assert not is_one_visible_line(character)
    assert not is_one_visible_line(f"Tech{character}")
    assert not is_one_visible_line(f"{character}Tech")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\u00a0", "\u200b\u200d", "\u2060 \ufeff", "\u3164", "\u115f\u1160", "\u2800", "\ufe0f"),
        *("\u00ad", "\u034f", "\u061c", "\u17b4", "\u180e", "\u200f", "\uffa0", "\U000e0001", "\U000e0100", "\ufff9"),
        *("\u206f", "\ufe00", "\ufff0", "\U0001bca0", "\U0001d173", "\U0001d17a", "\U000e0fff", "\ufffb", "\u180f"),
    ],
    ids=code_points,
)
def test_text_of_invisible_characters_only_is_refused(text: str) -> None:
    assert not is_one_visible_line(text)


@pytest.mark.parametrize(
    "character", ["\u00ac", "\u1161", "\u2010", "\u3163", "\ufe10", "\uffa1", "\U000e1000"], ids=code_points
)
def test_neighbours_of_invisible_ranges_are_visible(character: str) -> None:
    assert is_one_visible_line(character)
