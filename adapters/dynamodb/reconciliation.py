"""Compares the count in each quota item with the stored configurations, and repairs it while users go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from adapters.aws.errors import ServiceError
from adapters.aws.retry import Sleep
from adapters.dynamodb.client import TableClient
from adapters.dynamodb.items import has_valid_count, is_deleted, read_integer, repair_actions, to_configuration
from adapters.dynamodb.models import CONFIGURATION, QUOTA, USER, QuotaItem, RawItem, partition, quota_is_unchanged
from domain.operations import Quota
from domain.ports import Clock

_MAX_REPAIRS = 10
"""Attempts to repair the count of a user who creates and deletes at the same time."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The items of one user at one time.

    `expired`: all of them wait for DynamoDB to delete them. `incomplete`: it may have deleted some, after the end of
    the user's session. Those count until the quota item expires too.
    """

    quota: RawItem
    stored: frozenset[str]
    unreadable: tuple[str, ...]
    expires_at: int | None
    expired: bool
    incomplete: bool

    def of(self, pk: str) -> Quota:
        """The same, as operators see it."""
        counted: int | None = len(self.stored)
        if not self.expired and not self.incomplete:
            counted = (read_integer(self.quota, "config_count") or 0) if has_valid_count(self.quota) else None
        return Quota(pk.removeprefix(USER), counted, len(self.stored), self.unreadable)


class Reconciliation:
    """Reads and repairs the quotas of a table."""

    def __init__(self, client: TableClient, *, clock: Clock, sleep: Sleep) -> None:
        self._client = client
        self._clock = clock
        self._sleep = sleep

    def quotas(self) -> Iterator[Quota]:
        """The quota of each user. A scan is not consistent, so a user whose count differs is read again."""
        items = (item for item in self._client.scan() if item["PK"].get("S", "").startswith(USER))
        for pk, of_user in groupby(items, key=lambda item: str(item["PK"]["S"])):
            quota = self._snapshot(of_user).of(pk)
            yield self._stable_snapshot(pk).of(pk) if quota.drifts else quota

    def repair(self, user_id: str) -> Quota:
        """Set the count to the number of stored configurations; the quota after that.

        The write has a condition on the version, which every create and delete changes.
        """
        pk = partition(user_id)
        for attempt in range(_MAX_REPAIRS):
            seen = self._stable_snapshot(pk)
            if not seen.of(pk).drifts:
                break
            actions = repair_actions(seen.quota, len(seen.stored))
            if seen.expires_at is not None:
                actions.append(QuotaItem.expires_at.set(seen.expires_at))
            if not self._client.update(pk, QUOTA, actions, quota_is_unchanged(seen.quota)):
                self._sleep(0.1 * (attempt + 1))
        return seen.of(pk)

    def _stable_snapshot(self, pk: str) -> _Snapshot:
        """Two equal snapshots in a row. A single query may see one half of a transaction."""
        before = self._snapshot(self._client.query(pk))
        while (seen := self._snapshot(self._client.query(pk))) != before:
            before = seen
        return seen

    def _snapshot(self, items: Iterable[RawItem]) -> _Snapshot:
        now = self._clock().timestamp()
        quota: RawItem = {}
        expired, incomplete, unreadable = True, False, []
        expiries: dict[str, int | None] = {}
        for item in items:
            sk, expires_at = item["SK"]["S"], read_integer(item, "expires_at")
            # DynamoDB deletes expired items up to two days later.
            is_live = expires_at is None or expires_at >= now
            expired &= not is_live
            if sk == QUOTA:
                quota = {name: item[name] for name in ("config_count", "version", "expires_at") if name in item}
                incomplete = (read_integer(item, "complete_until") or now) < now
            elif is_live and sk.startswith(CONFIGURATION) and not is_deleted(item):
                expiries[sk] = expires_at
                if not _is_readable(item):
                    unreadable.append(sk)
        return _Snapshot(
            quota=quota,
            stored=frozenset(expiries),
            unreadable=tuple(unreadable),
            # The count remains as long as one of the configurations.
            expires_at=None if None in expiries.values() else max(filter(None, expiries.values()), default=None),
            expired=expired,
            incomplete=incomplete,
        )


def _is_readable(item: RawItem) -> bool:
    try:
        to_configuration(item)
    except ServiceError:
        return False
    return True
