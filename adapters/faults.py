"""A store with trouble on demand, for development and tests: throttled, down, slow, or its answers lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from domain.configurations import Configuration
from domain.deadline import remaining
from domain.errors import StoreUnavailable, Throttled
from domain.ports import AddResult, ConfigurationStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many of the next calls to `methods` go wrong, and how.

    A call may be slow and something else besides; throttled ones come before unavailable ones,
    and these before lost answers. `retry_after` and `delay` are seconds.
    """

    throttled: int = 0
    unavailable: int = 0
    lost_answers: int = 0
    slow: int = 0
    methods: tuple[str, ...] = ("add", "get", "list", "update", "remove")
    retry_after: float = 2.0
    delay: float = 1.0


class FaultPlan:
    """The faults still to come. Any number of threads may draw on it; each process has its own."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._lock = Lock()

    def planned(self) -> dict[str, Any]:
        """What is left, by the names of `Faults`."""
        return asdict(self._faults)

    def plan(self, **faults: Any) -> None:
        """Forget what was left, and plan these fields of `Faults`; the others are at their defaults."""
        with self._lock:
            self._faults = Faults(**faults)

    def draw(self, method: str) -> Faults:
        """Take what befalls one call to `method`: each count is 1 if it is hit."""
        with self._lock:
            left = self._faults
            if method not in left.methods:
                return Faults()
            slow = min(left.slow, 1)
            # A call fails in one way only; it may be slow as well.
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


class FaultyStore:
    """The store behind it, as far as the plan lets it be. `check` is left alone: it is the operator's probe.

    Other than with a real network, what was refused was surely not written, and what was lost surely was.
    """

    def __init__(self, store: ConfigurationStore, plan: FaultPlan, *, sleep: Callable[[float], None]) -> None:
        self._store = store
        self._plan = plan
        self._sleep = sleep

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """See ConfigurationStore."""
        return self._through("add", lambda: self._store.add(configuration, limit=limit))

    def get(self, user_id: str, config_id: str) -> Configuration:
        """See ConfigurationStore."""
        return self._through("get", lambda: self._store.get(user_id, config_id))

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """See ConfigurationStore."""
        return self._through("list", lambda: self._store.list(user_id))

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """See ConfigurationStore."""
        return self._through("update", lambda: self._store.update(user_id, config_id, change))

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        """See ConfigurationStore."""
        self._through("remove", lambda: self._store.remove(user_id, config_id, revisions=revisions))

    def check(self) -> None:
        """See ConfigurationStore."""
        self._store.check()

    def _through(self, method: str, call: Callable[[], T]) -> T:
        faults = self._plan.draw(method)
        retry_after = timedelta(seconds=faults.retry_after)
        if faults.slow:
            left = remaining()
            self._sleep(max(0.0, min(faults.delay, left)))
            if faults.delay > left:
                raise StoreUnavailable("The store is too slow.", retry_after=retry_after)
        if faults.throttled:
            raise Throttled("The store is busy.", retry_after=retry_after)
        if faults.unavailable:
            raise StoreUnavailable("The store cannot be reached.", retry_after=retry_after)
        answer = call()
        if faults.lost_answers:
            raise StoreUnavailable("The store cannot be reached.", retry_after=retry_after)
        return answer
