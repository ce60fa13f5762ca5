"""The public source files, valid and damaged, and the files of candidates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adapters.tickers import files
from adapters.tickers.files import PublicTickerFiles, parse
from adapters.tickers.json_format import encode
from domain.errors import TickerListRefused
from domain.ticker_list import PublishedTickerList, TickerFile, TickerListCandidate
from domain.tickers import Listing, Ticker
from tests.builders import APPLE, NOW

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


def test_otherlisted_is_read_with_the_canonical_symbol_of_each_kind_of_security() -> None:
    file = parse(
        other_listed(
            "BRK.B|Berkshire Hathaway Inc. Common Stock|N|BRK.B|N|100|N|BRK.B",
            "BAC$B|Bank of America Corporation Depositary Shares Series B|N|BACpB|N|100|N|BAC-B",
            "ETI$|Entergy Texas, Inc. 5.375% Series A Preferred Stock|N|ETIp|N|100|N|ETI-",
            "ACHR.W|Archer Aviation Inc. Warrants|N|ACHR.WS|N|100|N|ACHR+",
            "NE.A|Noble Corporation plc Tranche 1 Warrants|N|NE.WS.A|N|100|N|NE+A",
            "GRAF.U|Graf Global Corp. Units|A|GRAF.U|N|100|N|GRAF=",
            "TYG.R|Tortoise Energy Infrastructure Corporation Rights|N|TYGr|N|100|N|TYG^",
            "VLTO.V|Veralto Corp Common Stock When-Issued|N|VLTOw|N|100|N|VLTO#",
            "MKC.V|McCormick & Company, Incorporated Common Stock|N|MKC.V|N|100|N|MKC.V",
            "IMO|Imperial Oil Limited|A|IMO|N|100|N|IMO",
            "VOO|Vanguard S&P 500 ETF|P|VOO|Y|100|N|VOO",
            "ARKK|ARK Innovation ETF|Z|ARKK|Y|100|N|ARKK",
            "IEXT|One of IEX|V|IEXT|N|100|N|IEXT",
            "NEW|One of an unknown exchange|X|NEW|N|100|N|NEW",
            "ZXZZT|NYSE TEST|N|ZXZZT|N|100|Y|ZXZZT",
        )
    )

    assert [(ticker.symbol, ticker.exchange) for ticker in file.tickers] == [
        ("BRK.B", "NYSE"),
        ("BAC.PB", "NYSE"),
        ("ETI.P", "NYSE"),
        ("ACHR.WT", "NYSE"),
        ("NE.WTA", "NYSE"),
        ("GRAF.UN", "AMEX"),
        ("TYG.RI", "NYSE"),
        ("VLTO.V", "NYSE"),
        ("MKC.V", "NYSE"),
        ("IMO", "AMEX"),
        ("VOO", "ARCA"),
        ("ARKK", "CBOE"),
        ("IEXT", "IEX"),
        ("NEW", "OTHER"),
    ]
    assert file.exchanges == {"NYSE", "AMEX", "ARCA", "CBOE", "IEX"}


def test_a_row_without_a_valid_cqs_symbol_is_read_by_its_act_symbol() -> None:
    file = parse(
        other_listed("ACHR.W|Archer Aviation Inc. Warrants|N||N|100|N|ACHR+", "BRK.A|Berkshire|N|BRK A|N|1|N|BRK.A")
    )

    assert [ticker.symbol for ticker in file.tickers] == ["ACHR.WT", "BRK.A"]


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


def test_an_invalid_symbol_is_skipped_and_counted() -> None:
    file = parse(nasdaq_listed("A B*C|Odd|Q|N|N|100|N|N", "AAPL|Apple Inc.|Q|N|N|100|N|N"))

    assert ([ticker.symbol for ticker in file.tickers], file.skipped) == (["AAPL"], 1)


def test_a_missing_name_is_replaced_by_the_symbol() -> None:
    file = parse(nasdaq_listed("AAPL|Apple\t\0 Inc.|Q|N|N|100|N|N", "MSFT||Q|N|N|100|N|N"))

    assert [ticker.name for ticker in file.tickers] == ["Apple Inc.", "MSFT"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is not nasdaqlisted.txt"),
        (b"<html>404 Not Found</html>", "is not nasdaqlisted.txt"),
        (b"\x00" * 1_000, "is not nasdaqlisted.txt"),
        (nasdaq_listed("AAPL|Apple Inc.|Q|N|N|100|N|N", footer="MSFT|Micros"), "incomplete"),
        (NASDAQ.encode(), "incomplete"),
        (nasdaq_listed(), "no symbol"),
        (nasdaq_listed("AAPL|Apple Inc."), "lacks the column 'Test Issue'"),
        (nasdaq_listed("AAPL|Apple Inc.|Q|N", header="Symbol|Name|Market Category|Test Issue"), "'Security Name'"),
        (other_listed(), "no symbol"),
        (b'{"fields": ["cik"', "not have the layout"),
        (b"{}", "not have the layout"),
        (b'{"0": {"cik_str": 1, "ticker": "NVDA", "title": "NVIDIA CORP"}}', "not have the layout"),
        (sec_file([1, "NVIDIA CORP", "NVDA"]), "not have the layout"),
        (sec_file([1, None, "NVDA", "Nasdaq"]), "not have the layout"),
        (sec_file([1, "NVIDIA CORP", None, "Nasdaq"]), "not have the layout"),
        (sec_file([1, "NVIDIA CORP", "NVDA", ["Nasdaq"]]), "not have the layout"),
        (sec_file(), "no symbol"),
        (b'{"a":' * 100_000, "not have the layout"),
    ],
)
def test_an_invalid_file_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(TickerListRefused, match=reason):
        parse(body)


@contextmanager
def serving(body: bytes, *, sized: bool = False, http: bool = True) -> Iterator[str]:
    """The URL of a file on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if http:
                self.send_response_only(200)
                if sized:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/file.txt"
        finally:
            server.shutdown()
            thread.join()


def a_large_file() -> bytes:
    return nasdaq_listed(*(f"S{number}|{'x' * 100}|Q|N|N|100|N|N" for number in range(1_000)))


@pytest.mark.parametrize("sized", [True, False])
def test_a_url_is_downloaded_with_progress(*, sized: bool) -> None:
    progress: list[tuple[int, int | None]] = []
    body = a_large_file()

    with serving(body, sized=sized) as url:
        file = PublicTickerFiles().read_source(url, on_progress=lambda *report: progress.append(report))

    assert len(file.tickers) == 1_000
    assert progress[-1] == (len(body), len(body) if sized else None)
    assert len(progress) > 1


def test_a_download_that_is_too_large_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000)

    with serving(a_large_file()) as url, pytest.raises(TickerListRefused, match="larger than 1000"):
        read_source(url)


def test_a_server_that_does_not_speak_http_is_an_error_that_names_the_source() -> None:
    with serving(b"SSH-2.0-OpenSSH\r\n\r\n", http=False) as url, pytest.raises(OSError, match=f"{url} cannot be read"):
        read_source(url)


def test_a_refused_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>")

    with pytest.raises(TickerListRefused, match=r"page\.html: it is not nasdaqlisted\.txt"):
        read_source(str(tmp_path / "page.html"))


@pytest.mark.parametrize("based_on", ['"an etag"', None])
def test_a_candidate_is_read_as_it_was_written(tmp_path: Path, based_on: str | None) -> None:
    path, base = tmp_path / "new.json", PublishedTickerList('"current"', {})
    candidate = TickerListCandidate("7", NOW, {"AAPL": Listing(APPLE)}, based_on=based_on, base=base)

    PublicTickerFiles().write_candidate(path, candidate)

    assert PublicTickerFiles().read_candidate(path, base) == candidate


def test_a_list_of_another_program_is_based_on_the_published_list(tmp_path: Path) -> None:
    path, base = tmp_path / "new.json", PublishedTickerList('"current"', {})
    path.write_bytes(encode("7", NOW, {"AAPL": Listing(APPLE)}))

    assert PublicTickerFiles().read_candidate(path, base).based_on == base.etag
    assert PublicTickerFiles().read_candidate(path, None).based_on is None


def read_source(source: str) -> TickerFile:
    return PublicTickerFiles().read_source(source, on_progress=lambda _read, _total: None)
