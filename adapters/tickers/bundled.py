"""The bundled ticker list: `data/tickers.gz`, built by `tools/bundle_tickers.py`.

A text whose parts are separated by an empty line:
1. a JSON object: origin, licence, date, the exchanges, the delisted symbols;
2. the traded symbols, the largest company first, a line each; 3. their names; 4. their exchanges, a letter each:
"a" for the first of the exchanges in part 1.

Splitting this text takes 8 ms, parsing the same list as JSON 21 ms, and every cold start does it.
"""

from __future__ import annotations

import gzip
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from adapters.tickers.index import TickerIndex
from adapters.tickers.json_format import document_of, listings_of
from domain.tickers import Listing

PATH = Path(__file__).parent / "data" / "tickers.gz"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundled list; `origin` is a sentence for people."""

    version: str
    built_at: datetime
    origin: str
    index: TickerIndex


@cache
def bundled(path: Path = PATH) -> Bundle:
    """The bundled list, loaded once per process."""
    return unpack(path.read_bytes())


def bundled_listings() -> dict[str, Listing]:
    """The bundled list as domain values, in its order."""
    index = bundled().index
    return {symbol: listing for symbol in index.symbols if (listing := index.find(symbol))}


def pack(version: str, built_at: datetime, origin: str, listings: Mapping[str, Listing]) -> bytes:
    """The file of a bundled list; the same list gives the same bytes."""
    traded = [listing.ticker for listing in listings.values() if listing.is_active]
    delisted = {symbol: listing for symbol, listing in listings.items() if not listing.is_active}
    exchanges = sorted({ticker.exchange for ticker in traded})
    letter = dict(zip(exchanges, string.ascii_letters, strict=False))
    head = document_of(version, built_at, delisted) | {"origin": origin, "exchanges": exchanges}
    parts = (
        json.dumps(head),
        "\n".join(ticker.symbol for ticker in traded),
        "\n".join(ticker.name for ticker in traded),
        "".join(letter[ticker.exchange] for ticker in traded),
    )
    return gzip.compress("\n\n".join(parts).encode(), compresslevel=9, mtime=0)


def unpack(body: bytes) -> Bundle:
    """The inverse of `pack`."""
    head, symbols, names, letters = gzip.decompress(body).decode().split("\n\n")
    fields = json.loads(head)
    exchange = dict(zip(string.ascii_letters, fields["exchanges"], strict=False))
    return Bundle(
        fields["version"],
        datetime.fromisoformat(fields["updated_at"]),
        fields["origin"],
        TickerIndex(
            symbols.split("\n"),
            names.split("\n"),
            [exchange[letter] for letter in letters],
            listings_of(fields["symbols"]),
        ),
    )
