"""Races with adoptions on every store: `python -m verification.adoption_races --rounds 1000`.

In each round an anonymous user holds two configurations and a member up to two, and six requests start at the same
time: an adoption by the member, and others on either side. On DynamoDB, a tenth of the responses is lost. Then each
configuration that was created and not deleted must be stored once, within the limits, and counted.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import verification.environment.credentials  # noqa: F401 made-up ones
from adapters.memory import MemoryStore
from adapters.sqlite.store import SQLiteStore
from domain.adoption import Adoption
from domain.configurations import Configuration, WatchedTicker
from domain.errors import DeletedSince, DomainError, TryLater
from domain.idempotency import config_id_for
from domain.ports import ConfigurationStore
from domain.tickers import Ticker
from verification.environment import NOW
from verification.environment.fault_proxy import Fault, fault_proxy
from verification.environment.ministack import a_dynamodb_store, a_table, ministack

ANONYMOUS_LIMIT, MEMBER_LIMIT = 3, 4
REQUESTS = 6
ROUNDS_AT_ONCE = 8
LOST_SHARE = 0.1

Request = Callable[[], object]


@dataclass
class Round:
    """One anonymous user and two members; what was created and what was deleted, as far as the responses say."""

    store: ConfigurationStore
    anonymous: str = field(default_factory=lambda: f"anon-{uuid4()}")
    member: str = field(default_factory=lambda: f"member-{uuid4()}")
    other: str = field(default_factory=lambda: f"other-{uuid4()}")
    created: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    perhaps_deleted: set[str] = field(default_factory=set)

    def users(self) -> dict[str, int]:
        """The users and their limits."""
        return {self.anonymous: ANONYMOUS_LIMIT, self.member: MEMBER_LIMIT, self.other: MEMBER_LIMIT}

    def create(self, user: str, *, keyed: bool = True) -> Request:
        """The create of a configuration. Only one with an idempotency key may be repeated beside an adoption."""
        configuration = _configuration(user, keyed=keyed)

        def request() -> None:
            # Carried out by an attempt that had no response, and then adopted.
            with suppress(DeletedSince):
                self.store.add(configuration, limit=self.users()[user])
            self.created.add(configuration.config_id)

        return request

    def adopt(self, member: str) -> None:
        """Adopt everything."""
        self.store.adopt(Adoption(self.anonymous, member), limit=MEMBER_LIMIT, now=NOW)

    def delete(self, user: str, config_id: str) -> None:
        """Delete one of the configurations that were stored before."""
        try:
            self.store.remove(user, config_id, now=NOW)
        except TryLater:
            self.perhaps_deleted.add(config_id)
            raise
        self.deleted.add(config_id)

    def update(self, user: str, config_id: str) -> None:
        """Rename one of them."""
        revision = str(uuid4())
        self.store.update(user, config_id, lambda current: replace(current, name="New", revision=revision))

    def violation(self) -> str | None:
        """What is wrong when all requests are answered."""
        held = {user: _list(self.store, user) for user in self.users()}
        ids = Counter(each.config_id for listed in held.values() for each in listed)
        if twice := [config_id for config_id, times in ids.items() if times > 1]:
            return f"stored twice: {twice}"
        expected = self.created - self.deleted
        if not expected - self.perhaps_deleted <= ids.keys() <= expected:
            return f"{len(expected)} expected, {len(ids)} stored"
        for user, limit in self.users().items():
            free = self._free_places(user, limit)
            if len(held[user]) + free != limit:
                return f"{user}: {len(held[user])} stored, {free} free, {limit} allowed"
        return None

    def _free_places(self, user: str, limit: int) -> int:
        for number in range(limit + 1):
            if _settled(self.create(user)) is not None:
                return number
        return limit + 1


def play(store: ConfigurationStore, seed: int) -> tuple[str | None, Counter[str]]:
    """One round: its violation, if there is one, and the outcomes of its requests."""
    game, rng = Round(store), random.Random(seed)
    for user, number in ((game.anonymous, 2), (game.member, rng.randint(0, 2))):
        for index in range(number):
            _settled(game.create(user, keyed=index == 0))
    ids = {user: [each.config_id for each in _list(store, user)] for user in (game.anonymous, game.member)}
    acts = [_another(game, ids, rng) for _ in range(REQUESTS - 1)]
    acts.append(("adopt", lambda: game.adopt(game.member)))
    together = Barrier(REQUESTS)

    def act(named: tuple[str, Request]) -> str:
        name, request = named
        together.wait()
        outcome = _settled(request)
        return f"{name}: {type(outcome).__name__ if outcome else 'done'}"

    with ThreadPoolExecutor(REQUESTS) as pool:
        outcomes = Counter(pool.map(act, acts))
    return game.violation(), outcomes


def _another(game: Round, ids: Mapping[str, list[str]], rng: random.Random) -> tuple[str, Request]:
    user = rng.choice([game.anonymous, game.anonymous, game.member])
    config_id = rng.choice(ids[user] or ["none"])
    requests: dict[str, Request] = {
        "adopt again": lambda: game.adopt(game.member),
        "adopt as another member": lambda: game.adopt(game.other),
        "create": game.create(user),
        "delete": lambda: game.delete(user, config_id),
        "update": lambda: game.update(user, config_id),
        "renew": lambda: game.store.extend(game.anonymous, expires_at=NOW),
    }
    name = rng.choice(list(requests))
    return name, requests[name]


def _list(store: ConfigurationStore, user: str) -> tuple[Configuration, ...]:
    while True:
        with suppress(TryLater):
            return store.list(user)


def _settled(request: Request) -> DomainError | None:
    """The refusal of a request that is repeated until the store answers it; None if it was carried out."""
    while True:
        try:
            request()
        except TryLater:
            continue
        except DomainError as refusal:
            return refusal
        return None


def _configuration(user: str, *, keyed: bool) -> Configuration:
    key = str(uuid4())
    return Configuration(
        config_id=config_id_for(user, key) if keyed else key,
        user_id=user,
        name="Tech",
        tickers=(WatchedTicker(Ticker("AAPL", "Apple Inc.", "NASDAQ"), NOW),),
        timeframe_days=7,
        include_extended_hours=False,
        created_at=NOW,
        updated_at=NOW,
        revision=str(uuid4()),
        request_fingerprint="body" if keyed else None,
        expires_at=NOW if user.startswith("anon") else None,
    )


@contextmanager
def _memory() -> Iterator[ConfigurationStore]:
    yield MemoryStore()


@contextmanager
def _sqlite() -> Iterator[ConfigurationStore]:
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(SQLiteStore(Path(directory) / "db", rng=random.Random(0))) as store,
    ):
        yield store


@contextmanager
def _dynamodb() -> Iterator[ConfigurationStore]:
    with ministack() as aws, fault_proxy(aws) as proxy:
        rng = random.Random(0)
        proxy.plan = lambda _: Fault.RESPONSE_LOST if rng.random() < LOST_SHARE else None
        with closing(a_dynamodb_store(proxy.endpoint, a_table(aws))) as store:
            yield store


STORES = {"memory": _memory, "sqlite": _sqlite, "dynamodb": _dynamodb}


def main() -> None:
    """Exit with 1 if a round had a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--stores", nargs="*", choices=STORES, default=list(STORES))
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    violations = 0
    for name in arguments.stores:
        started = time.monotonic()
        outcomes: Counter[str] = Counter()
        found: list[str] = []
        with STORES[name]() as store, ThreadPoolExecutor(ROUNDS_AT_ONCE) as pool:
            seeds = range(arguments.seed, arguments.seed + arguments.rounds)
            for violation, of_round in pool.map(lambda seed: play(store, seed), seeds):
                outcomes += of_round
                found += [violation] if violation else []
        violations += len(found)
        seconds = time.monotonic() - started
        sys.stdout.write(f"{name}: {arguments.rounds} rounds, {len(found)} violations, {seconds:.0f} s\n")
        for outcome, number in sorted(outcomes.items()):
            sys.stdout.write(f"  {outcome}: {number}\n")
        for each in found[:10]:
            sys.stdout.write(f"  VIOLATION {each}\n")
        sys.stdout.flush()
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
