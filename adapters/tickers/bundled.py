"""The ticker list that ships: `data/tickers.gz`, made by `tools/bundle_tickers.py`.

Text, laid out to be loaded by splitting it. Parts are separated by an empty line:
1. a JSON object: where it comes from, its licence and date, the exchanges, what is no longer traded;
2. the traded symbols, best known first, a line each; 3. their names; 4. their exchanges, a letter each:
"a" for the first of the exchanges in part 1.
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
from adapters.tickers.json_format import listings_of, published_form
from domain.tickers import Listing

PATH = Path(__file__).parent / "data" / "tickers.gz"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundled list, and what is said of it: `version`, `built_at`, and the `origin` in a sentence."""

    version: str
    built_at: datetime
    origin: str
    index: TickerIndex


@cache
def bundled(path: Path = PATH) -> Bundle:
    """The list that ships, loaded once in a process."""
    return unpacked(path.read_bytes())


def packed(version: str, built_at: datetime, origin: str, listings: Mapping[str, Listing]) -> bytes:
    """The file of a bundled list; the same list gives the same bytes."""
    traded = [listing.ticker for listing in listings.values() if listing.is_active]
    gone = {symbol: listing for symbol, listing in listings.items() if not listing.is_active}
    exchanges = sorted({ticker.exchange for ticker in traded})
    letter = dict(zip(exchanges, string.ascii_letters, strict=False))
    head = json.loads(published_form(version, built_at, gone)) | {"origin": origin, "exchanges": exchanges}
    parts = (
        json.dumps(head),
        "\n".join(ticker.symbol for ticker in traded),
        "\n".join(ticker.name for ticker in traded),
        "".join(letter[ticker.exchange] for ticker in traded),
    )
    return gzip.compress("\n\n".join(parts).encode(), compresslevel=9, mtime=0)


def unpacked(body: bytes) -> Bundle:
    """The inverse of `packed`."""
    head, symbols, names, letters = gzip.decompress(body).decode().split("\n\n")
    said = json.loads(head)
    exchange = dict(zip(string.ascii_letters, said["exchanges"], strict=False))
    return Bundle(
        said["version"],
        datetime.fromisoformat(said["updated_at"]),
        said["origin"],
        TickerIndex(
            symbols.split("\n"),
            names.split("\n"),
            [exchange[letter] for letter in letters],
            listings_of(said["symbols"]),
        ),
    )
