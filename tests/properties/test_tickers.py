"""Every spelling of a symbol has one canonical form."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from domain.tickers import SYMBOL, canonical_symbol

SYMBOLS = st.from_regex(SYMBOL, fullmatch=True)
_spelled = st.text(st.sampled_from("aBWSURTIP1.-/$^ \u00df\u017f\u212a\u00e9\n\0\u200b\u2013"), max_size=12)


@given(_spelled | st.text(max_size=20))
def test_a_canonical_symbol_is_its_own_canonical_form(text: str) -> None:
    """Applying `canonical_symbol` twice is the same as once."""
    symbol = canonical_symbol(text)

    assert symbol is None or canonical_symbol(symbol) == symbol


@given(SYMBOLS, st.data())
def test_every_spelling_of_a_symbol_has_the_same_canonical_form(symbol: str, data: st.DataObject) -> None:
    """Case, separators, dashes, fullwidth letters, zero-width characters and surrounding blanks do not matter."""
    separators = ["-", "/", ".", "\u2013", "\uff0e"]
    spelled = "".join(
        data.draw(st.sampled_from(separators if sign == "." else [sign, sign.lower(), chr(ord(sign) + 0xFEE0)]))
        + data.draw(st.sampled_from(["", "", "\u200b", "\ufeff"]))
        for sign in symbol
    )
    before, after = data.draw(st.sampled_from(["", " ", "\t", "\u3000"])), data.draw(st.sampled_from(["", " ", "\n"]))

    assert canonical_symbol(before + spelled + after) == canonical_symbol(symbol)


@given(_spelled | st.text(max_size=6))
def test_a_canonical_symbol_is_made_of_the_letters_that_were_typed(text: str) -> None:
    """No letter of the root is replaced, as `str.upper` would replace a sharp s by two letters."""
    symbol = canonical_symbol(text)

    typed = {unicodedata.normalize("NFKC", sign).upper() for sign in text}
    assert symbol is None or typed.issuperset(symbol.partition(".")[0])
