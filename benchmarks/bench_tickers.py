"""The ticker index against plain versions in the same run: `python -m benchmarks.bench_tickers`.

The plain versions are ten thousand validated objects, and a scan over a list of them.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate
from rich.console import Console
from rich.table import Table

from adapters.tickers.bundled import PATH, bundled, unpack
from adapters.tickers.index import TickerIndex
from adapters.tickers.json_format import TickerListDocument, encode
from domain.tickers import Ticker

LOADS, QUERIES, ROUNDS = 15, 500, 5
SCANNED_QUERIES = 50
MAX_LOAD_MS, MIN_LOAD_RATIO, MAX_SEARCH_MS = 30.0, 10.0, 1.0
COMMON_QUERIES = Path(__file__).parent / "ticker_queries.tsv"
MIN_FIRST, MIN_IN_FIVE = 95, 99


class TickerSchema(Schema):
    """One entry, as a validating library has it."""

    symbol = fields.String(required=True, validate=validate.Regexp(r"^[A-Z0-9]{1,8}(\.[A-Z0-9]{1,4}){0,2}$"))
    name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    exchange = fields.String(required=True)
    is_active = fields.Boolean(required=True)


@dataclass(frozen=True, slots=True)
class Times:
    """Of many runs, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """The median, and what 99 of 100 runs keep below."""
        return cls(statistics.median(seconds) * 1e3, statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1e3)


def scan(tickers: Sequence[Ticker], query: str, limit: int) -> list[Ticker]:
    """The plain version: look at every object for each kind of match."""
    symbol, name = query.strip().upper(), query.strip().lower()
    exact = [ticker for ticker in tickers if ticker.symbol == symbol]
    prefix = [ticker for ticker in tickers if ticker.symbol != symbol and ticker.symbol.startswith(symbol)]
    named = [ticker for ticker in tickers if name in ticker.name.lower() and not ticker.symbol.startswith(symbol)]
    return (exact + prefix + named)[:limit]


def quality(search: Callable[[str, int], Sequence[Ticker]]) -> tuple[int, int]:
    """Of the common queries, how many have the expected symbol first, and in the first five results."""
    rows = [line.split("\t") for line in COMMON_QUERIES.read_text().splitlines() if not line.startswith("#")]
    found = [([ticker.symbol for ticker in search(query, 5)], symbol) for query, symbol in rows]
    return sum(symbols[:1] == [symbol] for symbols, symbol in found), sum(
        symbol in symbols for symbols, symbol in found
    )


def by_symbol(tickers: Sequence[Ticker], rng: random.Random) -> Iterator[str]:
    """A symbol or its beginning."""
    while True:
        symbol = rng.choice(tickers).symbol
        yield symbol[: rng.randint(1, len(symbol))].lower()


def by_name(tickers: Sequence[Ticker], rng: random.Random) -> Iterator[str]:
    """The beginning of a name, a word of it, the beginning or the middle of a word."""
    while True:
        name = rng.choice(tickers).name
        word = rng.choice(name.split())
        yield rng.choice([name[: rng.randint(2, 16)], word, word[: rng.randint(2, 8)], word[1:6]])


def with_typing_error(tickers: Sequence[Ticker], rng: random.Random) -> Iterator[str]:
    """A word of a name without one letter."""
    while True:
        word = rng.choice(rng.choice(tickers).name.split())
        place = rng.randrange(len(word))
        yield word[:place] + word[place + 1 :]


def timed(act: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of the processor in each run, whatever else the machine is doing."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        act()
        times.append(time.process_time() - begun)
    return times


def best_in_rounds(search: Callable[[str, int], Any], queries: Sequence[str]) -> list[float]:
    """The fastest search for each query. In rounds: a slow moment of the machine lasts longer than one search."""
    rounds = [[best_of(partial(search, query, 10), 1) for query in queries] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def best_of(act: Callable[[], Any], repeats: int) -> float:
    """The fastest run: what the code costs."""
    return min(timed(act, repeats))


def memory_of(make: Callable[[], Any]) -> float:
    """MiB that the result keeps."""
    gc.collect()
    tracemalloc.start()
    kept = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return size / 2**20


def prepared(packed: bytes) -> TickerIndex:
    """The bundled list with all that searching needs."""
    index = unpack(packed).index
    index.prepare()
    return index


def main() -> None:
    """Print the table, and the targets that were missed."""
    index = bundled().index
    listings = [listing for symbol in index.symbols if (listing := index.find(symbol))]
    tickers = [listing.ticker for listing in listings if listing.is_active]
    entries = json.dumps([asdict(ticker) | {"is_active": True} for ticker in tickers])
    packed, schema = PATH.read_bytes(), TickerSchema(many=True)
    document = encode("1", bundled().built_at, {listing.ticker.symbol: listing for listing in listings})
    misses = []
    table = Table("", "here", "plain", "ratio", "target", title=f"{len(tickers)} tickers")

    def row(label: str, here: float, plain: float, unit: str, *, least: float = 0, most: float = float("inf")) -> None:
        good = plain / here >= least and here <= most
        if not good:
            misses.append(label)
        target = ", ".join([f"≥ {least:.0f} times"] * bool(least) + [f"≤ {most:.0f} {unit}"] * (most < float("inf")))
        style = "green" if good else "bold red"
        table.add_row(label, f"{here:.3g} {unit}", f"{plain:.3g} {unit}", f"[{style}]{plain / here:.0f}[/]", target)

    def count(label: str, here: int, plain: int, least: int) -> None:
        if here < least:
            misses.append(label)
        table.add_row(label, str(here), str(plain), "", f"\u2265 {least}")

    objects = best_of(lambda: schema.loads(entries), 3) * 1e3
    bundle = best_of(lambda: unpack(packed), LOADS) * 1e3
    published = best_of(lambda: TickerListDocument.parse(document).index(), LOADS) * 1e3
    row("load the bundled list / validated objects", bundle, objects, "ms", least=MIN_LOAD_RATIO, most=MAX_LOAD_MS)
    row("load the published list / validated objects", published, objects, "ms", most=MAX_LOAD_MS)
    fresh = [unpack(packed).index for _ in range(LOADS)]
    first = min(timed(lambda: fresh.pop().prepare(), LOADS)) * 1e3
    row("load and prepare searching / validated objects", bundle + first, objects, "ms", most=MAX_LOAD_MS)
    row(
        "memory / validated objects",
        memory_of(lambda: prepared(packed)),
        memory_of(lambda: schema.loads(entries)),
        "MiB",
    )
    rng = random.Random(7)
    index.search("any", 1)
    for label, queries in (
        ("symbol", by_symbol(tickers, rng)),
        ("name", by_name(tickers, rng)),
        ("name with a typing error", with_typing_error(tickers, rng)),
    ):
        asked = [next(queries) for _ in range(QUERIES)]
        here = Times.of(best_in_rounds(index.search, asked))
        scanned = Times.of(best_in_rounds(lambda query, limit: scan(tickers, query, limit), asked[:SCANNED_QUERIES]))
        row(f"search by {label}, p50 / scan", here.p50, scanned.p50, "ms")
        row(f"search by {label}, p99 / scan", here.p99, scanned.p99, "ms", most=MAX_SEARCH_MS)
    first, in_five = quality(index.search)
    scan_first, scan_in_five = quality(lambda query, limit: scan(tickers, query, limit))
    count("common queries with the expected symbol first / scan", first, scan_first, MIN_FIRST)
    count("common queries with it in the first five / scan", in_five, scan_in_five, MIN_IN_FIVE)
    console = Console()
    console.print(table)
    if misses:
        console.print(f"Missed: {', '.join(misses)}")


if __name__ == "__main__":
    main()
