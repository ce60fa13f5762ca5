"""Text as people see it: how long a name looks, and whether it can be shown at all."""

from __future__ import annotations

import unicodedata

_ZWJ, _EMOJI_MODIFIERS, _TAGS = 0x200D, range(0x1F3FB, 0x1F400), range(0xE0020, 0xE0080)
_REGIONAL = range(0x1F1E6, 0x1F200)
_HANGUL_VOWELS_AND_TAILS = range(0x1160, 0x1200)
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def length(text: str) -> int:
    """The number of user-perceived characters: `👩‍👩‍👧`, `🇩🇪`, `👍🏽` and `é` are one each.

    The extended grapheme clusters of UAX #29, without the prepended marks and the Indic
    conjuncts, which the standard library cannot name; those count as two.
    """
    if text.isascii():
        return len(text)
    count, previous, flags = 0, 0, 0
    for character in text:
        code = ord(character)
        if code in _REGIONAL:
            flags += 1
            count += flags % 2
        else:
            flags = 0
            count += not _continues(code, character, previous)
        previous = code
    return count


def is_showable(text: str) -> bool:
    """No control character, lone surrogate, line break or direction override, and something to see."""
    categories = [unicodedata.category(character) for character in text]
    return (
        not any(category in {"Cc", "Cs", "Zl", "Zp"} for category in categories)
        and _BIDI_CONTROLS.isdisjoint(text)
        and any(category[0] not in "ZC" for category in categories)
    )


def _continues(code: int, character: str, previous: int) -> bool:
    return bool(previous) and (
        _ZWJ in (previous, code)
        or code in _EMOJI_MODIFIERS
        or code in _TAGS
        or code in _HANGUL_VOWELS_AND_TAILS
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
    )
