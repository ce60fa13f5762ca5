"""Creates: limits, idempotency keys, unknown tickers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from adapters.memory import MemoryStore
from domain.configurations import Configuration, WatchedTicker
from domain.errors import (
    DeletedSince,
    IdempotencyKeyReused,
    LimitReached,
    StoreUnavailable,
    TickersUnavailable,
    UnknownTicker,
)
from domain.limits import RETENTION, SESSION, User, UserKind
from domain.ports import AddResult
from domain.services import ConfigurationList
from domain.tickers import Ticker
from tests.builders import APPLE, BERKSHIRE, NOW, AFixedList, a_draft, a_user
from tests.support.services import AService

FACEBOOK = Ticker("FB", "Facebook, Inc.", "NASDAQ")


# --- creating ---------------------------------------------------------------------------------------------------------


def test_a_create_stores_the_requested_fields(service: AService, ann: User) -> None:
    draft = a_draft("Tech", ("AAPL", "brk-b"), timeframe_days=30, include_extended_hours=True)

    added = service.create(ann, draft)

    made = added.configuration
    assert not added.replayed
    assert made == Configuration(
        config_id=made.config_id,
        user_id="ann",
        name="Tech",
        tickers=(WatchedTicker(APPLE, NOW), WatchedTicker(BERKSHIRE, NOW)),
        timeframe_days=30,
        include_extended_hours=True,
        created_at=NOW,
        updated_at=NOW,
        revision=made.revision,
        request_fingerprint=None,
        expires_at=NOW + SESSION + RETENTION,
    )
    assert made.config_id != made.revision
    assert service.get(ann, made.config_id) == made


def test_a_configuration_of_a_member_never_expires(service: AService) -> None:
    member = a_user(kind=UserKind.MEMBER)

    assert service.create(member, a_draft()).configuration.expires_at is None


@pytest.mark.parametrize(("kind", "limit"), [(UserKind.ANONYMOUS, 2), (UserKind.MEMBER, 5)])
def test_each_kind_of_user_has_a_limit(service: AService, kind: UserKind, limit: int) -> None:
    user = a_user(kind=kind)
    for _ in range(limit):
        service.create(user, a_draft())

    with pytest.raises(LimitReached) as refusal:
        service.create(user, a_draft())

    assert refusal.value.max_allowed == limit
    listed = service.list(user)
    assert (listed.max_allowed, listed.remaining) == (limit, 0)


# --- idempotency ------------------------------------------------------------------------------------------------------


def test_creates_without_a_key_are_independent(service: AService, ann: User) -> None:
    first, second = service.create(ann, a_draft()), service.create(ann, a_draft())

    assert first.configuration.config_id != second.configuration.config_id
    assert not second.replayed


def test_a_repeated_create_with_a_key_returns_the_same_configuration(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k")
    service.now += timedelta(minutes=1)

    again = service.create(ann, a_draft(tickers=(" aapl",)), idempotency_key="k")

    assert again.replayed
    assert again.configuration == first.configuration
    assert len(service.list(ann).configurations) == 1


def test_keys_are_case_sensitive(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k")
    second = service.create(ann, a_draft(), idempotency_key="K")

    assert first.configuration.config_id != second.configuration.config_id


def test_user_and_key_are_separated_when_deriving_the_id(service: AService) -> None:
    one = service.create(a_user("a"), a_draft(), idempotency_key="bc").configuration
    other = service.create(a_user("ab"), a_draft(), idempotency_key="c").configuration

    assert one.config_id != other.config_id


def test_the_derivation_of_ids_is_stable(service: AService, ann: User) -> None:
    made = service.create(ann, a_draft(), idempotency_key="k").configuration

    assert made.config_id == str(uuid5(NAMESPACE_URL, "ann\nk"))


def test_a_key_with_another_request_is_refused(service: AService, ann: User) -> None:
    service.create(ann, a_draft(), idempotency_key="k")

    with pytest.raises(IdempotencyKeyReused):
        service.create(ann, a_draft("Other"), idempotency_key="k")


def test_a_late_duplicate_does_not_recreate_a_deleted_configuration(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k").configuration
    service.now += timedelta(minutes=1)
    service.delete(ann, first.config_id)

    with pytest.raises(DeletedSince) as error:
        service.create(ann, a_draft(), idempotency_key="k")

    assert (error.value.config_id, error.value.deleted_at) == (first.config_id, service.now)
    del service.tickers.listings["AAPL"]
    with pytest.raises(DeletedSince):
        service.create(ann, a_draft(), idempotency_key="k")


def test_a_key_can_be_used_again_a_day_after_the_delete(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k").configuration
    service.delete(ann, first.config_id)
    service.now += timedelta(hours=24)

    again = service.create(ann, a_draft(), idempotency_key="k")

    assert not again.replayed
    assert again.configuration.config_id == first.config_id
    assert again.configuration.revision != first.revision


@pytest.mark.parametrize("authoritative", [True, False], ids=["delisted since", "list out of reach"])
def test_a_replay_succeeds_after_its_ticker_became_invalid(
    service: AService, ann: User, *, authoritative: bool
) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k").configuration
    service.tickers = AFixedList(authoritative=authoritative)
    del service.tickers.listings["AAPL"]

    again = service.create(ann, a_draft(), idempotency_key="k")

    assert again.replayed
    assert again.configuration == first
    with pytest.raises(IdempotencyKeyReused):
        service.create(ann, a_draft("Other"), idempotency_key="k")


@pytest.mark.parametrize(
    ("authoritative", "refusal"), [(True, UnknownTicker), (False, TickersUnavailable)], ids=["unknown", "cannot tell"]
)
@pytest.mark.parametrize("key", [None, "k"])
def test_a_create_with_an_unknown_ticker_is_refused(
    ann: User, *, authoritative: bool, refusal: type[Exception], key: str | None
) -> None:
    service = AService(tickers=AFixedList(authoritative=authoritative))

    with pytest.raises(refusal):
        service.create(ann, a_draft(tickers=("ZZZZ",)), idempotency_key=key)

    assert service.list(ann) == ConfigurationList((), 2)


def test_a_create_without_a_key_is_validated_without_reading_the_store(ann: User) -> None:
    service = AService(AStoreThatCannotBeRead())

    with pytest.raises(UnknownTicker):
        service.create(ann, a_draft(tickers=("ZZZZ",)))
    with pytest.raises(StoreUnavailable):
        service.create(ann, a_draft(tickers=("ZZZZ",)), idempotency_key="k")


class AStoreThatCannotBeRead(MemoryStore):
    def find_replay(self, *_: Any, **__: Any) -> AddResult | None:
        raise StoreUnavailable("unavailable", retry_after=timedelta(seconds=1))
