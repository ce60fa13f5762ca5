"""The public files that a ticker list is built from, and the files that hold a candidate.

* `nasdaqlisted.txt` and `otherlisted.txt` of Nasdaq Trader: every symbol traded on a US exchange, in
  alphabetical order. Columns are found by their names; the last line proves that the file is complete.
  Each lists all symbols of its exchanges.
* `company_tickers_exchange.json` of the SEC: companies that file there, also those traded over the counter,
  in the order of market value. Fund classes are missing, so that for an exchange its own file decides.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path

from adapters.tickers.json_format import TickerListDocument, document_of
from adapters.tickers.names import company_name
from domain.errors import TickerListRefused
from domain.ticker_list import MAX_BYTES, OnProgress, PublishedTickerList, TickerFile, TickerListCandidate
from domain.tickers import Ticker, canonical_symbol

NASDAQ_LISTED = "https://www.nasdaqtrader.com/dynamic/symdir/nasdaqlisted.txt"
OTHER_LISTED = "https://www.nasdaqtrader.com/dynamic/symdir/otherlisted.txt"

_USER_AGENT = "config-api (ticker list)"
_TIMEOUT = 10.0
"""Seconds without a byte before a download is abandoned."""
_CHUNK = 2**16

_FOOTER = "File Creation Time"
_CQS_SUFFIXES = str.maketrans({"p": ".P", "r": ".RI", "w": ".WI"})
"""The lower-case suffixes of CQS symbols: preferred, rights, when issued."""
_OTHER_EXCHANGES = {"A": "AMEX", "N": "NYSE", "P": "ARCA", "Z": "CBOE", "V": "IEX"}
_SEC_EXCHANGES = {"Nasdaq": "NASDAQ", None: "OTHER", "": "OTHER"}


class PublicTickerFiles:
    """Source files at URLs and paths; candidates in JSON files, with the ETag of their base in `based_on`."""

    @property
    def default_sources(self) -> Sequence[str]:
        return (NASDAQ_LISTED, OTHER_LISTED)

    def read_source(self, source: str, *, on_progress: OnProgress) -> TickerFile:
        try:
            body = _download(source, on_progress) if _is_url(source) else Path(source).read_bytes()
        except (OSError, HTTPException) as error:
            cause = getattr(error, "reason", None) or error
            reason = getattr(cause, "strerror", None) or cause
            raise OSError(f"{source} cannot be read: {reason}") from error
        try:
            return parse(body)
        except TickerListRefused as refused:
            raise TickerListRefused(f"{source}: {refused}") from refused

    def write_candidate(self, path: Path, candidate: TickerListCandidate) -> None:
        document = document_of(candidate.version, candidate.updated_at, candidate.listings)
        document["based_on"] = candidate.based_on
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")

    def read_candidate(self, path: Path, base: PublishedTickerList | None) -> TickerListCandidate:
        body = path.read_bytes()
        document = TickerListDocument.parse(body)
        return TickerListCandidate(
            version=document.version,
            updated_at=document.updated_at,
            listings=document.listings(),
            based_on=json.loads(body).get("based_on", base.etag if base else None),
            base=base,
        )


def parse(body: bytes) -> TickerFile:
    """Parse one of the files above, recognised by its beginning. Raises TickerListRefused."""
    try:
        text = body.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        text = body.decode("latin-1").lstrip()
    if text.startswith("Symbol|"):
        return _exchange_file(text, _nasdaq_listed, {"NASDAQ"})
    if text.startswith("ACT Symbol|"):
        return _exchange_file(text, _other_listed, _OTHER_EXCHANGES.values())
    if text.startswith("{"):
        return _sec_file(text)
    raise TickerListRefused("it is not nasdaqlisted.txt, otherlisted.txt or company_tickers_exchange.json")


def sec_ticker(symbol: str, name: str, exchange: str | None) -> Ticker | None:
    """The ticker of a row of the SEC's file; None if the symbol is invalid."""
    return _ticker(canonical_symbol(symbol), name, _SEC_EXCHANGES.get(exchange, exchange or ""))


Row = Mapping[str, str]


def _exchange_file(text: str, ticker_of: Callable[[Row], Ticker | None], exchanges: Iterable[str]) -> TickerFile:
    # Not splitlines(): names may contain other line separators, such as NEL in Latin-1.
    lines = [line.rstrip("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines[-1].startswith(_FOOTER):
        raise TickerListRefused(f"its last line is not the {_FOOTER}: the file is incomplete")
    header = lines[0].split("|")
    rows = (dict(zip(header, line.split("|"), strict=False)) for line in lines[1:-1])
    try:
        return _file([ticker_of(row) for row in rows if row["Test Issue"] != "Y"], exchanges, ranked=False)
    except KeyError as error:
        raise TickerListRefused(f"a line lacks the column {error}") from error


def _nasdaq_listed(row: Row) -> Ticker | None:
    return _ticker(canonical_symbol(row["Symbol"]), row["Security Name"], "NASDAQ")


def _other_listed(row: Row) -> Ticker | None:
    # Only the CQS symbol tells warrants of class A (`NE.WS.A`) from shares of class A: the ACT symbol may be `NE.A`.
    cqs = canonical_symbol(row.get("CQS Symbol", "").translate(_CQS_SUFFIXES))
    symbol = cqs or canonical_symbol(row["ACT Symbol"])
    return _ticker(symbol, row["Security Name"], _OTHER_EXCHANGES.get(row["Exchange"], "OTHER"))


def _ticker(symbol: str | None, name: str, exchange: str) -> Ticker | None:
    return Ticker(symbol, company_name(name) or symbol, exchange) if symbol else None


def _sec_file(text: str) -> TickerFile:
    try:
        document = json.loads(text)
        at = {field: document["fields"].index(field) for field in ("name", "ticker", "exchange")}
        rows = [(row[at["ticker"]], row[at["name"]], row[at["exchange"]]) for row in document["data"]]
        return _file([sec_ticker(*row) for row in rows], {"OTC", "OTHER"}, ranked=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise TickerListRefused(f"it does not have the layout of the SEC's file ({type(error).__name__})") from error


def _file(tickers: Iterable[Ticker | None], exchanges: Iterable[str], *, ranked: bool) -> TickerFile:
    rows = list(tickers)
    first: dict[str, Ticker] = {}
    for ticker in rows:
        if ticker:
            first.setdefault(ticker.symbol, ticker)
    if not first:
        raise TickerListRefused("it lists no symbol")
    return TickerFile(tuple(first.values()), frozenset(exchanges), ranked, skipped=rows.count(None))


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _download(url: str, on_progress: OnProgress) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": _USER_AGENT})  # noqa: S310 - http(s), see _is_url
    body = bytearray()
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # nosec # noqa: S310 - as above
        total = int(response.headers.get("Content-Length") or 0) or None
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > MAX_BYTES:
                raise TickerListRefused(f"{url} is larger than {MAX_BYTES} bytes")
            on_progress(len(body), total)
    return bytes(body)
