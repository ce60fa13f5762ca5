"""Build `adapters/tickers/data/tickers.gz`, the bundled ticker list.

    pip download --no-deps edgartools==5.62.1 && unzip -j edgartools-*.whl '*/company_tickers.parquet'
    python -m tools.bundle_tickers company_tickers.parquet --taken 2026-11-23 --from 'edgartools 5.62.1 (PyPI, MIT)'

pyarrow is needed. The same input gives the same bytes. The companies are the SEC's, in the order of market value.
The tables in `tools/tickers/`, which are maintained by hand, add funds, after the first hundred companies, and former
symbols with their successors.
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

TABLES = Path(__file__).parent / "tickers"
COMPANIES_BEFORE_FUNDS = 100
"""The rank of the funds, which are searched for as often as these companies."""


def companies(parquet: Path) -> Iterator[Ticker]:
    """The rows of the SEC's list as edgartools keeps it."""
    for row in pyarrow.parquet.read_table(parquet).to_pylist():
        if ticker := sec_ticker(row["ticker"], row["name"], row["exchange"]):
            yield ticker


def table(name: str) -> Iterator[list[str]]:
    """The rows of a table, without comments."""
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def listings(parquet: Path) -> dict[str, Listing]:
    """The whole list. Raises SystemExit if a table is outdated."""
    listed = companies(parquet)
    traded = {ticker.symbol: Listing(ticker) for ticker in islice(listed, COMPANIES_BEFORE_FUNDS)}
    funds = [Ticker(*row) for row in table("funds.tsv")]
    for ticker in (*funds, *listed):
        traded.setdefault(ticker.symbol, Listing(ticker))
    delisted = {}
    for symbol, name, exchange, day, successor in table("former.tsv"):
        if symbol in traded:
            sys.exit(f"former.tsv: {symbol} is traded (again)")
        if successor and successor not in traded:
            sys.exit(f"former.tsv: {successor}, the successor of {symbol}, is not traded")
        ticker = Ticker(symbol, name, exchange)
        delisted[symbol] = Listing(
            ticker, is_active=False, delisted_at=date.fromisoformat(day), successor=successor or None
        )
    return traded | delisted


def main() -> None:
    """Write the file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parquet", type=Path)
    parser.add_argument("--taken", type=date.fromisoformat, required=True, help="the date of the data")
    parser.add_argument("--from", dest="source", required=True, help="the origin, with the licence")
    arguments = parser.parse_args()
    origin = f"SEC EDGAR company tickers (public domain) by way of {arguments.source}; completed by hand"
    taken = datetime.combine(arguments.taken, datetime.min.time(), UTC)
    found = listings(arguments.parquet)
    body = pack(arguments.taken.isoformat(), taken, origin, found)
    PATH.write_bytes(body)
    sys.stdout.write(f"{PATH}: {len(found)} symbols, {len(body)} bytes\n")


if __name__ == "__main__":
    main()
