"""Values for tests: each builder gives a valid one, and takes what the test cares about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.configurations import Configuration, ConfigurationInput, WatchedTicker
from domain.idempotency import config_id_for
from domain.limits import User, UserKind
from domain.ticker_list import Freshness, TickerSource
from domain.tickers import Listing, Ticker
from verification import environment

NOW = environment.NOW
APPLE = Ticker("AAPL", "Apple Inc.", "NASDAQ")
BERKSHIRE = Ticker("BRK.B", "Berkshire Hathaway Inc", "NYSE")


def a_user(user_id: str | None = None, kind: UserKind = UserKind.ANONYMOUS, **fields: Any) -> User:
    fields.setdefault("session_expires_at", NOW + timedelta(days=30))
    return User(user_id=user_id or f"user-{uuid4()}", kind=kind, **fields)


def a_draft(name: str = "Tech", tickers: tuple[str, ...] = ("AAPL",), **fields: Any) -> ConfigurationInput:
    return ConfigurationInput.of(name=name, tickers=tickers, **fields)


def a_configuration(user_id: str = "ann", *tickers: Ticker, at: datetime = NOW, **fields: Any) -> Configuration:
    """A configuration of `user_id`, as the service would make it at the time `at`."""
    values: dict[str, Any] = {
        "config_id": str(uuid4()),
        "user_id": user_id,
        "name": "Tech",
        "tickers": tuple(WatchedTicker(ticker, at) for ticker in tickers or (APPLE,)),
        "timeframe_days": 7,
        "include_extended_hours": False,
        "created_at": at,
        "updated_at": at,
        "revision": str(uuid4()),
        "request_fingerprint": str(uuid4()),
        "expires_at": None,
    }
    return Configuration(**values | fields)


def a_keyed_configuration(
    user_id: str = "ann", *tickers: Ticker, key: str | None = None, **fields: Any
) -> Configuration:
    """A configuration that was created with an idempotency key."""
    return a_configuration(user_id, *tickers, config_id=config_id_for(user_id, key or str(uuid4())), **fields)


def rename_to(name: str) -> Callable[[Configuration], Configuration]:
    """The change of an update that sets the name."""
    return lambda current: replace(current, name=name, revision=f"revision of {name}")


class AFixedList:
    """A ticker list of a few symbols that never changes, and its only snapshot."""

    def __init__(self, *, authoritative: bool = True) -> None:
        self.authoritative = authoritative
        self.freshness = Freshness(TickerSource.BUNDLED, "2026-11-01", 3, NOW - timedelta(hours=1))
        self.listings = {
            "AAPL": Listing(APPLE),
            "BRK.B": Listing(BERKSHIRE),
            "MSFT": Listing(Ticker("MSFT", "Microsoft Corp", "NASDAQ")),
            "NVDA": Listing(Ticker("NVDA", "NVIDIA Corp", "NASDAQ")),
            "TSLA": Listing(Ticker("TSLA", "Tesla, Inc.", "NASDAQ")),
            "KO": Listing(Ticker("KO", "Coca-Cola Co", "NYSE")),
            "FB": Listing(Ticker("FB", "Facebook, Inc.", "NASDAQ"), is_active=False, successor="META"),
        }

    def current(self) -> AFixedList:
        return self

    def close(self) -> None:
        pass

    def find(self, symbol: str) -> Listing | None:
        return self.listings.get(symbol)

    def search(self, query: str, limit: int) -> list[Ticker]:
        wanted = query.strip().upper()
        traded = [listing.ticker for listing in self.listings.values() if listing.is_active]
        return [ticker for ticker in traded if wanted and ticker.symbol.startswith(wanted)][:limit]


def code_points(text: str) -> str:
    """An id for a test of a text that no shell and no tool would repeat as it is."""
    return " ".join(f"U+{ord(character):04X}" for character in text) or "nothing"
