"""A search finds the same as a scan of the list; every spelling of a symbol has one canonical form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.tickers.index import MIN_INFIX, TickerIndex
from domain.text import without_invisible
from domain.tickers import SYMBOL, Ticker, canonical_symbol

SYMBOLS = st.from_regex(SYMBOL, fullmatch=True)
LIMITS = st.sampled_from([1, 2, 3, 10, 50, 10_000])

_ENDS_IN_SIGMA = "\N{GREEK CAPITAL LETTER OMICRON}\N{GREEK CAPITAL LETTER SIGMA}"
"""In lower case, a sigma at the end of a word is a different letter."""
_known = st.sampled_from(
    ["Apple", "apples", "AP", "Pineapple", "Inc.", "AT&T", "and", "Nestl\u00e9", "McDonald's", "Co", "\u2122", "U.S."]
)
_anything = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=4)
names = (
    st.lists(_known | _known | _known | _anything, min_size=1, max_size=4)
    .map(" ".join)
    .map(without_invisible)
    .filter(str.strip)
)
"""Names that a parsed list can have: printable and not empty."""


@st.composite
def lists(draw: st.DrawFn) -> list[Ticker]:
    rows = draw(st.lists(names, min_size=2, max_size=12))
    symbols = draw(st.lists(st.text("AB", min_size=1, max_size=3) | SYMBOLS, unique=True, max_size=len(rows)))
    others = (f"Q{number}" for number in count() if f"Q{number}" not in symbols)
    return [Ticker(symbol, name, "NYSE") for symbol, name in zip([*symbols, *(next(others) for _ in rows)], rows)]  # noqa: B905 - the shortest


def queries(tickers: list[Ticker]) -> st.SearchStrategy[str]:
    """Any text, or parts of one or two words of a ticker, in any case."""
    words = st.sampled_from(tickers).map(lambda ticker: [ticker.symbol, *ticker.name.split()])
    cut = st.tuples(st.integers(0, 9), st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([1, 2, 3, 99]))
    query = st.builds(
        lambda words, cuts: " ".join(words[at % len(words)][start:][:length] for at, start, length in cuts),
        words,
        st.lists(cut, min_size=1, max_size=2),
    )
    return st.one_of(query, query.map(str.lower), query.map(str.upper), st.text(max_size=3))


@st.composite
def lists_and_queries(draw: st.DrawFn) -> tuple[list[Ticker], list[str]]:
    tickers = draw(lists())
    return tickers, draw(st.lists(queries(tickers), min_size=1, max_size=8))


@given(lists_and_queries(), LIMITS)
@example(([Ticker("A", _ENDS_IN_SIGMA * 2, "NYSE")], [_ENDS_IN_SIGMA]), 10)
@example(([Ticker("A", "Stra\u00dfe AG", "NYSE")], ["STRASSE"]), 10)
@example(([Ticker("A", "This and That", "NYSE")], ["this & that", "thisthat", "THAT AND THIS"]), 10)
def test_a_search_finds_the_same_as_a_scan_of_the_list(asked: tuple[list[Ticker], list[str]], limit: int) -> None:
    """The matches, in their order, are those of a scan for each kind of match."""
    tickers, queries = asked
    index = TickerIndex([t.symbol for t in tickers], [t.name for t in tickers], [t.exchange for t in tickers], {})

    for query in queries:
        expected = list(_by_reading(tickers, query))
        if expected:  # otherwise typing errors are corrected
            assert index.search(query, limit) == expected[:limit]


def _by_reading(tickers: list[Ticker], query: str) -> Iterator[Ticker]:
    terms = _words(without_invisible(query))
    key = "".join(terms)
    if not key:
        return
    words = {ticker.symbol: _words(ticker.name) for ticker in tickers}
    keys = {ticker.symbol: ("".join(_words(ticker.symbol)), "".join(_words(ticker.name))) for ticker in tickers}
    seen = set()
    for matches in (
        lambda ticker: ticker.symbol == canonical_symbol(query),
        lambda ticker: any(each.startswith(key) for each in keys[ticker.symbol]),
        lambda ticker: all(any(word.startswith(term) for word in words[ticker.symbol]) for term in terms),
        lambda ticker: len(key) >= MIN_INFIX and any(key in each for each in keys[ticker.symbol]),
    ):
        for ticker in tickers:
            if ticker not in seen and matches(ticker):
                seen.add(ticker)
                yield ticker


def _words(text: str) -> list[str]:
    """Letter by letter: accents, apostrophes and periods dropped, case ignored, other ASCII punctuation as blanks."""
    letters = [part for sign in unicodedata.normalize("NFKD", text) for part in sign.casefold()]
    kept = "".join(sign if sign.isalnum() or not sign.isascii() else " " for sign in letters if sign not in "'\u2019.")
    return re.sub(r"(?<=\S) +and +(?=\S)", " ", re.sub("[\u0300-\u036f]", "", kept)).split()


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
def test_a_canonical_symbol_begins_with_the_letters_that_were_typed(text: str) -> None:
    """No letter of the root is replaced, as `str.upper` would replace a sharp s by two letters."""
    symbol = canonical_symbol(text)

    assert symbol is None or text.translate({0x200B: None}).strip().upper().startswith(symbol.partition(".")[0])
