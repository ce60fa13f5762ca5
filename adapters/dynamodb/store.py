"""Configurations in DynamoDB: one table, and every change of a user's count is one transaction.

How each write recognises its own success after a lost answer: it is a `TransactWriteItems`
whose client request token is made once for all its attempts, and DynamoDB answers a token
that it has carried out (within ten minutes) with the same success, without doing it again.
That also holds for an update that others have written over meanwhile, which comparing
revisions could not tell. `docs/dynamodb.md` draws it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition

from adapters.aws.errors import AWS_ERRORS, ErrorKind, ServiceError, classify_dynamodb_error
from adapters.aws.retry import Sleep, dynamodb_probe, dynamodb_retry
from adapters.dynamodb.models import (
    CONFIG_COUNT,
    IS_CONFIGURATION,
    IS_FREE,
    IS_THERE,
    QUOTA,
    VERSION,
    RawItem,
    changes,
    decoded,
    encoded,
    expiry,
    is_at,
    is_below,
    key,
    partition,
    table_connection,
)
from domain.configurations import Configuration, newest_first
from domain.deadline import Monotonic
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import AddResult, NewId

log = logging.getLogger(__name__)

T = TypeVar("T")
Reason = str | None
"""Why an item of a transaction made it fail: AWS's code, or None where it was not at fault."""

FEW_REVISIONS = 50
"""As many are compared in the condition itself (DynamoDB takes 100 values); more are read first."""

_FAILED = "ConditionalCheckFailed"


class DynamoDBStore:
    """A ConfigurationStore in the table `table`.

    `clock`, `sleep` and `rng` time the retries; `new_id` makes the tokens that tell one write
    from another, of at most 36 characters. Credentials, endpoint and (without `region`) region
    are botocore's own settings.
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
        self._table = table_connection(table, region=region)
        self._retry = dynamodb_retry(clock=clock, sleep=sleep, rng=rng)
        self._probe = dynamodb_probe(clock=clock, sleep=sleep, rng=rng)
        self._new_token = new_id

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """See ConfigurationStore. One transaction: the count goes up below `limit`, the item is put on a free key."""
        new_item = self._table.get_operation_kwargs(
            *key(configuration.user_id, configuration.config_id),
            key="Item",
            attributes=encoded(configuration),
            condition=IS_FREE,
            return_values_on_condition_failure="ALL_OLD",
        )
        one_more = self._table.get_operation_kwargs(
            partition(configuration.user_id),
            QUOTA,
            actions=[CONFIG_COUNT.add(1), VERSION.add(1), expiry(configuration.expires_at)],
            condition=is_below(limit),
        )
        token = self._new_token()

        def attempt() -> AddResult:
            try:
                self._transact(token, puts=[new_item], updates=[one_more])
            except TransactWriteError as error:
                put, counting = _reasons(error)
                if put == _FAILED:
                    return self._replay(configuration, _item_in(error))
                if (put, counting) == (None, _FAILED):
                    raise LimitReached(limit) from None
                # Also where the shelf is full and the put in doubt, for a conflict: it may hold this very item.
                raise
            return AddResult(configuration, replayed=False)

        return self._call("add", attempt)

    def get(self, user_id: str, config_id: str) -> Configuration:
        """See ConfigurationStore. One consistent read."""
        return self._call("get", lambda: decoded(self._read(user_id, config_id)))

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """See ConfigurationStore. One consistent query; what cannot be read is logged and hides nothing else."""
        items = self._call("list", lambda: self._query(user_id))
        return newest_first(_readable(items))

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """See ConfigurationStore. One consistent read, then one write if the revision is still the one read."""
        current = self.get(user_id, config_id)

        def attempt() -> Configuration:
            nonlocal current
            wanted = change(current)
            newer = self._replace(current, wanted)
            if newer is None:
                return wanted
            current = newer
            raise ServiceError(ErrorKind.CONTENDED, _FAILED)

        return self._retry("update", attempt)

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        """See ConfigurationStore. One transaction: the item goes if it is at one of `revisions`, and is not counted."""
        if revisions is not None and not 0 < len(revisions) <= FEW_REVISIONS:
            revisions &= {self.get(user_id, config_id).revision}
            if not revisions:
                raise RevisionMismatch
        condition = IS_THERE if revisions is None else IS_THERE & is_at(*revisions)
        counted, tokens = True, {True: self._new_token(), False: self._new_token()}

        def attempt() -> bool:
            nonlocal counted
            try:
                self._delete(user_id, config_id, condition, tokens[counted], counted=counted)
            except TransactWriteError as error:
                deletion, counting = _reasons(error)
                if deletion == _FAILED:
                    return False
                if (deletion, counting) == (None, _FAILED):
                    # The table was not reconciled after it was adopted: this item was never counted, or is now.
                    counted = not counted
                    raise ServiceError(ErrorKind.CONTENDED, "CountOutOfStep") from error
                raise
            return True

        if self._call("remove", attempt):
            if not counted:
                log.warning("deleted what was never counted", extra={"remedy": "Run `quotas reconcile --apply`."})
        elif revisions is None:
            raise NotFound
        else:
            self.get(user_id, config_id)
            raise RevisionMismatch

    def check(self) -> None:
        """See ConfigurationStore. One attempt to read a key that nobody has."""
        self._probe("check", lambda: self._translated(lambda: self._table.get_item("HEALTH", "HEALTH")))

    def close(self) -> None:
        """Close the connections to DynamoDB."""
        self._table.connection.client.close()

    def _replay(self, configuration: Configuration, raw: RawItem | None) -> AddResult:
        if raw is None:  # an engine that leaves the item out of its reasons
            raw = self._read(configuration.user_id, configuration.config_id)
        try:
            return AddResult.replay(decoded(raw), configuration.request_fingerprint)
        except NotFound:  # deleted in between: the key is free again
            raise ServiceError(ErrorKind.CONTENDED, _FAILED) from None

    def _replace(self, current: Configuration, wanted: Configuration) -> Configuration | None:
        """Write `wanted` over `current`; None if that worked, else what is there instead. Raises NotFound.

        A transaction of one item, for its token's sake, and because a condition that fails in it
        brings the item along: a lost race costs no second read.
        """
        update = self._table.get_operation_kwargs(
            *key(current.user_id, current.config_id),
            actions=[*changes(current, wanted), expiry(wanted.expires_at)],
            condition=IS_THERE & is_at(current.revision),
            return_values_on_condition_failure="ALL_OLD",
        )
        token = self._new_token()

        def attempt() -> Configuration | None:
            try:
                self._transact(token, updates=[update])
            except TransactWriteError as error:
                if _reasons(error) != (_FAILED, None):
                    raise
                return decoded(_item_in(error) or self._read(current.user_id, current.config_id))
            return None

        return self._call("update", attempt)

    def _delete(self, user_id: str, config_id: str, condition: Condition, token: str, *, counted: bool) -> None:
        """Delete the item and count down, or (not `counted`) delete it if there is nothing to count down."""
        has_some = CONFIG_COUNT > 0
        deletion = self._table.get_operation_kwargs(*key(user_id, config_id), condition=condition)
        one_less = self._table.get_operation_kwargs(
            partition(user_id),
            QUOTA,
            actions=[VERSION.add(1), CONFIG_COUNT.add(-1)] if counted else [VERSION.add(1)],
            condition=has_some if counted else ~has_some,
        )
        self._transact(token, deletions=[deletion], updates=[one_less])

    def _read(self, user_id: str, config_id: str) -> RawItem | None:
        raw: RawItem | None = self._table.get_item(*key(user_id, config_id), consistent_read=True).get("Item")
        return raw

    def _query(self, user_id: str) -> Sequence[RawItem]:
        items: Sequence[RawItem] = ()
        start = None
        while True:  # a page is 1 MB: one is enough for all but the strangest user
            page = self._table.query(
                partition(user_id),
                range_key_condition=IS_CONFIGURATION,
                consistent_read=True,
                exclusive_start_key=start,
            )
            items = (*items, *page["Items"])
            start = page.get("LastEvaluatedKey")
            if start is None:
                return items

    def _call(self, operation: str, attempt: Callable[[], T]) -> T:
        return self._retry(operation, lambda: self._translated(attempt))

    def _translated(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except (PynamoDBException, *AWS_ERRORS) as error:
            raise classify_dynamodb_error(error) from error

    def _transact(
        self,
        token: str,
        *,
        deletions: Sequence[dict[str, Any]] = (),
        puts: Sequence[dict[str, Any]] = (),
        updates: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._table.connection.transact_write_items((), deletions, puts, updates, client_request_token=token)


def _reasons(error: TransactWriteError) -> tuple[Reason, Reason]:
    """Of the first two items, in the order of the wire: checks, deletes, puts, updates."""
    codes = [reason.code if reason else None for reason in error.cancellation_reasons]
    first, second = [*codes, None, None][:2]
    return first, second


def _item_in(error: TransactWriteError) -> RawItem | None:
    """The stored item that made the first condition fail, from engines that send it along."""
    reason = error.cancellation_reasons[0]
    return reason.raw_item if reason else None


def _readable(items: Sequence[RawItem]) -> Iterator[Configuration]:
    for raw in items:
        try:
            yield decoded(raw)
        except NotFound:
            continue
        except ServiceError as fault:
            log.error("unreadable item left out", extra={"cause": str(fault.__cause__), "remedy": fault.remedy})  # noqa: TRY400 the cause is named, and the trace adds nothing
