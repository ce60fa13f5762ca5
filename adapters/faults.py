"""Fault injection for development and tests: a store that is throttled, unavailable or slow, or loses responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from domain.deadline import remaining
from domain.errors import StoreUnavailable, Throttled
from domain.interception import InterceptedStore
from domain.ports import ConfigurationStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many of the next calls to `methods` fail, and how. `retry_after` and `delay` are in seconds.

    One call has at most one failure, in the order of the fields; in addition it may be slow.
    """

    throttled: int = 0
    unavailable: int = 0
    lost_answers: int = 0
    slow: int = 0
    methods: tuple[str, ...] = ("add", "get", "list", "update", "remove", "extend", "adopt", "erase")
    retry_after: float = 2.0
    delay: float = 1.0


class FaultPlan:
    """The faults still to come. Safe for any number of threads; each process has its own."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._lock = Lock()

    def remaining(self) -> dict[str, Any]:
        """The remaining faults, by the field names of `Faults`."""
        return asdict(self._faults)

    def replace(self, **faults: Any) -> None:
        """Replace the plan by these fields of `Faults`; the others get their defaults."""
        with self._lock:
            self._faults = Faults(**faults)

    def consume(self, method: str) -> Faults:
        """Consume and return the faults of one call to `method`: each count is 0 or 1."""
        with self._lock:
            left = self._faults
            if method not in left.methods:
                return Faults()
            slow = min(left.slow, 1)
            throttled = min(left.throttled, 1)
            unavailable = min(left.unavailable, 1 - throttled)
            lost_answers = min(left.lost_answers, 1 - throttled - unavailable)
            self._faults = replace(
                left,
                slow=left.slow - slow,
                throttled=left.throttled - throttled,
                unavailable=left.unavailable - unavailable,
                lost_answers=left.lost_answers - lost_answers,
            )
            return replace(left, slow=slow, throttled=throttled, unavailable=unavailable, lost_answers=lost_answers)


def faulty_store(store: ConfigurationStore, plan: FaultPlan, *, sleep: Callable[[float], None]) -> ConfigurationStore:
    """`store` with the faults of `plan`. `check`, the operator's probe, is never affected.

    Unlike with a real network, an operation that was refused was certainly not carried out, and one whose response
    was lost certainly was.
    """

    def inject(operation: str, call: Callable[[], T]) -> T:
        faults = plan.consume(operation)
        retry_after = timedelta(seconds=faults.retry_after)
        if faults.slow:
            left = remaining()
            sleep(max(0.0, min(faults.delay, left)))
            if faults.delay > left:
                raise StoreUnavailable("The store is too slow.", retry_after=retry_after)
        if faults.throttled:
            raise Throttled("The store is busy.", retry_after=retry_after)
        if faults.unavailable:
            raise StoreUnavailable("The store cannot be reached.", retry_after=retry_after)
        result = call()
        if faults.lost_answers:
            raise StoreUnavailable("The store cannot be reached.", retry_after=retry_after)
        return result

    return InterceptedStore(store, inject)
