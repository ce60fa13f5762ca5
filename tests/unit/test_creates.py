"""The use case of a create: idempotency keys, and when tickers are validated. tests/api has what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest

from adapters.memory import MemoryStore
from domain.configurations import WatchedTicker
from domain.errors import DeletedSince, IdempotencyKeyReused, StoreUnavailable, TickersUnavailable, UnknownTicker
from domain.idempotency import Tombstone
from domain.limits import User, UserKind
from domain.ports import AddResult
from tests.builders import APPLE, NOW, AFixedList, a_draft, a_user
from tests.support.services import AService


def test_a_configuration_of_a_member_never_expires(service: AService) -> None:
    member = a_user(kind=UserKind.MEMBER)

    assert service.create(member, a_draft()).configuration.expires_at is None


def test_a_ticker_is_watched_from_the_create_on(service: AService, ann: User) -> None:
    assert service.create(ann, a_draft()).configuration.tickers == (WatchedTicker(APPLE, NOW),)


def test_the_list_of_a_member_has_the_limit_of_members(service: AService) -> None:
    assert service.list(a_user(kind=UserKind.MEMBER)).max_allowed == 5


def test_the_derivation_of_ids_from_user_and_key_is_stable(service: AService, ann: User) -> None:
    made = service.create(ann, a_draft(), idempotency_key="K").configuration

    assert made.config_id == str(uuid5(NAMESPACE_URL, "ann\nK"))
    assert made.request_fingerprint == a_draft().fingerprint()


@pytest.mark.parametrize("config_id", [str(uuid4()), "old"], ids=["random", "of an older service"])
def test_an_id_that_is_not_derived_from_a_key_leaves_no_tombstone(config_id: str) -> None:
    assert Tombstone.of_create(config_id, "fingerprint", deleted_at=NOW) is None


@pytest.mark.parametrize("authoritative", [True, False], ids=["delisted since", "list out of reach"])
def test_a_repeated_create_has_the_same_result_after_its_ticker_became_invalid(
    service: AService, ann: User, *, authoritative: bool
) -> None:
    first = service.create(ann, a_draft(), idempotency_key="k").configuration
    service.tickers = AFixedList(authoritative=authoritative)
    del service.tickers.listings["AAPL"]

    assert service.create(ann, a_draft(), idempotency_key="k") == AddResult(first, replayed=True)
    with pytest.raises(IdempotencyKeyReused):
        service.create(ann, a_draft("Other"), idempotency_key="k")

    service.now += timedelta(minutes=1)
    service.delete(ann, first.config_id)
    with pytest.raises(DeletedSince) as error:
        service.create(ann, a_draft(), idempotency_key="k")
    assert error.value.deleted_at == service.now


@pytest.mark.parametrize(
    ("authoritative", "refusal"), [(True, UnknownTicker), (False, TickersUnavailable)], ids=["unknown", "cannot tell"]
)
def test_a_first_create_with_an_unknown_ticker_is_refused(
    ann: User, *, authoritative: bool, refusal: type[Exception]
) -> None:
    service = AService(tickers=AFixedList(authoritative=authoritative))

    with pytest.raises(refusal):
        service.create(ann, a_draft(tickers=("ZZZZ",)), idempotency_key="k")

    assert service.list(ann).configurations == ()


def test_a_create_without_a_key_is_validated_without_reading_the_store(ann: User) -> None:
    service = AService(AStoreThatCannotBeRead())

    with pytest.raises(UnknownTicker):
        service.create(ann, a_draft(tickers=("ZZZZ",)))
    with pytest.raises(StoreUnavailable):
        service.create(ann, a_draft(tickers=("ZZZZ",)), idempotency_key="k")


class AStoreThatCannotBeRead(MemoryStore):
    def find_replay(self, *_: Any, **__: Any) -> AddResult | None:
        raise StoreUnavailable("unavailable", retry_after=timedelta(seconds=1))
