"""The published form of a list: what is read, what is refused, and why."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.tickers.bundled import bundled, pack, unpack
from adapters.tickers.json_format import TickerListDocument, encode
from domain.errors import TickerListRefused
from domain.ticker_list import MAX_BYTES
from domain.tickers import Listing, Ticker, canonical_symbol
from tests.builders import APPLE, BERKSHIRE, NOW

FACEBOOK = Listing(
    Ticker("FB", "Facebook, Inc.", "NASDAQ"), is_active=False, delisted_at=date(2022, 6, 9), successor="META"
)
APPLE_LISTED = Listing(APPLE, sector="Technology", industry="Consumer Electronics")
LISTINGS = {"BRK.B": Listing(BERKSHIRE), "AAPL": APPLE_LISTED, "FB": FACEBOOK}


def a_document(**fields: Any) -> bytes:
    entry = {"name": "Apple Inc.", "exchange": "NASDAQ", "is_active": True}
    return json.dumps(
        {"version": "1", "updated_at": "2026-11-23T12:00:00Z", "symbols": {"AAPL": entry}} | fields
    ).encode()


def an_entry(**fields: Any) -> bytes:
    entry = {"name": "Apple Inc.", "exchange": "NASDAQ", "is_active": True} | fields
    return a_document(symbols={"AAPL": entry, "MSFT": {"name": "Microsoft", "exchange": "NASDAQ", "is_active": True}})


def test_a_list_is_read_as_it_was_written() -> None:
    published = TickerListDocument.parse(encode("7", NOW, LISTINGS))

    assert (published.version, published.updated_at) == ("7", NOW)
    assert published.listings() == LISTINGS
    assert list(published.listings()) == list(LISTINGS)


def test_its_index_says_what_its_listings_say_but_for_what_is_kept_for_others() -> None:
    index = TickerListDocument.parse(encode("7", NOW, LISTINGS)).index()

    assert index.find("AAPL") == Listing(APPLE)
    assert (index.find("BRK.B"), index.find("FB")) == (LISTINGS["BRK.B"], FACEBOOK)
    assert index.symbols == ("BRK.B", "AAPL", "FB")


def test_the_published_form_is_the_one_that_others_read() -> None:
    assert json.loads(encode("7", NOW, {"FB": FACEBOOK, "AAPL": APPLE_LISTED})) == {
        "version": "7",
        "updated_at": "2026-11-23T12:00:00Z",
        "symbols": {
            "FB": {
                "name": "Facebook, Inc.",
                "exchange": "NASDAQ",
                "is_active": False,
                "delisted_at": "2022-06-09",
                "successor_symbol": "META",
            },
            "AAPL": {
                "name": "Apple Inc.",
                "exchange": "NASDAQ",
                "is_active": True,
                "sector": "Technology",
                "industry": "Consumer Electronics",
            },
        },
    }


def test_half_a_character_that_another_publisher_wrote_stops_no_publication() -> None:
    half = {"AAPL": Listing(APPLE, sector="\ud83d")}

    assert TickerListDocument.parse(encode("7", NOW, half)).listings() == half


def test_symbols_may_be_spelled_in_other_ways() -> None:
    entry = {"name": "Berkshire", "exchange": "NYSE", "is_active": True}

    assert TickerListDocument.parse(a_document(symbols={"brk-b": entry})).traded == {"BRK.B": entry}


@pytest.mark.parametrize(
    ("first_is_active", "second_is_active", "name"),
    [(True, True, "first"), (True, False, "first"), (False, True, "second"), (False, False, "first")],
)
def test_of_two_spellings_of_one_security_the_first_active_one_counts(
    *, first_is_active: bool, second_is_active: bool, name: str
) -> None:
    first = {"name": "first", "exchange": "NYSE", "is_active": first_is_active}
    second = {"name": "second", "exchange": "NYSE", "is_active": second_is_active}
    other = {"name": "other", "exchange": "NYSE"}

    published = TickerListDocument.parse(a_document(symbols={"ACHR.W": first, "X": other, "ACHR-WT": second}))

    assert set(published.listings()) == {"ACHR.WT", "X"}
    assert published.listings()["ACHR.WT"].ticker.name == name


def test_what_does_not_say_that_it_is_active_is() -> None:
    symbols = {"A": {"name": "Agilent", "exchange": "NYSE"}}

    assert TickerListDocument.parse(a_document(symbols=symbols)).traded == symbols


@pytest.mark.parametrize("day", ["soon", 7, None, "", "2022-13-01"])
def test_a_day_that_is_none_counts_as_unknown(day: object) -> None:
    assert TickerListDocument.parse(an_entry(is_active=False, delisted_at=day)).listings()["AAPL"].delisted_at is None


def test_a_time_of_delisting_counts_as_its_day() -> None:
    published = TickerListDocument.parse(an_entry(is_active=False, delisted_at="2022-06-09T13:30:00Z"))

    assert published.listings()["AAPL"].delisted_at == date(2022, 6, 9)


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert TickerListDocument.parse(a_document(updated_at="2026-11-23T12:00:00")).updated_at == NOW


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>Service Unavailable</html>", "not JSON"),
        (a_document()[:-20], "not JSON"),
        (b"\x1f\x8b\x08\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b" " * (MAX_BYTES + 1), "larger than"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "version"),
        (a_document(version=None), "version"),
        (a_document(version="a\nb"), "version"),
        (a_document(updated_at=None), "updated_at"),
        (a_document(updated_at="yesterday"), "updated_at"),
        (a_document(updated_at=1_700_000_000), "updated_at"),
        (a_document(symbols={}), "empty"),
        (a_document(symbols=["AAPL"]), "object of objects"),
        (a_document(symbols={"AAPL": "Apple Inc."}), "object of objects"),
        (a_document(symbols={"NOT A SYMBOL": {}, "<script>": {}}), "2 of its symbols are invalid"),
        (a_document(symbols={"": {}}), "invalid"),
        (a_document(symbols={"FB": {"name": "Facebook", "exchange": "NASDAQ", "is_active": False}}), "is traded"),
        (an_entry(name=None), "AAPL has no name"),
        (an_entry(name=""), "AAPL has no name"),
        (an_entry(name=["Apple"]), "AAPL has no name"),
        (an_entry(name="Apple\nInc."), "AAPL has no name"),
        (an_entry(name="\ud800"), "AAPL has no name"),
        (an_entry(name="x" * 501), "AAPL has no name that is a text of at most 500 characters"),
        (an_entry(exchange="x" * 501), "AAPL has no exchange"),
        (an_entry(exchange=7), "AAPL has no exchange"),
        (a_document(symbols={"AAPL": {"name": "Apple Inc."}}), "AAPL has no exchange"),
        (a_document(symbols={"AAPL": {"exchange": "NASDAQ", "is_active": False}, "A": {}}), "AAPL has no name"),
    ],
)
def test_what_is_no_list_to_go_by_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(TickerListRefused, match=reason):
        TickerListDocument.parse(body)


def test_a_bundle_is_unpacked_as_it_was_packed() -> None:
    bundle = unpack(pack("7", NOW, "somewhere", LISTINGS))

    assert (bundle.version, bundle.built_at, bundle.origin) == ("7", NOW, "somewhere")
    assert bundle.index.symbols == ("BRK.B", "AAPL", "FB")
    assert [bundle.index.find(symbol) for symbol in bundle.index.symbols] == [
        Listing(BERKSHIRE),
        Listing(APPLE),
        FACEBOOK,
    ]


def test_the_same_list_packs_to_the_same_bytes() -> None:
    assert pack("7", NOW, "here", LISTINGS) == pack("7", NOW, "here", LISTINGS)


def test_the_list_that_ships_is_real() -> None:
    bundle = bundled()
    exchanges = {listing.ticker.exchange for symbol in bundle.index.symbols if (listing := bundle.index.find(symbol))}

    assert len(bundle.index) > 10_000
    assert bundle.built_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert all(word in bundle.origin for word in ("SEC", "edgartools", "MIT"))
    assert {"NASDAQ", "NYSE", "OTC", "CBOE", "ARCA"} <= exchanges
    assert bundle.index.find("BRK.B") == Listing(Ticker("BRK.B", "Berkshire Hathaway Inc", "NYSE"))
    assert [ticker.symbol for ticker in bundle.index.search("apple", 1)] == ["AAPL"]


def test_every_symbol_that_ships_is_in_its_one_spelling_and_every_successor_is_traded() -> None:
    index = bundled().index
    gone = [listing for symbol in index.symbols if (listing := index.find(symbol)) and not listing.is_active]

    assert [symbol for symbol in index.symbols if canonical_symbol(symbol) != symbol] == []
    assert len(gone) > 50
    assert {listing.successor for listing in gone} - {None} <= index.traded
    assert index.find("FB") == FACEBOOK
