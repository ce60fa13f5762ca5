"""Adoption: the configurations of an anonymous user become a member's, in one transaction.

For each configuration, one action deletes the anonymous user's item, or turns it into a tombstone, if it is still at
its revision, and one puts the same item under the member's key, if that is free. Two more actions move the counts. The
anonymous user's must not have changed since the items were read, so that all of them move; the member's must be low
enough.

    request 1    |-- read, transaction T --x  the response is lost
    request 1      |-- T again: DynamoDB knows the token, and nothing is written ---> adopted
    request 2    |-- read: nothing is left ---> adopted: none
    request 3    |-- read, transaction U: a create, update, delete or adoption came first ---> read again, transaction V

A transaction is repeated with its token until its outcome is known. After a failed condition another one is made of
what is read then, with a token of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from adapters.aws.errors import ErrorKind, ServiceError, classify_dynamodb_error
from adapters.dynamodb.client import CONDITION_FAILED, TableClient, last_raw_item
from adapters.dynamodb.items import quota_expiry_actions, read_integer, readable, tombstone_actions
from adapters.dynamodb.models import (
    CONFIGURATION,
    IS_STORED,
    QUOTA,
    QuotaItem,
    RawItem,
    count_is_below,
    has_revision,
    key,
    key_is_free,
    partition,
    quota_is_unchanged,
)
from adapters.dynamodb.repair import repair_if_malformed
from domain.adoption import Adoption
from domain.configurations import Configuration, newest_first
from domain.errors import LimitReached
from domain.idempotency import is_derived_from_key
from domain.ports import NewId


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one transaction moves, as it was read, and the transaction's token."""

    configurations: tuple[Configuration, ...]
    items: dict[str, RawItem]
    quota: RawItem
    token: str


class AdoptionAttempts:
    """The attempts of one adoption: first `read`, then `write`."""

    def __init__(self, client: TableClient, adoption: Adoption, *, limit: int, now: datetime, new_token: NewId) -> None:
        self._client = client
        self._adoption = adoption
        self._limit = limit
        self._now = now
        self._new_token = new_token
        self._quotas = tuple(
            client.models.quota(partition(user_id), QUOTA) for user_id in (adoption.anonymous_id, adoption.member_id)
        )
        self._plan: _Plan | None = None
        self._ids_in_use: set[str] = set()
        self._earlier_attempt_is_unsettled = False

    def read(self) -> None:
        """Read what will move."""
        self._plan = self._read()

    def write(self) -> tuple[Configuration, ...]:
        """Move it. Raises as the client does, ServiceError for another attempt, and the errors of `adopt`."""
        plan = self._plan = self._plan or self._read()
        if not plan.configurations:
            return ()
        try:
            with self._client.transaction(plan.token) as transaction:
                self._add_actions(transaction, plan)
        except TransactWriteError as error:
            self._raise_refusal(plan, error)
        return tuple(self._adoption.adopted(each) for each in plan.configurations)

    def _read(self) -> _Plan:
        raw = self._client.query(self._quotas[0].PK)
        quota = next((each for each in raw if each["SK"]["S"] == QUOTA), {})
        repair_if_malformed(self._client, self._quotas[0], quota)
        stored = [each for each in raw if each["SK"]["S"].startswith(CONFIGURATION)]
        items = {each["SK"]["S"].removeprefix(CONFIGURATION): each for each in stored}
        held = newest_first(readable(stored))
        selected = tuple(each for each in self._adoption.select(held) if each.config_id not in self._ids_in_use)
        return _Plan(selected, items, quota, self._new_token())

    def _add_actions(self, transaction: TransactWrite, plan: _Plan) -> None:
        models, (anonymous, member), number = self._client.models, self._quotas, len(plan.configurations)
        for each in plan.configurations:
            item = models.configuration(*key(self._adoption.anonymous_id, each.config_id))
            at_its_revision = IS_STORED & has_revision(each.revision)
            if is_derived_from_key(each.config_id):
                transaction.update(item, tombstone_actions(self._now), condition=at_its_revision)
            else:
                transaction.delete(item, at_its_revision)
            copy = models.copy.of(plan.items[each.config_id], self._adoption.member_id)
            transaction.save(copy, condition=key_is_free(int(self._now.timestamp())))
        # In a table that was not reconciled, fewer are counted than are stored.
        counted = min(number, read_integer(plan.quota, "config_count") or 0)
        decrement: list[Action] = [QuotaItem.version.add(1), QuotaItem.config_count.add(-counted)]
        transaction.update(anonymous, decrement, condition=quota_is_unchanged(plan.quota))
        increment = [QuotaItem.version.add(1), QuotaItem.config_count.add(number), *quota_expiry_actions(None)]
        is_low_enough = count_is_below(self._limit - number + 1)
        transaction.update(member, increment, condition=is_low_enough, return_values="ALL_OLD")

    # The reasons come in the order deletes, puts, updates, and the member's count is the last update.
    def _raise_refusal(self, plan: _Plan, error: TransactWriteError) -> NoReturn:
        codes = [each and each.code for each in error.cancellation_reasons]
        failed = {index for index, code in enumerate(codes) if code == CONDITION_FAILED}
        if not failed:
            # The same transaction again. Without a response, it may have been carried out, or be carried out later.
            kind = classify_dynamodb_error(error).kind
            self._earlier_attempt_is_unsettled |= kind in {ErrorKind.TIMEOUT, ErrorKind.TRANSIENT}
            raise error
        self._plan = None
        if {*codes} - {None, CONDITION_FAILED}:
            # Beside a conflict, a condition may have failed because of the other transaction, which may be cancelled.
            raise ServiceError(ErrorKind.CONTENDED, CONDITION_FAILED) from error
        if failed == {len(codes) - 1}:
            repair_if_malformed(self._client, self._quotas[1], last_raw_item(error))
            if self._earlier_attempt_is_unsettled:
                raise ServiceError(ErrorKind.UNSETTLED, "UnsettledAttempt") from error
            raise LimitReached(self._limit, adopting=len(plan.configurations)) from None
        deletes = sum(not is_derived_from_key(each.config_id) for each in plan.configurations)
        puts = enumerate(plan.configurations, start=deletes)
        self._ids_in_use |= {each.config_id for index, each in puts if index in failed}
        raise ServiceError(ErrorKind.CONTENDED, CONDITION_FAILED) from error
