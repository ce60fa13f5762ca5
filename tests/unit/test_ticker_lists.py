"""The documents of published and bundled lists: what is parsed, and what is refused with which reason."""

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


def a_document_with_entry(**fields: Any) -> bytes:
    entry = {"name": "Apple Inc.", "exchange": "NASDAQ", "is_active": True} | fields
    return a_document(symbols={"AAPL": entry, "MSFT": {"name": "Microsoft", "exchange": "NASDAQ", "is_active": True}})


def test_a_document_is_parsed_as_it_was_encoded() -> None:
    published = TickerListDocument.parse(encode("7", NOW, LISTINGS))

    assert (published.version, published.updated_at) == ("7", NOW)
    assert published.listings() == LISTINGS
    assert list(published.listings()) == list(LISTINGS)


def test_the_index_has_the_listings_without_sector_and_industry() -> None:
    index = TickerListDocument.parse(encode("7", NOW, LISTINGS)).index()

    assert index.find("AAPL") == Listing(APPLE)
    assert (index.find("BRK.B"), index.find("FB")) == (LISTINGS["BRK.B"], FACEBOOK)
    assert index.symbols == ("BRK.B", "AAPL", "FB")


def test_the_document_has_the_fields_of_the_contract() -> None:
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


def test_a_lone_surrogate_in_a_field_that_is_only_kept_is_encoded() -> None:
    listings = {"AAPL": Listing(APPLE, sector="\ud83d")}

    assert TickerListDocument.parse(encode("7", NOW, listings)).listings() == listings


def test_symbols_are_made_canonical() -> None:
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


@pytest.mark.parametrize("day", ["soon", 7, None, "", "2022-13-01"])
def test_an_invalid_date_is_ignored(day: object) -> None:
    assert (
        TickerListDocument.parse(a_document_with_entry(is_active=False, delisted_at=day)).listings()["AAPL"].delisted_at
        is None
    )


def test_a_time_of_delisting_is_reduced_to_its_date() -> None:
    published = TickerListDocument.parse(a_document_with_entry(is_active=False, delisted_at="2022-06-09T13:30:00Z"))

    assert published.listings()["AAPL"].delisted_at == date(2022, 6, 9)


def test_a_time_without_a_zone_is_utc() -> None:
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
        (a_document_with_entry(name=None), "AAPL has no name"),
        (a_document_with_entry(name=""), "AAPL has no name"),
        (a_document_with_entry(name=["Apple"]), "AAPL has no name"),
        (a_document_with_entry(name="Apple\nInc."), "AAPL has no name"),
        (a_document_with_entry(name="\ud800"), "AAPL has no name"),
        (a_document_with_entry(name="x" * 501), "AAPL has no name that is a text of at most 500 characters"),
        (a_document_with_entry(exchange="x" * 501), "AAPL has no exchange"),
        (a_document_with_entry(exchange=7), "AAPL has no exchange"),
        (a_document(symbols={"AAPL": {"name": "Apple Inc."}}), "AAPL has no exchange"),
        (a_document(symbols={"AAPL": {"exchange": "NASDAQ", "is_active": False}, "A": {}}), "AAPL has no name"),
    ],
)
def test_an_invalid_document_is_refused_with_the_reason(body: bytes, reason: str) -> None:
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


def test_the_bundled_list_has_real_tickers() -> None:
    bundle = bundled()
    exchanges = {listing.ticker.exchange for symbol in bundle.index.symbols if (listing := bundle.index.find(symbol))}

    assert len(bundle.index) > 10_000
    assert bundle.built_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert all(word in bundle.origin for word in ("SEC", "edgartools", "MIT"))
    assert {"NASDAQ", "NYSE", "OTC", "CBOE", "ARCA"} <= exchanges
    assert bundle.index.find("BRK.B") == Listing(Ticker("BRK.B", "Berkshire Hathaway Inc", "NYSE"))
    assert [ticker.symbol for ticker in bundle.index.search("apple", 1)] == ["AAPL"]


def test_every_bundled_symbol_is_canonical_and_every_successor_is_traded() -> None:
    index = bundled().index
    gone = [listing for symbol in index.symbols if (listing := index.find(symbol)) and not listing.is_active]

    assert [symbol for symbol in index.symbols if canonical_symbol(symbol) != symbol] == []
    assert len(gone) > 50
    assert {listing.successor for listing in gone} - {None} <= index.traded
    assert index.find("FB") == FACEBOOK
