"""The configuration store in DynamoDB: one table, and each change of a user's count is one transaction.

How a retry recognises that an earlier attempt has succeeded: every write is a `TransactWriteItems` with a client
request token, the same for all attempts of a write. DynamoDB answers a repeated token with the first result for
ten minutes, also after others have changed the item. docs/dynamodb.md has a sequence diagram.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import TypeVar

from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from adapters.aws.errors import AWS_ERRORS, ErrorKind, ServiceError, classify_dynamodb_error
from adapters.aws.retry import Sleep, dynamodb_probe, dynamodb_retry
from adapters.dynamodb.adoption import AdoptionAttempts
from adapters.dynamodb.client import CONDITION_FAILED, NO_REASON, TableClient, first_two_reasons
from adapters.dynamodb.erasure import erase
from adapters.dynamodb.extension import extend
from adapters.dynamodb.items import (
    find_replay,
    quota_expiry_actions,
    readable,
    to_configuration,
    to_epoch,
    to_item,
    tombstone_actions,
    update_actions,
)
from adapters.dynamodb.models import (
    COUNT_IS_POSITIVE,
    COUNT_IS_ZERO,
    IS_CONFIGURATION,
    IS_STORED,
    QUOTA,
    ConfigurationItem,
    QuotaItem,
    RawItem,
    count_is_below,
    has_revision,
    key,
    key_is_free,
    partition,
)
from adapters.dynamodb.repair import repair_if_malformed
from domain.adoption import Adoption
from domain.configurations import Configuration, newest_first
from domain.deadline import Monotonic
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.events import Event
from domain.idempotency import is_derived_from_key
from domain.ports import AddResult, NewId

log = logging.getLogger(__name__)
T = TypeVar("T")
Actions = list[Action]
_Delete = Callable[[TransactWrite], None]
"""Adds the deletion of a configuration to a transaction."""

MAX_REVISIONS_IN_CONDITION = 50
"""DynamoDB allows 100 values. If there are more revisions, the configuration is read first."""


class _Deletion(Enum):
    DONE = auto()
    REFUSED = auto()
    """The configuration does not exist, or has another revision."""
    COUNT_REFUSED = auto()
    """The configuration exists, but the count does not meet the condition."""


class DynamoDBStore:
    """A ConfigurationStore in the table `table`.

    `clock`, `sleep` and `rng` time the retries; `new_id` makes the client request tokens (at most
    36 characters). Credentials, endpoint and, without `region`, the region are botocore's settings.
    """

    def __init__(
        self,
        table: str,
        *,
        clock: Monotonic,
        sleep: Sleep,
        rng: random.Random,
        new_id: NewId,
        region: str | None = None,
    ) -> None:
        self._client = TableClient(table, region=region)
        self._retry = dynamodb_retry(clock=clock, sleep=sleep, rng=rng)
        self._probe = dynamodb_probe(clock=clock, sleep=sleep, rng=rng)
        self._new_token = new_id

    # Put the configuration if its key is free, and count it if the user is below the limit.
    #
    #   request 1    |-- transaction T: put and count --x  the response is lost
    #   request 1      |-- T again: DynamoDB knows the token, and nothing is written ---> created
    #   (a crash here leaves both or nothing: it is one transaction)
    #   request 2, the same Idempotency-Key, so the same key
    #                |-- another token: the put's condition fails, the stored item returns --> replayed
    #
    # At the limit a repeat fails both conditions. The put decides: it is a replay.
    #
    #   request 1    |-- T, delayed on its way to DynamoDB ..........................--> created after all
    #   request 1      |-- T again: the limit is reached      (a delete makes room) |
    # So the limit is no final answer after an attempt without a response: 429, and the same key settles it.
    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        item = to_item(configuration, self._client.models.configuration)
        quota = self._client.models.quota(item.PK, QUOTA)
        expiry = quota_expiry_actions(configuration.expires_at)
        increment = [QuotaItem.config_count.add(1), QuotaItem.version.add(1), *expiry]
        free = key_is_free(int(configuration.created_at.timestamp()))
        token = self._new_token()
        earlier_attempt_is_unsettled = False

        def attempt() -> AddResult:
            nonlocal earlier_attempt_is_unsettled
            try:
                with self._client.transaction(token) as transaction:
                    transaction.save(item, condition=free, return_values="ALL_OLD")
                    transaction.update(quota, increment, condition=count_is_below(limit), return_values="ALL_OLD")
            except TransactWriteError as error:
                put, count = first_two_reasons(error)
                if put.code == CONDITION_FAILED:
                    return self._replay(configuration, item, put.raw_item)
                if put is NO_REASON and count.code == CONDITION_FAILED:
                    repair_if_malformed(self._client, quota, count.raw_item)
                    if earlier_attempt_is_unsettled:
                        raise ServiceError(ErrorKind.UNSETTLED, "UnsettledAttempt") from error
                    raise LimitReached(limit) from None
                # If the put has a conflict, the key may hold this very configuration: try again, also at the limit.
                kind = classify_dynamodb_error(error).kind
                earlier_attempt_is_unsettled |= kind in {ErrorKind.TIMEOUT, ErrorKind.TRANSIENT}
                raise
            return AddResult(configuration, replayed=False)

        return self._call("add", attempt)

    def find_replay(
        self, user_id: str, config_id: str, request_fingerprint: str | None, *, now: datetime
    ) -> AddResult | None:
        return self._call(
            "get", lambda: find_replay(self._client.get(*key(user_id, config_id)), request_fingerprint, now=now)
        )

    def get(self, user_id: str, config_id: str) -> Configuration:
        return self._call("get", lambda: to_configuration(self._client.get(*key(user_id, config_id))))

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        return newest_first(
            readable(self._call("list", lambda: self._client.query(partition(user_id), sort_keys=IS_CONFIGURATION)))
        )

    # Read, then write if the revision is still the same. If it is not, the response has the current item, and the
    # change is applied to that. The write is a transaction of one item: only a transaction has a token.
    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        item = self._client.models.configuration(*key(user_id, config_id))
        current = self.get(user_id, config_id)
        wanted, token = change(current), self._new_token()

        def attempt() -> Configuration:
            nonlocal current, wanted, token
            try:
                with self._client.transaction(token) as transaction:
                    transaction.update(
                        item,
                        update_actions(current, wanted),
                        condition=IS_STORED & has_revision(current.revision),
                        return_values="ALL_OLD",
                    )
            except TransactWriteError as error:
                write, _ = first_two_reasons(error)
                if write.code != CONDITION_FAILED:
                    raise
                current = to_configuration(write.raw_item or self._client.get(item.PK, item.SK))
                wanted, token = change(current), self._new_token()
                raise ServiceError(ErrorKind.CONTENDED, CONDITION_FAILED) from error
            return wanted

        return self._call("update", attempt)

    # Delete the configuration if it has one of the revisions, and count it no more.
    #
    #   request 1    |-- transaction T: delete and decrement --x  the response is lost
    #   request 1      |-- T again: DynamoDB knows the token, and nothing is written ---> deleted
    #   request 2    |-- another token: there is nothing to delete ---> not found
    #
    # In a table whose counts were never reconciled, the count may be 0. Then a second transaction, with a
    # token of its own, deletes the configuration if the count is still 0.
    #
    # A configuration that was created with a key is not deleted but turned into a tombstone, at the same price. Its id
    # tells the two kinds apart, so no read is necessary.
    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        if revisions is not None and not 0 < len(revisions) <= MAX_REVISIONS_IN_CONDITION:
            revisions &= {self.get(user_id, config_id).revision}
            if not revisions:
                raise RevisionMismatch
        condition = IS_STORED if revisions is None else IS_STORED & has_revision(*revisions)
        item = self._client.models.configuration(*key(user_id, config_id))
        quota = self._client.models.quota(item.PK, QUOTA)

        def delete(transaction: TransactWrite) -> None:
            if is_derived_from_key(config_id):
                transaction.update(item, tombstone_actions(now), condition=condition)
            else:
                transaction.delete(item, condition)

        deletion = self._delete_and_decrement(delete, quota)
        if deletion is _Deletion.COUNT_REFUSED:
            deletion = self._delete_uncounted(delete, quota)
        if deletion is _Deletion.REFUSED:
            if revisions is None:
                raise NotFound
            self.get(user_id, config_id)
            raise RevisionMismatch

    def extend(self, user_id: str, *, expires_at: datetime) -> None:
        extend(self._client, self._call, user_id, to_epoch(expires_at))

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        attempts = AdoptionAttempts(self._client, adoption, limit=limit, now=now, new_token=self._new_token)
        self._call("adopt", attempts.read)
        return self._call("adopt", attempts.write)

    def erase(self, user_id: str, *, now: datetime) -> None:
        erase(self._client, self._call, partial(self.remove, user_id, now=now), user_id)

    def check(self) -> None:
        self._probe("check", lambda: _translated(lambda: self._client.get("HEALTH", "HEALTH")))

    def close(self) -> None:
        self._client.close()

    def _replay(self, configuration: Configuration, item: ConfigurationItem, raw: RawItem | None) -> AddResult:
        if raw is None:
            # Older engines do not return the item.
            raw = self._client.get(item.PK, item.SK)
        earlier = find_replay(raw, configuration.request_fingerprint, now=configuration.created_at)
        if earlier is None:
            # Deleted since the condition failed: the key is free again.
            raise ServiceError(ErrorKind.CONTENDED, CONDITION_FAILED)
        return earlier

    def _delete_and_decrement(self, delete: _Delete, quota: QuotaItem) -> _Deletion:
        decrement: list[Action] = [QuotaItem.version.add(1), QuotaItem.config_count.add(-1)]
        token = self._new_token()
        return self._call("remove", lambda: self._delete(token, delete, quota, decrement, COUNT_IS_POSITIVE))

    def _delete_uncounted(self, delete: _Delete, quota: QuotaItem) -> _Deletion:
        new_version: list[Action] = [QuotaItem.version.add(1)]
        token = self._new_token()

        def attempt() -> _Deletion:
            deletion = self._delete(token, delete, quota, new_version, COUNT_IS_ZERO)
            if deletion is _Deletion.COUNT_REFUSED:
                # A concurrent create or repair has counted since.
                raise ServiceError(ErrorKind.CONTENDED, CONDITION_FAILED)
            return deletion

        deletion = self._call("remove", attempt)
        if deletion is _Deletion.DONE:
            extra = {"event": Event.DELETE_NOT_COUNTED, "remedy": "Run `quotas reconcile --apply`."}
            log.warning("deleted what was never counted", extra=extra)
        return deletion

    def _delete(
        self, token: str, delete: _Delete, quota: QuotaItem, count: Actions, count_condition: Condition
    ) -> _Deletion:
        try:
            with self._client.transaction(token) as transaction:
                delete(transaction)
                transaction.update(quota, count, condition=count_condition, return_values="ALL_OLD")
        except TransactWriteError as error:
            deletion, counting = first_two_reasons(error)
            if deletion.code == CONDITION_FAILED:
                return _Deletion.REFUSED
            if deletion is not NO_REASON or counting.code != CONDITION_FAILED:
                raise
            repair_if_malformed(self._client, quota, counting.raw_item)
            return _Deletion.COUNT_REFUSED
        return _Deletion.DONE

    def _call(self, operation: str, attempt: Callable[[], T]) -> T:
        return self._retry(operation, lambda: _translated(attempt))


def _translated(attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except (PynamoDBException, *AWS_ERRORS) as error:
        raise classify_dynamodb_error(error) from error
