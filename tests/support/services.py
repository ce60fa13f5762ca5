"""The service with the memory store, and with a clock and ids that a test sets."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from itertools import count

from adapters.memory import MemoryStore
from domain.limits import ConfigurationLimits
from domain.services import ConfigurationService
from domain.ticker_services import TickerService
from tests.builders import NOW, AFixedList


class AService(ConfigurationService):
    """The service with its seams in reach; every seam is a step that a rival could come before."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        tickers: AFixedList | None = None,
        limits: ConfigurationLimits | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store or MemoryStore()
        self.tickers = tickers or AFixedList()
        self.now = NOW
        self._step = step
        self._ids = count(1)
        super().__init__(
            store=self.store,
            tickers=TickerService(self, rng=random.Random(0)),
            limits=limits or ConfigurationLimits(),
            clock=self._time,
            new_id=self._next_id,
        )

    def current(self) -> AFixedList:
        self._step()
        return self.tickers

    def close(self) -> None:
        pass

    def _time(self) -> datetime:
        self._step()
        return self.now

    def _next_id(self) -> str:
        self._step()
        return f"{id(self)}-{next(self._ids)}"
