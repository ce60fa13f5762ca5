"""The public files that a ticker list is made of.

* `nasdaqlisted.txt` and `otherlisted.txt` of Nasdaq Trader: every symbol traded on an exchange of the
  US, alphabetically. Columns are found by their names; the last line proves that the file is whole.
* `company_tickers_exchange.json` of the SEC: companies that file there, traded over the counter too,
  by market value. Classes of funds are missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from domain.errors import TickerListRefused
from domain.tickers import Ticker, canonical_symbol

NASDAQ_LISTED = "https://www.nasdaqtrader.com/dynamic/symdir/nasdaqlisted.txt"
OTHER_LISTED = "https://www.nasdaqtrader.com/dynamic/symdir/otherlisted.txt"

_FOOTER = "File Creation Time"
_OTHER_EXCHANGES = {"A": "AMEX", "N": "NYSE", "P": "ARCA", "Z": "CBOE", "V": "IEX"}
_SEC_EXCHANGES = {"Nasdaq": "NASDAQ", None: "OTHER", "": "OTHER"}
_STATE = re.compile(r"(?<!\bSA)\s*(?P<mark>[/\\])\s*(?:[A-Z]{2}|NEW|CAN|DEL)?\s*(?P=mark)?$")
"""How the SEC tells companies of one name apart (`BANK OF AMERICA CORP /DE/`); it is no part of the name."""


@dataclass(frozen=True, slots=True)
class TickerFile:
    """What one file says is traded. `ranked`: best known first. `skipped`: symbols that we cannot spell."""

    tickers: tuple[Ticker, ...]
    ranked: bool
    skipped: int


def read(body: bytes) -> TickerFile:
    """Read one of the files above, told by its beginning. Raises TickerListRefused."""
    text = body.decode("utf-8-sig", errors="replace").lstrip()
    if text.startswith("Symbol|"):
        return _exchange_file(text, _nasdaq_listed)
    if text.startswith("ACT Symbol|"):
        return _exchange_file(text, _other_listed)
    if text.startswith("{"):
        return _sec_file(text)
    raise TickerListRefused("it is none of nasdaqlisted.txt, otherlisted.txt and company_tickers_exchange.json")


def sec_ticker(symbol: str, name: str, exchange: str | None) -> Ticker | None:
    """A row of the SEC's as we write it; None where the symbol is impossible."""
    spelled = canonical_symbol(symbol)
    shown = _shown(_STATE.sub("", name)) or spelled
    return Ticker(spelled, shown, _SEC_EXCHANGES.get(exchange, exchange or "")) if spelled and shown else None


Row = Mapping[str, str]


def _exchange_file(text: str, ticker_of: Callable[[Row], Ticker | None]) -> TickerFile:
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines[-1].startswith(_FOOTER):
        raise TickerListRefused(f"its last line is not the one of the {_FOOTER}: the file is not whole")
    header = lines[0].split("|")
    rows = (dict(zip(header, line.split("|"), strict=False)) for line in lines[1:-1])
    try:
        return _file([ticker_of(row) for row in rows if row["Test Issue"] != "Y"], ranked=False)
    except KeyError as error:
        raise TickerListRefused(f"a line lacks the column {error}") from error


def _nasdaq_listed(row: Row) -> Ticker | None:
    return _exchange_ticker(row["Symbol"], row["Security Name"], "NASDAQ")


def _other_listed(row: Row) -> Ticker | None:
    return _exchange_ticker(row["ACT Symbol"], row["Security Name"], _OTHER_EXCHANGES.get(row["Exchange"], "OTHER"))


def _exchange_ticker(symbol: str, name: str, exchange: str) -> Ticker | None:
    """`BAC$B`, a preferred share, is `BAC-PB` to the SEC: `BAC.PB`."""
    spelled = canonical_symbol(symbol.replace("$", ".P"))
    shown = _shown(name.removesuffix(" - Common Stock")) or spelled
    return Ticker(spelled, shown, exchange) if spelled and shown else None


def _sec_file(text: str) -> TickerFile:
    try:
        document = json.loads(text)
        at = {field: document["fields"].index(field) for field in ("name", "ticker", "exchange")}
        rows = [(row[at["ticker"]], row[at["name"]], row[at["exchange"]]) for row in document["data"]]
        return _file([sec_ticker(*row) for row in rows], ranked=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise TickerListRefused(f"it is not laid out as the SEC does ({type(error).__name__})") from error


def _file(tickers: Iterable[Ticker | None], *, ranked: bool) -> TickerFile:
    read = list(tickers)
    first: dict[str, Ticker] = {}
    for ticker in _without_none(read):
        first.setdefault(ticker.symbol, ticker)
    if not first:
        raise TickerListRefused("it lists no symbol")
    return TickerFile(tuple(first.values()), ranked, skipped=read.count(None))


def _without_none(tickers: Iterable[Ticker | None]) -> Iterator[Ticker]:
    return (ticker for ticker in tickers if ticker is not None)


def _shown(name: str) -> str:
    """The name on one line, with nothing in it that cannot be shown."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
