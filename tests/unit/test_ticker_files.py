"""The public source files, valid and damaged, the files of candidates, and the lists that are built from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from adapters.tickers import files
from adapters.tickers.bundled import bundled_listings
from adapters.tickers.files import PublicTickerFiles, parse
from adapters.tickers.json_format import encode
from domain.errors import TickerListRefused
from domain.ticker_list import PublishedTickerList, TickerFile, TickerListCandidate, traded_symbols
from domain.ticker_services import TickerListService
from domain.tickers import Listing, Ticker
from tests.builders import APPLE, NOW
from tests.support.http_servers import answering, serving
from tests.support.ticker_sources import ARepository

FOOTER = "File Creation Time: 1123202621:31|||||||"
NASDAQ = "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares"
OTHER = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol"


def nasdaq_listed(*rows: str, header: str = NASDAQ, footer: str = FOOTER) -> bytes:
    return "\r\n".join([header, *rows, footer, ""]).encode()


def other_listed(*rows: str) -> bytes:
    return nasdaq_listed(*rows, header=OTHER)


def sec_file(*rows: list[Any], fields: tuple[str, ...] = ("cik", "name", "ticker", "exchange")) -> bytes:
    return json.dumps({"fields": fields, "data": rows}).encode()


def test_nasdaqlisted_is_read_without_test_issues() -> None:
    file = parse(
        nasdaq_listed(
            "AAPL|Apple Inc. - Common Stock|Q|N|N|100|N|N",
            "QQQ|Invesco QQQ Trust, Series 1|G|N|N|100|Y|N",
            "GOOGL|Alphabet Inc. - Class A Common Stock|Q|N|N|100|N|N",
            "ZVZZT|NASDAQ TEST STOCK|G|Y|N|100|N|N",
        )
    )

    assert file == TickerFile(
        (
            Ticker("AAPL", "Apple Inc.", "NASDAQ"),
            Ticker("QQQ", "Invesco QQQ Trust, Series 1", "NASDAQ"),
            Ticker("GOOGL", "Alphabet Inc. - Class A", "NASDAQ"),
        ),
        exchanges=frozenset({"NASDAQ"}),
        ranked=False,
        skipped=0,
    )


OTHER_ROWS = {
    "BRK.B|Berkshire Hathaway Inc. Common Stock|N|BRK.B|N|100|N|BRK.B": ("BRK.B", "NYSE"),
    "BAC$B|Bank of America Corporation Depositary Shares Series B|N|BACpB|N|100|N|BAC-B": ("BAC.PB", "NYSE"),
    "ETI$|Entergy Texas, Inc. 5.375% Series A Preferred Stock|N|ETIp|N|100|N|ETI-": ("ETI.P", "NYSE"),
    "ACHR.W|Archer Aviation Inc. Warrants|N|ACHR.WS|N|100|N|ACHR+": ("ACHR.WT", "NYSE"),
    "NE.A|Noble Corporation plc Tranche 1 Warrants|N|NE.WS.A|N|100|N|NE+A": ("NE.WTA", "NYSE"),
    "GRAF.U|Graf Global Corp. Units|A|GRAF.U|N|100|N|GRAF=": ("GRAF.UN", "AMEX"),
    "TYG.R|Tortoise Energy Infrastructure Corporation Rights|N|TYGr|N|100|N|TYG^": ("TYG.RI", "NYSE"),
    "VLTO.V|Veralto Corp Common Stock When-Issued|N|VLTOw|N|100|N|VLTO#": ("VLTO.V", "NYSE"),
    "MKC.V|McCormick & Company, Incorporated Common Stock|N|MKC.V|N|100|N|MKC.V": ("MKC.V", "NYSE"),
    "IMO|Imperial Oil Limited|A|IMO|N|100|N|IMO": ("IMO", "AMEX"),
    "VOO|Vanguard S&P 500 ETF|P|VOO|Y|100|N|VOO": ("VOO", "ARCA"),
    "ARKK|ARK Innovation ETF|Z|ARKK|Y|100|N|ARKK": ("ARKK", "CBOE"),
    "IEXT|One of IEX|V|IEXT|N|100|N|IEXT": ("IEXT", "IEX"),
    "NEW|One of an unknown exchange|X|NEW|N|100|N|NEW": ("NEW", "OTHER"),
    # without a valid CQS symbol, the ACT symbol counts
    "GM.W|General Motors Warrants|N||N|100|N|GM+": ("GM.WT", "NYSE"),
    "BRK.A|Berkshire Hathaway Inc.|N|BRK A|N|1|N|BRK.A": ("BRK.A", "NYSE"),
}


def test_otherlisted_is_read_with_the_canonical_symbol_of_each_kind_of_security() -> None:
    file = parse(other_listed(*OTHER_ROWS, "ZXZZT|NYSE TEST|N|ZXZZT|N|100|Y|ZXZZT"))

    assert [(ticker.symbol, ticker.exchange) for ticker in file.tickers] == list(OTHER_ROWS.values())
    assert file.exchanges == {"NYSE", "AMEX", "ARCA", "CBOE", "IEX"}


@pytest.mark.parametrize("line_break", ["\r\n", "\n"])
def test_a_latin_1_file_is_read_with_either_line_break(line_break: str) -> None:
    text = nasdaq_listed("NSRGY|Nestl\u00e9\u0085 S.A.|Q|N|N|100|N|N").decode().replace("\r\n", line_break)

    file = parse(text.encode("latin-1"))

    assert file.tickers == (Ticker("NSRGY", "Nestl\u00e9 S.A.", "NASDAQ"),)


def test_the_sec_s_file_is_read_in_the_order_of_market_value() -> None:
    file = parse(
        sec_file(
            [1045810, "NVIDIA CORP", "NVDA", "Nasdaq"],
            [1067983, "BERKSHIRE HATHAWAY INC", "BRK-B", "NYSE"],
            [1, "SOMEWHERE ELSE", "ELSE", None],
        )
    )

    assert file.ranked
    assert file.tickers == (
        Ticker("NVDA", "NVIDIA Corp", "NASDAQ"),
        Ticker("BRK.B", "Berkshire Hathaway Inc", "NYSE"),
        Ticker("ELSE", "Somewhere Else", "OTHER"),
    )


def test_an_invalid_symbol_is_skipped_and_a_missing_name_is_replaced_by_the_symbol() -> None:
    file = parse(nasdaq_listed("A B*C|Odd|Q|N|N|100|N|N", "MSFT||Q|N|N|100|N|N"))

    assert file.tickers == (Ticker("MSFT", "MSFT", "NASDAQ"),)
    assert file.skipped == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>404 Not Found</html>", "is not nasdaqlisted.txt"),
        (nasdaq_listed("AAPL|Apple Inc.|Q|N|N|100|N|N", footer="MSFT|Micros"), "incomplete"),
        (NASDAQ.encode(), "incomplete"),
        (nasdaq_listed(), "no symbol"),
        (nasdaq_listed("AAPL|Apple Inc."), "lacks the column 'Test Issue'"),
        (nasdaq_listed("AAPL|Apple Inc.|Q|N", header="Symbol|Name|Market Category|Test Issue"), "'Security Name'"),
        (b'{"fields": ["cik"', "not have the layout"),
        (b'{"0": {"cik_str": 1, "ticker": "NVDA", "title": "NVIDIA CORP"}}', "not have the layout"),
        (sec_file([1, "NVIDIA CORP", "NVDA"]), "not have the layout"),
        (sec_file([1, None, "NVDA", "Nasdaq"]), "not have the layout"),
        (sec_file([1, "NVIDIA CORP", "NVDA", ["Nasdaq"]]), "not have the layout"),
        (b'{"a":' * 100_000, "not have the layout"),
    ],
)
def test_an_invalid_file_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(TickerListRefused, match=reason):
        parse(body)


@contextmanager
def a_url_of(response: bytes) -> Iterator[str]:
    with serving(answering(response)) as port:
        yield f"http://127.0.0.1:{port}/file.txt"


def a_large_file() -> bytes:
    return nasdaq_listed(*(f"S{number}|{'x' * 100}|Q|N|N|100|N|N" for number in range(1_000)))


@pytest.mark.parametrize("sized", [True, False])
def test_a_url_is_downloaded_with_progress(*, sized: bool) -> None:
    progress: list[tuple[int, int | None]] = []
    body = a_large_file()
    header = f"Content-Length: {len(body)}\r\n" if sized else ""

    with a_url_of(f"HTTP/1.0 200 OK\r\n{header}\r\n".encode() + body) as url:
        file = a_service().read_source(url, on_progress=lambda *report: progress.append(report))

    assert len(file.tickers) == 1_000
    assert progress[-1] == (len(body), len(body) if sized else None)
    assert len(progress) > 1


def test_both_files_of_nasdaq_trader_are_the_default_sources() -> None:
    assert a_service().default_sources == (files.NASDAQ_LISTED, files.OTHER_LISTED)


def test_a_download_that_is_too_large_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000)
    response = b"HTTP/1.0 200 OK\r\n\r\n" + a_large_file()

    with a_url_of(response) as url, pytest.raises(TickerListRefused, match="larger than 1000"):
        a_service().read_source(url)


def test_a_server_that_does_not_speak_http_is_an_error_that_names_the_source() -> None:
    with a_url_of(b"SSH-2.0-OpenSSH\r\n\r\n") as url, pytest.raises(OSError, match=f"{url} cannot be read"):
        a_service().read_source(url)


def test_a_refused_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>")

    with pytest.raises(TickerListRefused, match=r"page\.html: it is not nasdaqlisted\.txt"):
        a_service().read_source(str(tmp_path / "page.html"))


CURRENT = PublishedTickerList('"current"', {})


@pytest.mark.parametrize("based_on", ['"an etag"', None])
def test_a_candidate_is_read_as_it_was_written(tmp_path: Path, based_on: str | None) -> None:
    candidate = TickerListCandidate("7", NOW, {"AAPL": Listing(APPLE)}, based_on=based_on, base=CURRENT)
    service = a_service(CURRENT)

    service.save(tmp_path / "new.json", candidate)

    assert service.load(tmp_path / "new.json") == candidate


@pytest.mark.parametrize(("published", "etag"), [(CURRENT, CURRENT.etag), (None, None)], ids=["current", "none"])
def test_a_list_of_another_program_is_based_on_the_published_list(
    tmp_path: Path, published: PublishedTickerList | None, etag: str | None
) -> None:
    (tmp_path / "new.json").write_bytes(encode("7", NOW, {"AAPL": Listing(APPLE)}))

    assert a_service(published).load(tmp_path / "new.json").based_on == etag


def a_service(
    published: PublishedTickerList | None = None, *, bundled: Callable[[], Mapping[str, Listing]] = dict
) -> TickerListService:
    return TickerListService(
        files=PublicTickerFiles(), repository=ARepository(published), bundled=bundled, clock=lambda: NOW
    )


_EXCHANGES = {"AMEX": "A", "NYSE": "N", "ARCA": "P", "CBOE": "Z"}
_SUFFIXES = {"WT": (".W", ".WS"), "WTA": (".A", ".WS.A"), "UN": (".U", ".U"), "RI": (".R", "r")}
"""The suffixes of ACT and CQS symbols."""


def _other_row(ticker: Ticker) -> str:
    """The row of a ticker as Nasdaq Trader writes it."""
    root, _, suffix = ticker.symbol.partition(".")
    if suffix in _SUFFIXES:
        act, cqs = _SUFFIXES[suffix]
    elif suffix.startswith("P"):
        act, cqs = f"${suffix[1:]}", f"p{suffix[1:]}"
    else:
        act = cqs = suffix and f".{suffix}"
    return f"{root}{act}|{ticker.name}|{_EXCHANGES[ticker.exchange]}|{root}{cqs}|N|100|N|x"


@pytest.fixture(scope="module")
def all_files() -> dict[str, TickerFile]:
    """The public files, listing all that the bundled list has."""
    tickers = [listing.ticker for listing in bundled_listings().values() if listing.is_active]
    nasdaq = [f"{t.symbol}|{t.name}|Q|N|N|100|N|N" for t in tickers if t.exchange == "NASDAQ"]
    other = [_other_row(ticker) for ticker in tickers if ticker.exchange in _EXCHANGES]
    sec = [[1, t.name, t.symbol.replace(".", "-"), t.exchange] for t in tickers if t.exchange not in {"ARCA", "AMEX"}]
    return {"nasdaq": parse(nasdaq_listed(*nasdaq)), "other": parse(other_listed(*other)), "sec": parse(sec_file(*sec))}


COMBINATIONS = [names for size in (1, 2, 3) for names in combinations(("nasdaq", "other", "sec"), size)]


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_bundled_symbols_stay_valid_with_every_combination_of_sources_and_with_the_weekly_job(
    names: tuple[str, ...], all_files: dict[str, TickerFile]
) -> None:
    service = a_service(bundled=bundled_listings)

    first = service.build([all_files[name] for name in names], successors={})
    service.publish(first, force=False)
    weekly = service.build([all_files["nasdaq"], all_files["other"]], successors={})
    service.publish(weekly, force=False)

    assert traded_symbols(bundled_listings()) == first.traded == weekly.traded
