"""How one edition of the list becomes the next, and what is different in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from adapters.tickers import editor as ticker_editor
from adapters.tickers.editor import TickerListEditor, changes, merged
from domain.errors import TickerListRefused
from domain.ports import TickerChange, TickerDraft
from domain.tickers import Listing, Ticker
from tests.builders import NOW
from tests.unit.test_ticker_files import nasdaq_listed, the_secs

TODAY = date(2026, 11, 23)


def traded(symbol: str, name: str = "Some Inc.", exchange: str = "NYSE") -> Listing:
    return Listing(Ticker(symbol, name, exchange))


def gone(symbol: str, day: date = date(2020, 1, 1), successor: str | None = None) -> Listing:
    return replace(traded(symbol), is_active=False, delisted_at=day, successor=successor)


def a_merge(
    before: list[Listing], now: list[str], ranking: str = "", successors: dict[str, str] | None = None
) -> dict[str, Listing]:
    return merged(
        {listing.ticker.symbol: listing for listing in before},
        [traded(symbol).ticker for symbol in now],
        ranking=list(ranking),
        successors=successors or {},
        today=TODAY,
    )


def test_what_vanished_stays_as_delisted_today() -> None:
    assert a_merge([traded("A"), traded("B")], ["A"]) == {"A": traded("A"), "B": gone("B", TODAY)}


def test_what_was_delisted_stays_so_since_then() -> None:
    assert a_merge([gone("B", successor="C")], ["A"])["B"] == gone("B", successor="C")


def test_what_came_back_is_traded() -> None:
    assert a_merge([gone("B", successor="A")], ["A", "B"])["B"] == traded("B")


def test_one_that_vanished_may_be_given_a_successor_now_or_later() -> None:
    given = {"B": "A", "C": "A"}

    listings = a_merge([traded("B"), gone("C")], ["A"], successors=given)

    assert (listings["B"].successor, listings["C"].successor) == ("A", "A")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"A": "C"}, "A is not a symbol that vanished"),
        ({"Z": "A"}, "Z is not a symbol that vanished"),
        ({"B": "Z"}, "Z, the successor of B, is unknown"),
    ],
)
def test_a_successor_that_makes_no_sense_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(TickerListRefused, match=reason):
        a_merge([traded("B")], ["A", "C"], successors=given)


def test_the_ranking_orders_what_is_traded_and_news_and_former_ones_follow() -> None:
    assert list(a_merge([gone("Z"), traded("Y")], ["A", "B", "C", "D"], ranking="CXB")) == list("CBADZY")


def test_what_others_keep_in_the_list_stays_in_it() -> None:
    before = replace(traded("A", name="Old name"), sector="Technology", industry="Software")

    assert a_merge([before], ["A"])["A"] == replace(before, ticker=traded("A").ticker)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, traded("A"), "added"),
        (None, gone("A"), "added"),
        (gone("A"), traded("A"), "relisted"),
        (traded("A"), gone("A"), "delisted"),
        (traded("A"), None, "dropped"),
        (gone("A"), None, "dropped"),
        (traded("A"), traded("A", name="New name"), "changed"),
        (gone("A"), gone("A", successor="B"), "changed"),
    ],
)
def test_every_change_has_its_name(before: Listing | None, after: Listing | None, kind: str) -> None:
    lists = [{} if listing is None else {"A": listing, "B": traded("B")} for listing in (before, after)]

    found = [change for change in changes(*lists) if change.symbol == "A"]

    assert found == [TickerChange("A", before, after)]
    assert found[0].kind == kind


def test_changes_come_in_alphabetical_order_and_only_where_there_are_any() -> None:
    before, after = {"C": traded("C"), "B": traded("B")}, {"B": traded("B"), "A": traded("A")}

    assert [change.symbol for change in changes(before, after)] == ["A", "C"]


def build(**files: bytes) -> TickerDraft:
    return TickerListEditor(None, clock=lambda: NOW).build(files, successors={})


def test_a_first_list_takes_the_past_and_the_order_from_the_one_that_ships() -> None:
    draft = build(
        nasdaq=nasdaq_listed(*(f"{symbol}|{symbol} Inc.|Q|N|N|100|N|N" for symbol in ("AAPL", "NEW", "NVDA")))
    )

    assert list(draft.listings)[:3] == ["NVDA", "AAPL", "NEW"]
    assert draft.listings["FB"].successor == "META"
    assert "MSFT" not in draft.listings
    assert (draft.traded, draft.version) == (3, "2026-11-23T12:00:00Z")


def test_the_exchanges_know_the_names_and_the_sec_the_order() -> None:
    draft = build(
        sec=the_secs([1, "ZULU CORP", "ZZ", "Nasdaq"], [2, "ALPHA CORP", "AA", "OTC"]),
        nasdaq=nasdaq_listed("ZZ|Zulu Corporation - Common Stock|Q|N|N|100|N|N", "MM|Mike Inc.|Q|N|N|100|N|N"),
    )

    assert list(draft.listings)[:3] == ["ZZ", "AA", "MM"]
    assert draft.listings["ZZ"].ticker == Ticker("ZZ", "Zulu Corporation", "NASDAQ")


def test_a_file_that_is_refused_is_named() -> None:
    with pytest.raises(TickerListRefused, match="page: it is none of"):
        build(page=b"<html>")


def test_without_a_bucket_nothing_is_published() -> None:
    draft = build(sec=the_secs([1, "ZULU CORP", "ZZ", "Nasdaq"]))

    with pytest.raises(TickerListRefused, match="CONFIG_API_TICKER_BUCKET"):
        TickerListEditor(None, clock=lambda: NOW).publish(draft, force=True)


@contextmanager
def serving(body: bytes, *, sized: bool) -> Iterator[str]:
    """The URL of a file on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            if sized:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file.txt"
        server.shutdown()


@pytest.mark.parametrize("sized", [True, False])
def test_a_url_is_read_and_its_progress_told(*, sized: bool) -> None:
    progress: list[tuple[int, int | None]] = []
    body = b"x" * 100_000

    with serving(body, sized=sized) as url:
        read = TickerListEditor(None, clock=lambda: NOW).read(url, on_progress=lambda *told: progress.append(told))

    assert read == body
    assert progress[-1] == (100_000, 100_000 if sized else None)
    assert len(progress) > 1


def test_a_file_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker_editor, "MAX_BYTES", 1_000)

    with serving(b"x" * 100_000, sized=True) as url, pytest.raises(TickerListRefused, match="larger than 1000"):
        TickerListEditor(None, clock=lambda: NOW).read(url, on_progress=lambda _read, _size: None)


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"content")

    read = TickerListEditor(None, clock=lambda: NOW).read(
        str(tmp_path / "file.txt"), on_progress=lambda _read, _size: None
    )

    assert read == b"content"
