"""A clock and a sleep that take no time."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_WAITS = 20_000
"""More than any test needs. A defect that retries forever fails its test."""


@dataclass
class VirtualTime:
    """Called, it is a monotonic clock; `sleep` advances it and records the delay in `waits`."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        assert len(self.waits) < MAX_WAITS, "the retries do not end"
        self.now += seconds
