"""The index: what is found, in which order, and what unusual queries do."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.tickers.bundled import bundled
from adapters.tickers.index import ALIASES, MAX_QUERY, SMALL_COMPANY, TickerIndex
from domain.tickers import Listing, Ticker
from tests.builders import code_points

# The largest company first, as in a list.
LIST = [
    ("MSFT", "MICROSOFT CORP", "NASDAQ"),
    ("AAPL", "Apple Inc.", "NASDAQ"),
    ("AMD", "ADVANCED MICRO DEVICES INC", "NASDAQ"),
    ("BRK.B", "BERKSHIRE HATHAWAY INC", "NYSE"),
    ("BRK.A", "BERKSHIRE HATHAWAY INC", "NYSE"),
    ("BAC", "BANK OF AMERICA CORP", "NYSE"),
    ("MCD", "MCDONALDS CORP", "NYSE"),
    ("T", "AT&T INC.", "NYSE"),
    ("NSRGY", "Nestlé S.A.", "OTC"),
    ("APLE", "Apple Hospitality REIT, Inc.", "NYSE"),
    ("PAPL", "Pineapple Financial Inc.", "AMEX"),
    ("A", "AGILENT TECHNOLOGIES, INC.", "NYSE"),
    ("MU", "MICRON TECHNOLOGY INC", "NASDAQ"),
]
DELISTED = {
    "FB": Listing(Ticker("FB", "Facebook, Inc.", "NASDAQ"), is_active=False, successor="MSFT"),
    "TWTR": Listing(Ticker("TWTR", "Twitter, Inc.", "NYSE"), is_active=False),
    "OLD": Listing(Ticker("OLD", "Old Inc.", "NYSE"), is_active=False, successor="ZZZ"),
}


def an_index(*rows: tuple[str, str, str], delisted: dict[str, Listing] | None = None) -> TickerIndex:
    symbols, names, exchanges = zip(*rows, strict=True)
    return TickerIndex(symbols, names, exchanges, delisted or {})


INDEX = an_index(*LIST, delisted=DELISTED)


def symbols(query: str, limit: int = 10, index: TickerIndex = INDEX) -> list[str]:
    return [ticker.symbol for ticker in index.search(query, limit)]


def test_traded_and_delisted_symbols_are_looked_up() -> None:
    assert [INDEX.find(symbol) for symbol, _, _ in LIST] == [Listing(Ticker(*row)) for row in LIST]
    assert INDEX.find("FB") == DELISTED["FB"]
    assert INDEX.find("ZZZZ") is None
    assert (len(INDEX), "FB" in INDEX.traded, INDEX.symbols[-1]) == (len(LIST) + 3, False, "OLD")


def test_a_delisted_symbol_is_not_searched() -> None:
    assert "TWTR" not in symbols("twtr") + symbols("twitter")


def test_the_exact_symbol_is_first_then_prefixes_of_symbols_and_names_by_size_then_of_words() -> None:
    assert symbols("a") == ["A", "AAPL", "AMD", "T", "APLE", "BAC"]
    assert symbols("mi") == ["MSFT", "MU", "AMD"]


def test_a_name_that_contains_the_query_comes_last() -> None:
    assert symbols("apple") == ["AAPL", "APLE", "PAPL"]


def test_several_words_are_found_in_any_order_and_by_their_beginnings() -> None:
    assert symbols("america ba") == symbols("bank of amer") == ["BAC"]
    assert symbols("bank hathaway") == []


def test_at_most_the_limit_is_found() -> None:
    assert symbols("a", 2) == symbols("a")[:2]


@pytest.mark.parametrize("spelling", ["BRK.B", "  Brk/b  ", "BRKB", "BRK\u2013B", "brk.b\u200b"])
def test_a_symbol_is_found_in_any_spelling(spelling: str) -> None:
    assert symbols(spelling) == ["BRK.B"]


@pytest.mark.parametrize("query", ["brk-", "BRK.", "brk"])
def test_an_incomplete_symbol_may_end_with_its_separator(query: str) -> None:
    assert symbols(query) == ["BRK.B", "BRK.A"]


@pytest.mark.parametrize(
    ("query", "symbol"),
    [
        ("mcdonald's", "MCD"),
        ("mcdonald\u2019s", "MCD"),
        ("mc donalds", "MCD"),
        ("at&t", "T"),
        ("at and t", "T"),
        ("att", "T"),
        ("bankofamerica", "BAC"),
        ("bank & of america", "BAC"),
        ("nestle", "NSRGY"),
        ("NESTL\u00c9", "NSRGY"),
        ("apple\u200b", "AAPL"),
    ],
    ids=code_points,
)
def test_spacing_punctuation_and_accents_do_not_matter(query: str, symbol: str) -> None:
    assert symbols(query)[0] == symbol


@pytest.mark.parametrize(
    ("symbol", "query"),
    [("MSFT", "fb"), ("MSFT", "facebook"), ("MSFT", "face"), ("AAPL", "iphone"), ("AAPL", "iPh"), ("AAPL", "mac book")],
)
def test_a_former_name_or_an_alias_or_its_beginning_finds_the_company(symbol: str, query: str) -> None:
    assert symbols(query)[0] == symbol


def test_one_or_two_letters_are_not_the_beginning_of_an_alias() -> None:
    assert "AAPL" not in symbols("ip")


def test_each_alias_is_listed_once_with_a_bundled_symbol() -> None:
    rows = [line.split("\t") for line in ALIASES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    assert len({alias for alias, _, _ in rows}) == len(rows) >= 200
    assert {symbol for _, symbol, _ in rows} <= bundled().index.traded
    assert {kind for _, _, kind in rows} == {"brand", "former name", "short name", "acquired company", "fund"}


@pytest.mark.parametrize("query", ["microsft", "mircosoft", "micrrosoft", "microsxft", "microsoftt"])
def test_one_typing_error_is_corrected_where_nothing_else_matches(query: str) -> None:
    assert symbols(query) == ["MSFT"]


@pytest.mark.parametrize(
    ("query", "symbol"),
    [("bank of amrica", "BAC"), ("berkshire hathawy", "BRK.B"), ("berkshirehathawy", "BRK.B"), ("i phoen", "AAPL")],
)
def test_a_typing_error_in_one_of_several_words_is_corrected(query: str, symbol: str) -> None:
    assert symbols(query)[0] == symbol


@pytest.mark.parametrize("query", ["mcrosft", "aple x", "xyz", "qqq", "applepplepplepplexe"])
def test_two_errors_and_short_or_long_words_are_not_corrected(query: str) -> None:
    assert symbols(query) == []


def test_a_correction_prefers_the_largest_company() -> None:
    index = an_index(("AA", "Tesla Inc.", "NYSE"), ("BB", "Tesra Inc.", "NYSE"))

    assert symbols("tesza", index=index) == ["AA"]


def a_long_list(symbol: str) -> TickerIndex:
    """A list with Apple, and the symbol of a small company."""
    others = [(f"X{number}", f"Other {number}", "NYSE") for number in range(SMALL_COMPANY)]
    return an_index(("AAPL", "Apple Inc.", "NASDAQ"), *others, (symbol, "Small Inc.", "NYSE"))


def test_a_two_letter_symbol_of_a_small_company_comes_after_a_much_larger_company() -> None:
    assert symbols("ap", index=a_long_list("AP")) == ["AAPL", "AP"]
    assert symbols("AP", index=a_long_list("AP")) == ["AP", "AAPL"]
    assert symbols("app", index=a_long_list("APP")) == ["APP", "AAPL"]


@pytest.mark.parametrize(
    "query",
    ["", "   ", "\0", "\n", "&&&", "%", "\ud800", "\u200b", "x" * (MAX_QUERY + 1), "a " * 5_000],
    ids=code_points,
)
def test_a_query_without_words_or_too_long_finds_nothing(query: str) -> None:
    assert symbols(query) == []


def test_a_list_without_traded_symbols_can_be_searched() -> None:
    empty = TickerIndex([], [], [], DELISTED)

    assert (empty.search("a", 10), empty.find("A"), empty.find("FB"), len(empty)) == ([], None, DELISTED["FB"], 3)


def test_common_queries_find_the_expected_symbol() -> None:
    """Of 100 queries, at least 95 have the expected symbol first, and 99 in the first five."""
    path = Path(__file__).parents[2] / "benchmarks" / "ticker_queries.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    results = [(symbol, symbols(query, 5, bundled().index)) for query, symbol in rows]

    assert len(rows) == 100
    assert sum(found[:1] == [symbol] for symbol, found in results) >= 95
    assert sum(symbol in found for symbol, found in results) >= 99
