"""The index: what is found, in which order, and what hostile queries do."""

from __future__ import annotations

import pytest

from adapters.tickers.index import MANY, MAX_QUERY, TickerIndex
from domain.tickers import Listing, Ticker

LIST = [  # best known first, as a list is
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
GONE = {"FB": Listing(Ticker("FB", "Facebook, Inc.", "NASDAQ"), is_active=False, successor="META")}


def an_index(*rows: tuple[str, str, str], gone: dict[str, Listing] | None = None) -> TickerIndex:
    symbols, names, exchanges = zip(*rows, strict=True)
    return TickerIndex(symbols, names, exchanges, gone or {})


INDEX = an_index(*LIST, gone=GONE)


def symbols(query: str, limit: int = 10, index: TickerIndex = INDEX) -> list[str]:
    return [ticker.symbol for ticker in index.search(query, limit)]


def test_a_symbol_is_found_as_it_was_listed() -> None:
    assert [INDEX.find(symbol) for symbol, _, _ in LIST] == [Listing(Ticker(*row)) for row in LIST]


def test_what_is_no_longer_traded_is_found_but_not_by_a_search() -> None:
    assert INDEX.find("FB") == GONE["FB"]
    assert symbols("fb") == symbols("facebook") == []
    assert (len(INDEX), "FB" in INDEX.traded, INDEX.symbols[-1]) == (len(LIST) + 1, False, "FB")


def test_what_is_not_listed_is_not_found() -> None:
    assert INDEX.find("ZZZZ") is None


def test_the_exact_symbol_comes_first_then_prefixes_then_names_each_in_the_order_of_the_list() -> None:
    assert symbols("a") == ["A", "AAPL", "AMD", "APLE", "BAC", "T", "NSRGY", "BRK.B", "BRK.A", "MCD"]


def test_words_of_names_that_begin_so_come_before_names_that_hold_it_within() -> None:
    assert symbols("apple") == ["AAPL", "APLE", "PAPL"]


def test_a_word_is_found_wherever_it_stands_in_a_name() -> None:
    assert symbols("micro") == ["MSFT", "AMD", "MU"]


def test_several_words_are_found_in_any_order_and_unfinished() -> None:
    assert symbols("america ba") == symbols("bank of amer") == ["BAC"]
    assert symbols("bank hathaway") == []


@pytest.mark.parametrize("spelling", ["BRK.B", "brk-b", "  Brk/b  "])
def test_a_symbol_is_found_in_any_spelling(spelling: str) -> None:
    assert symbols(spelling) == ["BRK.B"]


def test_an_unfinished_symbol_may_end_in_its_separator() -> None:
    assert symbols("brk-") == ["BRK.B", "BRK.A"]


@pytest.mark.parametrize(
    ("query", "symbol"),
    [("mcdonald's", "MCD"), ("mcdonald\u2019s", "MCD"), ("at&t", "T"), ("nestle", "NSRGY"), ("NESTLÉ", "NSRGY")],
)
def test_signs_and_accents_make_no_difference(query: str, symbol: str) -> None:
    assert symbols(query)[0] == symbol


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_no_more_are_found_than_were_asked_for(limit: int) -> None:
    assert symbols("a", limit) == symbols("a")[:limit]


@pytest.mark.parametrize("query", ["", "   ", "\0", "\n", "&&&", "%", "\ud800", "x" * (MAX_QUERY + 1), "a " * 5_000])
def test_a_query_that_says_nothing_finds_nothing(query: str) -> None:
    assert symbols(query) == []


@pytest.mark.parametrize("query", [".*", "(a+)+$", "[", "a\nb", "m\0", "\\", "\u0130", "ß"])
def test_a_query_is_text_and_no_pattern(query: str) -> None:
    assert set(symbols(query)) <= {row[0] for row in LIST}


def test_a_line_break_joins_no_two_names() -> None:
    index = an_index(("AB", "One", "NYSE"), ("CD", "Two", "NYSE"))

    assert symbols("one\ntwo", index=index) == symbols("e\n t", index=index) == []


def test_a_list_without_traded_symbols_answers() -> None:
    empty = TickerIndex([], [], [], GONE)

    assert (empty.search("a", 10), empty.find("A"), empty.find("FB"), len(empty)) == ([], None, GONE["FB"], 1)


def numbered(count: int, name: str) -> TickerIndex:
    """So many with the same words and first letters, the alphabetically last one best known."""
    return an_index(*[(f"S{number:04}", f"{name} {number:04}", "NYSE") for number in reversed(range(count))])


@pytest.mark.parametrize("count", [MANY, MANY + 1, 3 * MANY])
@pytest.mark.parametrize("query", ["s", "company", "ompan", "company inc", "0"])
def test_few_and_many_matches_come_in_the_same_order_and_all(count: int, query: str) -> None:
    index = numbered(count, "Company Inc")
    expected = [symbol for symbol in index.symbols if query != "0" or "0" in symbol]

    assert symbols(query, limit=count, index=index) == expected
    assert symbols(query, limit=7, index=index) == expected[:7]
