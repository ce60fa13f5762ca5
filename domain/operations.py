"""What operators see of a store: its table, the quotas, and the findings of an examination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quota:
    """The counter of one user, and the number of configurations that are stored.

    `counted` is None if the stored counter is malformed. `unreadable` are the keys of malformed
    configurations; they are counted, and their owner can delete them.
    """

    user_id: str
    counted: int | None
    stored: int
    unreadable: tuple[str, ...] = ()

    @property
    def drifts(self) -> bool:
        """Whether the two differ, as they do in a table that an earlier service filled."""
        return self.counted != self.stored


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `remedy` is None if it passed."""

    subject: str
    detail: str
    remedy: str | None = None

    @property
    def passed(self) -> bool:
        """Whether there is nothing to do."""
        return self.remedy is None


class Table(Protocol):
    """Administration of the table behind a store. Every method may raise StoreUnavailable, with the cause."""

    def provision(self) -> Iterator[str]:
        """Create what is missing; yields one sentence for each step. Safe to repeat."""

    def examine(self) -> Iterator[Finding]:
        """Check everything that the service needs of the table, without changing it."""

    def item_count(self) -> int:
        """The approximate number of items; may be hours old."""

    def quotas(self) -> Iterator[Quota]:
        """Every user's quota, by a scan. A quota that drifts was read twice, with no change in between."""

    def repair(self, user_id: str) -> Quota:
        """Set the counter to the number of stored items, unless the user writes at the same time; the quota then."""
