"""Make `adapters/tickers/data/tickers.gz`, the ticker list that ships.

    pip download --no-deps edgartools==5.62.1 && unzip -j edgartools-*.whl '*/company_tickers.parquet'
    python -m tools.bundle_tickers company_tickers.parquet --taken 2026-11-23 --from 'edgartools 5.62.1 (PyPI, MIT)'

The companies are the SEC's, in the order of their market value. `tools/tickers/` adds by hand what these
lack: funds, after the companies that rank above 100, and symbols of the past with their successors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import pyarrow.parquet

from adapters.tickers.bundled import PATH, pack
from adapters.tickers.files import sec_ticker
from domain.tickers import Listing, Ticker

BY_HAND = Path(__file__).parent / "tickers"
BEFORE_FUNDS = 100
"""Companies; the best known funds are asked for as often."""


def companies(parquet: Path) -> Iterator[Ticker]:
    """The rows of the SEC's list as edgartools keeps it."""
    for row in pyarrow.parquet.read_table(parquet).to_pylist():
        if ticker := sec_ticker(row["ticker"], row["name"], row["exchange"]):
            yield ticker


def table(name: str) -> Iterator[list[str]]:
    """The rows of a table that is kept by hand."""
    for line in (BY_HAND / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def listings(parquet: Path) -> dict[str, Listing]:
    """Everything together. Raises SystemExit where the tables by hand are out of date."""
    listed = companies(parquet)
    traded = {ticker.symbol: Listing(ticker) for ticker in islice(listed, BEFORE_FUNDS)}
    funds = [Ticker(*row) for row in table("funds.tsv")]
    for ticker in (*funds, *listed):
        traded.setdefault(ticker.symbol, Listing(ticker))
    gone = {}
    for symbol, name, exchange, day, successor in table("former.tsv"):
        if symbol in traded:
            sys.exit(f"former.tsv: {symbol} is traded (again)")
        if successor and successor not in traded:
            sys.exit(f"former.tsv: {successor}, the successor of {symbol}, is not traded")
        ticker = Ticker(symbol, name, exchange)
        gone[symbol] = Listing(
            ticker, is_active=False, delisted_at=date.fromisoformat(day), successor=successor or None
        )
    return traded | gone


def main() -> None:
    """Write the file, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parquet", type=Path)
    parser.add_argument("--taken", type=date.fromisoformat, required=True, help="the day the data was taken")
    parser.add_argument("--from", dest="source", required=True, help="where from, with the licence")
    arguments = parser.parse_args()
    origin = f"SEC EDGAR company tickers (public domain) by way of {arguments.source}; completed by hand"
    taken = datetime.combine(arguments.taken, datetime.min.time(), UTC)
    found = listings(arguments.parquet)
    body = pack(arguments.taken.isoformat(), taken, origin, found)
    PATH.write_bytes(body)
    sys.stdout.write(f"{PATH}: {len(found)} symbols, {len(body)} bytes\n")


if __name__ == "__main__":
    main()
