"""Names are measured as people see them, and none is invisible or breaks the line it stands in."""

from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from domain.text import is_showable, length
from tests.builders import code_points

_CLUSTER = regex.compile(r"\X")
# What the standard library cannot tell: see the docstring of `length`.
_PREPENDED_OR_CONJOINED = regex.compile(r"[\p{GCB=Prepend}\p{InCB=Linker}]")
# Marks by their category, and yet clusters of their own; of a few scripts, mostly Myanmar's. And emoji that are
# letters or punctuation by theirs, such as ‼.
_DISPUTED = regex.compile(r"[[\p{M}--[\p{GCB=Extend}\p{GCB=SpacingMark}]][\p{ExtPict}--[\p{S}\p{Cn}]]]", regex.VERSION1)
# A symbol after a joiner that the standard does not join (rule GB11), where ours joins any two.
_JOINED_BY_US = regex.compile(
    r"(?<=\u200d)(?=\p{S})(?!(?<=\p{ExtPict}\p{GCB=Extend}*\u200d)\p{ExtPict})", regex.VERSION1
)

_letters = st.characters(exclude_categories=["Cn", "Co", "Cs", "Cc", "Cf", "Zl", "Zp"]).filter(
    lambda each: not _PREPENDED_OR_CONJOINED.match(each) and not _DISPUTED.match(each)
)
_emoji = st.sampled_from(
    [
        character
        for character in map(chr, range(0x20, 0x1FB00))
        if regex.match(r"\p{ExtPict}", character) and unicodedata.category(character)[0] == "S"
    ]
)
_jamo = st.sampled_from("ᄀᄂꥠᅟᅠᅡᆧힰퟆᆨᇿퟋퟻ가각갂힠힣")
_flags = st.sampled_from("🇦🇩🇪🇺🇿")
_extending = st.sampled_from("\u0301\ufe0f\u20e3🏻🏿\u200c\u0e33\u0eb3\uff9e\uff9f\U000e0020\U000e007f")
_joined = st.builds("\u200d".join, st.lists(st.builds(str.__add__, _emoji, st.sampled_from(["", "\ufe0f", "🏽"]))))


@given(st.lists(_letters | _emoji | _jamo | _flags | _extending | _joined | st.just("\u200d")).map("".join))
def test_a_text_is_as_long_as_the_standard_says(text: str) -> None:
    text = _JOINED_BY_US.sub("-", text)

    assert length(text) == len(_CLUSTER.findall(text))


@pytest.mark.parametrize(
    ("text", "perceived"),
    [
        ("", 0),
        ("Tech", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("Zoë s 株", 7),
        ("👍🏽", 1),
        ("👩‍👩‍👧", 1),
        ("❤️‍🔥", 1),
        ("🇩🇪", 1),
        ("🇩🇪🇺🇸", 2),
        ("🇩🇪🇺", 2),
        ("🇩a🇪", 3),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1),
        ("1\ufe0f\u20e3", 1),
        ("한국", 2),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", 2),
        ("กำ", 1),
        ("می‌خواهم", 7),
        ("\u0301", 1),
        ("\u200d", 1),
        ("a\u200db\u200dc", 3),
        ("👩\u200da\u200d👩", 3),
        ("👩👩", 2),
        ("a\u1161\u1161", 2),
    ],
)
def test_people_count_so(text: str, perceived: int) -> None:
    assert length(text) == perceived


@pytest.mark.parametrize("text", ["Tech", "a b", "é", "👩‍👩‍👧", "株", "!", "می‌خواهم", "a\u00a0b", "€"])
def test_what_can_be_seen_can_be_shown(text: str) -> None:
    assert is_showable(text)


@pytest.mark.parametrize(
    "character",
    [
        *("\0", "\n", "\t", "\x1b", "\x7f", "\x85", "\ud800", "\udfff", "\u2028", "\u2029"),
        *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"),
    ],
    ids=code_points,
)
def test_what_breaks_a_line_or_turns_it_round_is_never_shown(character: str) -> None:
    assert not is_showable(character)
    assert not is_showable(f"Tech{character}")
    assert not is_showable(f"{character}Tech")


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u200b\u200d", "\u2060 \ufeff", "\ue000"], ids=code_points)
def test_what_cannot_be_seen_is_not_shown(text: str) -> None:
    assert not is_showable(text)
