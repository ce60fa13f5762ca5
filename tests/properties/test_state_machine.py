"""Every store gives the same results as a model made of plain dicts, for any sequence of requests."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from domain.adoption import Adoption
from domain.configurations import Configuration, ConfigurationInput, ConfigurationUpdate
from domain.errors import (
    DeletedSince,
    DomainError,
    IdempotencyKeyReused,
    LimitReached,
    NotFound,
    RevisionMismatch,
    UnknownTicker,
)
from domain.idempotency import TOMBSTONE_RETENTION
from domain.limits import ConfigurationLimits, UserKind
from domain.services import ConfigurationService
from domain.ticker_services import TickerService
from tests.builders import NOW, AFixedList, a_user
from tests.contract.stages import Stage

T = TypeVar("T")

SYMBOLS = ("AAPL", "BRK.B", "MSFT", "NVDA", "TSLA", "KO")

_users = st.integers(0, 1)
_workers = st.integers(0, 1)
_places = st.integers(0, 2)
_jumps = st.integers(-5, 5).map(lambda seconds: timedelta(seconds=seconds))
_matches = st.sampled_from(["any", "now", "old"])
_keys = st.sampled_from([None, None, "k1", "k2"])
_names = st.sampled_from(["Tech", "Zoë 株", "👩‍👩‍👧"])
_tickers = st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=5, unique=True)
_drafts = st.builds(ConfigurationInput.of, name=_names, tickers=_tickers, timeframe_days=st.sampled_from([1, 7]))
_changes = st.builds(
    ConfigurationUpdate.of,
    name=st.none() | _names,
    tickers=st.none() | _tickers,
    timeframe_days=st.none() | st.integers(1, 365),
    include_extended_hours=st.none() | st.booleans(),
)


@dataclass
class Expected:
    """One stored configuration in the model."""

    draft: ConfigurationInput
    key: str | None
    first: ConfigurationInput
    stored: Configuration


@dataclass
class Deleted:
    """One deleted configuration in the model."""

    first: ConfigurationInput
    at: datetime


class History(RuleBasedStateMachine):
    """Two users, two workers with a handle each, a clock that jumps, and limits that the operator changes."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.limit = 2
        self.users = [a_user(f"ann-{uuid4()}"), a_user(f"bob-{uuid4()}", UserKind.MEMBER)]
        self.model: list[dict[str, Expected]] = [{}, {}]
        self.tombstones: list[dict[str, Deleted]] = [{}, {}]
        self.adopted_and_deleted: dict[str, datetime] = {}
        self.outdated: list[str] = []
        self.stores = [self.stage.open(), self.stage.open()]

    @rule(worker=_workers, user=_users, draft=_drafts, key=_keys, jump=_jumps)
    def create(self, worker: int, user: int, draft: ConfigurationInput, key: str | None, jump: timedelta) -> None:
        self.now += jump
        stored = self.model[user]
        earlier = next((held for held in stored.values() if key and held.key == key), None)
        tombstone = self.tombstone(user, key)
        expected: type[DomainError] | None = None
        if (earlier and earlier.first != draft) or (tombstone and tombstone.first != draft):
            expected = IdempotencyKeyReused
        elif tombstone:
            expected = DeletedSince
        elif not earlier and len(stored) >= self.limit:
            expected = LimitReached

        outcome = _outcome(lambda: self.service(worker).create(self.users[user], draft, idempotency_key=key))

        if expected:
            assert type(outcome) is expected
            return
        assert not isinstance(outcome, DomainError)
        if earlier:
            assert outcome.replayed
            assert outcome.configuration == earlier.stored
        else:
            assert not outcome.replayed
            made = outcome.configuration
            assert made.config_id not in stored
            assert made.created_at == made.updated_at == self.now
            stored[made.config_id] = Expected(draft, key, draft, made)

    @rule()
    def let_tombstones_expire(self) -> None:
        self.now += TOMBSTONE_RETENTION + timedelta(hours=1)

    @rule(worker=_workers, user=_users, key=_keys)
    def create_with_a_ticker_that_is_none(self, worker: int, user: int, key: str | None) -> None:
        draft = ConfigurationInput.of(name="Tech", tickers=["ZZZZ"])
        taken = self.tombstone(user, key) or any(key and held.key == key for held in self.model[user].values())

        outcome = _outcome(lambda: self.service(worker).create(self.users[user], draft, idempotency_key=key))

        assert type(outcome) is (IdempotencyKeyReused if taken else UnknownTicker)

    @rule(worker=_workers, user=_users, place=_places, changes=_changes, match=_matches, jump=_jumps)
    def update(
        self, worker: int, user: int, place: int, changes: ConfigurationUpdate, match: str, jump: timedelta
    ) -> None:
        self.now += jump
        held = self.held(user, place)
        revisions = self.revisions(held, match)

        outcome = _outcome(
            lambda: self.service(worker).update(
                self.users[user], held.stored.config_id if held else "none", changes, revisions=revisions
            )
        )

        if held is None:
            assert type(outcome) is NotFound
        elif match == "old":
            assert type(outcome) is RevisionMismatch
        else:
            assert not isinstance(outcome, DomainError)
            self.outdated.append(held.stored.revision)
            assert outcome.revision not in self.outdated
            wanted = {
                name: value
                for name in ("name", "symbols", "timeframe_days", "include_extended_hours")
                if (value := getattr(changes, name)) is not None
            }
            held.draft = replace(held.draft, **wanted)
            assert outcome.created_at == held.stored.created_at
            assert outcome.updated_at == max(self.now, held.stored.updated_at)
            held.stored = outcome

    @rule(worker=_workers, user=_users, place=_places, match=_matches)
    def delete(self, worker: int, user: int, place: int, match: str) -> None:
        held = self.held(user, place)
        revisions = self.revisions(held, match)

        outcome = _outcome(
            lambda: self.service(worker).delete(
                self.users[user], held.stored.config_id if held else "none", revisions=revisions
            )
        )

        if held is None:
            assert type(outcome) is NotFound
        elif match == "old":
            assert type(outcome) is RevisionMismatch
        else:
            assert outcome is None
            self.forget(user, held)

    @rule(worker=_workers)
    def adopt(self, worker: int) -> None:
        anonymous, member = self.users
        held = self.model[1]
        moving = [
            each
            for config_id, each in self.model[0].items()
            if config_id not in held and self.now >= self.adopted_and_deleted.get(config_id, self.now)
        ]
        adoption = Adoption(anonymous.user_id, member.user_id)

        outcome = _outcome(lambda: self.stores[worker].adopt(adoption, limit=self.limit, now=self.now))

        if moving and len(held) + len(moving) > self.limit:
            assert type(outcome) is LimitReached
            return
        assert not isinstance(outcome, DomainError)
        for each in moving:
            self.forget(0, each)
            each.stored, each.key = adoption.adopted(each.stored), None
            held[each.stored.config_id] = each
        assert {each.config_id: each for each in outcome} == {each.stored.config_id: each.stored for each in moving}

    @rule(worker=_workers, user=_users)
    def erase(self, worker: int, user: int) -> None:
        self.stores[worker].erase(self.users[user].user_id, now=self.now)

        for held in list(self.model[user].values()):
            self.forget(user, held)

    def forget(self, user: int, held: Expected) -> None:
        del self.model[user][held.stored.config_id]
        if held.key:
            self.tombstones[user][held.key] = Deleted(held.first, self.now)
        elif held.stored.request_fingerprint:
            # The member has it from the anonymous user, whose key it was.
            self.adopted_and_deleted[held.stored.config_id] = self.now + TOMBSTONE_RETENTION

    @rule(worker=_workers, user=_users, place=_places)
    def reach_for_another_s(self, worker: int, user: int, place: int) -> None:
        held = self.held(user, place)
        if held is None:
            return
        service, other = self.service(worker), self.users[1 - user]

        for act in (
            lambda: service.get(other, held.stored.config_id),
            lambda: service.update(other, held.stored.config_id, ConfigurationUpdate.of(name="Mine")),
            lambda: service.delete(other, held.stored.config_id),
        ):
            assert type(_outcome(act)) is NotFound

    @rule(limit=st.integers(1, 4))
    def change_the_limits(self, limit: int) -> None:
        self.limit = limit

    @rule(worker=_workers, user=_users)
    def list_and_get(self, worker: int, user: int) -> None:
        expected = [held.stored for held in self.model[user].values()]
        service = self.service(worker)

        listed = service.list(self.users[user])

        newest_first = sorted(expected, key=lambda each: (each.created_at, each.config_id), reverse=True)
        assert list(listed.configurations) == newest_first
        assert listed.remaining == max(0, self.limit - len(expected))
        for held in self.model[user].values():
            stored = service.get(self.users[user], held.stored.config_id)
            assert stored == held.stored
            assert held.draft == ConfigurationInput(
                stored.name,
                tuple(each.ticker.symbol for each in stored.tickers),
                stored.timeframe_days,
                stored.include_extended_hours,
            )

    def teardown(self) -> None:
        for user in (0, 1):
            self.list_and_get(0, user)

    def service(self, worker: int) -> ConfigurationService:
        return ConfigurationService(
            store=self.stores[worker],
            tickers=TickerService(AFixedList(), rng=random.Random(0)),
            limits=ConfigurationLimits(anonymous=self.limit, member=self.limit),
            clock=lambda: self.now,
            new_id=lambda: str(uuid4()),
        )

    def tombstone(self, user: int, key: str | None) -> Deleted | None:
        found = self.tombstones[user].get(key or "")
        return found if found and self.now < found.at + TOMBSTONE_RETENTION else None

    def held(self, user: int, place: int) -> Expected | None:
        return dict(enumerate(self.model[user].values())).get(place)

    def revisions(self, held: Expected | None, match: str) -> list[str] | None:
        now = held.stored.revision if held else "none"
        return {"any": None, "now": ["another", now], "old": ["another", *self.outdated]}[match]


def test_every_store_behaves_like_the_model(stage: Stage) -> None:
    class Here(History):
        pass

    Here.stage = stage
    run_state_machine_as_test(Here, settings=settings(max_examples=30, stateful_step_count=30))


def _outcome(act: Callable[[], T]) -> T | DomainError:
    try:
        return act()
    except DomainError as refusal:
        return refusal
