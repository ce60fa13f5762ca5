"""Attempts that fail, and delays that are not random, for tests of the retries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import Retry
from domain.deadline import within
from domain.errors import StoreUnavailable
from tests.support.virtual_time import VirtualTime


class LongestDelays(random.Random):
    """Draws the upper bound of every interval."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 the signature is random.Random's
        return b


@dataclass
class Attempts:
    """Fails with each of the kinds in turn, then succeeds. Each attempt takes `takes` seconds."""

    kinds: Iterable[ErrorKind]
    time: VirtualTime | None = None
    takes: float = 0.0
    made: int = 0

    def __post_init__(self) -> None:
        self._errors = iter(self.kinds)

    def __call__(self) -> str:
        self.made += 1
        if self.time is not None:
            self.time.now += self.takes
        for kind in self._errors:
            raise ServiceError(kind, f"A{kind.title()}Error", remedy="Do something.")
        return "done"


def failing(kind: ErrorKind, times: int = 10**6, **fields: float | VirtualTime) -> Attempts:
    return Attempts([kind] * times if times < 10**6 else iter(lambda: kind, None), **fields)  # type: ignore[arg-type]  # by name


def expect_unavailable(retry: Retry, attempt: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable):
        retry("add", attempt)


def open_circuit(retry: Retry, time: VirtualTime) -> None:
    """Two requests with five seconds each: five attempts in a row time out, and the circuit opens."""
    for _ in range(2):
        with within(5, clock=time):
            expect_unavailable(retry, failing(ErrorKind.TIMEOUT, time=time, takes=1.0))
