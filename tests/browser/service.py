"""The service under test, and the switches that a test needs."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import BrowserContext

from domain.tickers import Freshness, TickerSource
from tests.builders import AFixedList

NewContext = Callable[..., BrowserContext]


@dataclass(slots=True)
class Server:
    """The service as a process of its own would serve it, with the switches that a test needs."""

    url: str
    tickers: AFixedList
    foreign_port: int
    """Where a page of another origin may stand that the service allows, as `localhost`."""
    ahead: timedelta = timedelta()
    """How far the server's clock is ahead of the browser's."""
    requests: list[str] = field(default_factory=list)
    """Method and path of every request since the test began."""
    _answered: list[str] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def plan(self, **faults: Any) -> None:
        """Let the next calls to the store go wrong."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/_faults",
            json.dumps(faults).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

    @contextmanager
    def noted(self, request: str) -> Iterator[None]:
        """Count a request before its answer leaves: whoever has the answer finds it counted."""
        self.requests.append(request)
        yield
        with self._change:
            self._answered.append(request)
            self._change.notify_all()

    def wait_for(self, request: str) -> None:
        """Return when one of this method and path was answered."""
        with self._change:
            answered = self._change.wait_for(
                lambda: any(each.startswith(request) for each in self._answered), timeout=8
            )
            assert answered, f"no {request}"

    def one(self, request: str) -> str:
        """The first request of this method and path."""
        return next(each for each in self.requests if each.startswith(request))

    def sent(self, request: str) -> int:
        """How many requests there were of this method and path."""
        return sum(each.startswith(request) for each in self.requests)


def fresh(source: TickerSource = TickerSource.S3, age: timedelta = timedelta(minutes=1)) -> Freshness:
    return Freshness(source, "2026-11-01", 7, datetime.now(UTC) - age)
