"""The documents of published and bundled lists: what is parsed, and what is refused with which reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.tickers.bundled import bundled, bundled_listings, pack, unpack
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


MICROSOFT_ENTRY = {"name": "Microsoft", "exchange": "NASDAQ", "is_active": True}


def a_document(**fields: Any) -> bytes:
    document = {"version": "1", "updated_at": "2026-11-23T12:00:00Z", "symbols": {"MSFT": MICROSOFT_ENTRY}}
    return json.dumps(document | fields).encode()


def a_document_with_entry(**fields: Any) -> bytes:
    entry = {"name": "Apple Inc.", "exchange": "NASDAQ", "is_active": True} | fields
    return a_document(symbols={"AAPL": entry, "MSFT": MICROSOFT_ENTRY})


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
    document = json.loads(encode("7", NOW, {"FB": FACEBOOK, "AAPL": APPLE_LISTED}))

    assert (document["version"], document["updated_at"]) == ("7", "2026-11-23T12:00:00Z")
    assert document["symbols"]["FB"] == {
        "name": "Facebook, Inc.",
        "exchange": "NASDAQ",
        "is_active": False,
        "delisted_at": "2022-06-09",
        "successor_symbol": "META",
    }
    assert document["symbols"]["AAPL"].items() >= {"sector": "Technology", "industry": "Consumer Electronics"}.items()


def test_a_lone_surrogate_in_a_field_that_is_only_kept_is_encoded() -> None:
    listings = {"AAPL": Listing(APPLE, sector="\ud83d")}

    assert TickerListDocument.parse(encode("7", NOW, listings)).listings() == listings


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


@pytest.mark.parametrize(
    ("day", "date_of_delisting"),
    [*((wrong, None) for wrong in ("soon", 7, None, "", "2022-13-01")), ("2022-06-09T13:30:00Z", date(2022, 6, 9))],
)
def test_a_time_of_delisting_is_reduced_to_its_date_and_an_invalid_one_is_ignored(
    day: object, date_of_delisting: date | None
) -> None:
    document = TickerListDocument.parse(a_document_with_entry(is_active=False, delisted_at=day))

    assert document.listings()["AAPL"].delisted_at == date_of_delisting


def test_a_time_without_a_zone_is_utc() -> None:
    assert TickerListDocument.parse(a_document(updated_at="2026-11-23T12:00:00")).updated_at == NOW


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>Service Unavailable</html>", "not JSON"),
        (a_document()[:-20], "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b" " * (MAX_BYTES + 1), "larger than"),
        (b"[]", "not a JSON object"),
        (b"{}", "version"),
        (a_document(version="a\nb"), "version"),
        (a_document(updated_at=None), "updated_at"),
        (a_document(updated_at="yesterday"), "updated_at"),
        (a_document(symbols={}), "empty"),
        (a_document(symbols=["AAPL"]), "object of objects"),
        (a_document(symbols={"AAPL": "Apple Inc."}), "object of objects"),
        (a_document(symbols={"NOT A SYMBOL": {}, "<script>": {}}), "2 of its symbols are invalid"),
        (a_document(symbols={"FB": {"name": "Facebook", "exchange": "NASDAQ", "is_active": False}}), "is traded"),
        (a_document_with_entry(name=None), "AAPL has no name"),
        (a_document_with_entry(name=""), "AAPL has no name"),
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
    assert {symbol: bundle.index.find(symbol) for symbol in bundle.index.symbols} == LISTINGS | {"AAPL": Listing(APPLE)}


def test_the_bundled_list_is_recent_and_has_the_symbols_of_all_exchanges() -> None:
    bundle = bundled()
    listings = bundled_listings().values()

    assert len(bundle.index) == len(listings) > 10_000
    assert bundle.built_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert all(word in bundle.origin for word in ("SEC", "edgartools", "MIT"))
    assert {"NASDAQ", "NYSE", "OTC", "CBOE", "ARCA"} <= {listing.ticker.exchange for listing in listings}
    assert bundle.index.find("BRK.B") == Listing(BERKSHIRE)
    assert bundle.index.find("FB") == FACEBOOK


def test_every_bundled_symbol_is_canonical_and_every_successor_is_traded() -> None:
    listings = bundled_listings()
    gone = [listing for listing in listings.values() if not listing.is_active]

    assert [symbol for symbol in listings if canonical_symbol(symbol) != symbol] == []
    assert len(gone) > 50
    assert {listing.successor for listing in gone} - {None} <= bundled().index.traded
