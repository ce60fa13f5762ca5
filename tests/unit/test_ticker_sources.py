"""Lists that are built from the public files, in the spellings of each source, on top of the bundled list."""

from __future__ import annotations

from itertools import combinations

import pytest

from adapters.tickers.bundled import bundled_listings
from adapters.tickers.files import PublicTickerFiles, parse
from domain.ticker_list import TickerFile, traded_symbols
from domain.ticker_services import TickerListService
from domain.tickers import Ticker
from tests.builders import NOW
from tests.support.ticker_sources import ARepository
from tests.unit.test_ticker_files import nasdaq_listed, other_listed, sec_file

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
def files() -> dict[str, TickerFile]:
    """The public files, listing all that the bundled list has."""
    tickers = [listing.ticker for listing in bundled_listings().values() if listing.is_active]
    nasdaq = [f"{t.symbol}|{t.name}|Q|N|N|100|N|N" for t in tickers if t.exchange == "NASDAQ"]
    other = [_other_row(ticker) for ticker in tickers if ticker.exchange in _EXCHANGES]
    sec = [[1, t.name, t.symbol.replace(".", "-"), t.exchange] for t in tickers if t.exchange not in {"ARCA", "AMEX"}]
    return {"nasdaq": parse(nasdaq_listed(*nasdaq)), "other": parse(other_listed(*other)), "sec": parse(sec_file(*sec))}


COMBINATIONS = [names for size in (1, 2, 3) for names in combinations(("nasdaq", "other", "sec"), size)]


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_bundled_symbols_stay_valid_with_every_combination_of_sources_and_with_the_weekly_job(
    names: tuple[str, ...], files: dict[str, TickerFile]
) -> None:
    service = TickerListService(
        files=PublicTickerFiles(), repository=ARepository(), bundled=bundled_listings, clock=lambda: NOW
    )

    first = service.build([files[name] for name in names], successors={})
    service.publish(first, force=False)
    weekly = service.build([files["nasdaq"], files["other"]], successors={})
    service.publish(weekly, force=False)

    assert traded_symbols(bundled_listings()) == first.traded == weekly.traded
