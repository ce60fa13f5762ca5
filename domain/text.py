"""Text as people see it: how long a name looks, and whether it can be shown at all."""

from __future__ import annotations

import re
import unicodedata

_CLUSTER = re.compile("(?:RR?|S(?:E*ZS)*|L*(?:V+|HV*|I)T*|L+|T+|.)[EZ]*")
"""An extended grapheme cluster (UAX #29, table 1b), of the kinds that `_kind` names."""

_RANGES = {
    "R": (range(0x1F1E6, 0x1F200),),  # regional indicators: two make a flag
    "E": (range(0x1F3FB, 0x1F400), range(0xE0020, 0xE0080)),  # emoji modifiers, tags
    "L": (range(0x1100, 0x1160), range(0xA960, 0xA97D)),  # Hangul: leading consonants,
    "V": (range(0x1160, 0x11A8), range(0xD7B0, 0xD7C7)),  # vowels,
    "T": (range(0x11A8, 0x1200), range(0xD7CB, 0xD7FC)),  # trailing consonants,
    "H": (range(0xAC00, 0xD7A4, 28),),  # syllables without one,
    "I": (range(0xAC00, 0xD7A4),),  # syllables with one
}
_EXTENDING = frozenset("\u200c\u0e33\u0eb3\uff9e\uff9f")
"""What belongs to the character before it, though its category does not say so."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def length(text: str) -> int:
    """The number of user-perceived characters: `👩‍👩‍👧`, `🇩🇪`, `👍🏽` and `é` are one each.

    The extended grapheme clusters of UAX #29, as far as the standard library can tell: prepended
    marks and Indic conjuncts count as two, and any two symbols can be joined as emoji are.
    """
    if text.isascii():  # the same, and faster
        return len(text)
    return len(_CLUSTER.findall("".join(map(_kind, text))))


def is_showable(text: str) -> bool:
    """No control character, lone surrogate, line break or direction override, and something to see."""
    categories = [unicodedata.category(character) for character in text]
    return (
        not any(category in {"Cc", "Cs", "Zl", "Zp"} for category in categories)
        and _BIDI_CONTROLS.isdisjoint(text)
        and any(category[0] not in {"Z", "C"} for category in categories)
    )


def _kind(character: str) -> str:
    if character == "\u200d":
        return "Z"  # the zero-width joiner
    code = ord(character)
    for kind, ranges in _RANGES.items():
        if any(code in each for each in ranges):
            return kind
    category = unicodedata.category(character)
    if category[0] == "M" or character in _EXTENDING:
        return "E"
    return "S" if category[0] == "S" else "."
