"""The service with the memory store, and with a clock and ids that a test sets."""

from __future__ import annotations

import random
from itertools import count

from adapters.memory import MemoryStore
from domain.limits import ConfigurationLimits
from domain.services import ConfigurationService
from domain.ticker_services import TickerService
from tests.builders import NOW, AFixedList


class AService(ConfigurationService):
    """A test sets `now` and `tickers` at any time."""

    def __init__(self, store: MemoryStore | None = None, tickers: AFixedList | None = None) -> None:
        self.store = store or MemoryStore()
        self.tickers = tickers or AFixedList()
        self.now = NOW
        ids = count(1)
        super().__init__(
            store=self.store,
            tickers=TickerService(self, rng=random.Random(0)),
            limits=ConfigurationLimits(),
            clock=lambda: self.now,
            new_id=lambda: f"{id(self)}-{next(ids)}",
        )

    def current(self) -> AFixedList:
        return self.tickers

    def close(self) -> None:
        pass
