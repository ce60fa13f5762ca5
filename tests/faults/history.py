"""Random requests of many users against a store with injected faults, and a checker that reads only the record.

A configuration's name is its own history: it begins with the id of the request that created it,
and each update appends its id. Whatever was lost, done twice or done after a refusal shows there.
The rest is counting: what must have existed, or cannot have existed, while a request was under way.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from statistics import quantiles
from uuid import uuid4

from domain.configurations import Configuration
from domain.deadline import within
from domain.errors import IdempotencyKeyReused, LimitReached, NotFound, RevisionMismatch, TryLater
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration

LIMIT = 3
SLOTS = 5
"""Ids that a user's creates share, as repeats of one idempotency key do."""
CLIENTS = 2
"""Of one user, at once."""
DEADLINE = 5.0


class Outcome(StrEnum):
    ADDED = "added"
    REPLAYED = "replayed"
    REUSED = "reused"
    FULL = "full"
    DONE = "done"
    GONE = "gone"
    OUTDATED = "outdated"
    UNSETTLED = "unsettled"


@dataclass(slots=True)
class Request:
    """One request as its sender saw it; `saw` is whatever was returned, `expected` a revision that it insisted on."""

    id: str
    user: str
    kind: str
    config_id: str
    started: float
    body: str = ""
    expected: str | None = None
    ended: float = 0.0
    outcome: Outcome = Outcome.UNSETTLED
    saw: tuple[Configuration, ...] = ()


@dataclass(slots=True)
class ConfigurationList:
    """What the table holds of a user in the end, read past the store."""

    counted: int
    configurations: tuple[Configuration, ...]


@dataclass
class Record:
    """All requests of a round, and the shelves that it left."""

    requests: list[Request] = field(default_factory=list)
    shelves: dict[str, ConfigurationList] = field(default_factory=dict)

    def settled_share(self) -> float:
        """Of the requests, how many were settled at the first ask."""
        return sum(request.outcome is not Outcome.UNSETTLED for request in self.requests) / len(self.requests)

    def p99(self) -> float:
        """Seconds within which 99 of 100 requests were answered."""
        return quantiles((request.ended - request.started for request in self.requests), n=100)[98]


def play(
    stores: Sequence[ConfigurationStore],
    look: Callable[[str], ConfigurationList],
    *,
    seed: int,
    users: int,
    requests_each: int,
) -> Record:
    """One round: `users` new users, each with two clients that send `requests_each` requests of all kinds."""
    record = Record()
    names = [f"user-{uuid4()}" for _ in range(users)]
    with ThreadPoolExecutor(users * CLIENTS) as crowd:
        clients = [
            _Client(name, stores[number % len(stores)], random.Random(f"{seed}-{number}"))
            for number, name in enumerate(names * CLIENTS)
        ]
        for requests in crowd.map(lambda client: client.session(requests_each), clients):
            record.requests += requests
    record.shelves = {name: look(name) for name in names}
    return record


class _Client:
    def __init__(self, user: str, store: ConfigurationStore, rng: random.Random) -> None:
        self._user = user
        self._store = store
        self._rng = rng
        self._known: dict[str, str] = {}

    def session(self, length: int) -> list[Request]:
        return [self._send() for _ in range(length)]

    def _send(self) -> Request:
        kind = self._rng.choices(["create", "delete", "update", "get", "list"], [5, 2, 4, 1, 2])[0]
        request = Request(
            id=uuid4().hex,
            user=self._user,
            kind=kind,
            config_id=f"slot-{self._rng.randrange(SLOTS)}",
            body=self._rng.choice("aaab"),
            started=time.monotonic(),
        )
        if kind in {"update", "delete"} and self._rng.random() < 0.5:
            request.expected = self._known.get(request.config_id)
        try:
            with within(DEADLINE):
                request.outcome, request.saw = getattr(self, f"_{kind}")(request)
        except LimitReached:
            request.outcome = Outcome.FULL
        except NotFound:
            request.outcome = Outcome.GONE
        except RevisionMismatch:
            request.outcome = Outcome.OUTDATED
        except IdempotencyKeyReused:
            request.outcome = Outcome.REUSED
        except TryLater:
            request.outcome = Outcome.UNSETTLED
        request.ended = time.monotonic()
        self._known |= {each.config_id: each.revision for each in request.saw}
        return request

    def _create(self, request: Request) -> tuple[Outcome, tuple[Configuration, ...]]:
        configuration = a_configuration(
            request.user,
            config_id=request.config_id,
            name=request.id,
            revision=request.id,
            request_fingerprint=request.body,
        )
        added = self._store.add(configuration, limit=LIMIT)
        return Outcome.REPLAYED if added.replayed else Outcome.ADDED, (added.configuration,)

    def _delete(self, request: Request) -> tuple[Outcome, tuple[Configuration, ...]]:
        revisions = None if request.expected is None else frozenset({request.expected})
        self._store.remove(request.user, request.config_id, revisions=revisions, now=NOW)
        return Outcome.DONE, ()

    def _update(self, request: Request) -> tuple[Outcome, tuple[Configuration, ...]]:
        def change(current: Configuration) -> Configuration:
            if request.expected not in (None, current.revision):
                raise RevisionMismatch
            return replace(current, name=f"{current.name} {request.id}", revision=request.id)

        return Outcome.DONE, (self._store.update(request.user, request.config_id, change),)

    def _get(self, request: Request) -> tuple[Outcome, tuple[Configuration, ...]]:
        return Outcome.DONE, (self._store.get(request.user, request.config_id),)

    def _list(self, request: Request) -> tuple[Outcome, tuple[Configuration, ...]]:
        return Outcome.DONE, self._store.list(request.user)


def violations(record: Record) -> list[str]:
    """Every broken promise, as a sentence; none is what we want."""
    by_user = defaultdict(list)
    for request in record.requests:
        by_user[request.user].append(request)
    return [
        f"{user}: {violation}"
        for user, requests in by_user.items()
        for violation in (*_miscounts(record.shelves[user]), *_Judge(requests, record.shelves[user]).violations())
    ]


def _miscounts(shelf: ConfigurationList) -> Iterator[str]:
    if shelf.counted != len(shelf.configurations):
        yield f"{shelf.counted} counted, {len(shelf.configurations)} stored"
    if shelf.counted > LIMIT:
        yield f"{shelf.counted} stored, {LIMIT} allowed"


class _Judge:
    """Judges one user's requests against each other and against what is left."""

    def __init__(self, requests: Sequence[Request], shelf: ConfigurationList) -> None:
        self._requests = requests
        self._by_id = {request.id: request for request in requests}
        self._ids = {request.config_id for request in requests if request.kind != "list"}
        self._shelf = shelf
        later = max(request.ended for request in requests) + 1
        look = Request("look", requests[0].user, "list", "", started=later, ended=later, saw=shelf.configurations)
        look.outcome = Outcome.DONE
        self._with_the_last_look = [*requests, look]

    def violations(self) -> Iterator[str]:
        yield from self._logs()
        yield from self._revisions()
        yield from self._balances()
        for request in self._with_the_last_look:
            yield from self._answer(request)

    def _sightings(self) -> Iterator[tuple[Request, Configuration, list[str]]]:
        for request in self._with_the_last_look:
            for seen in request.saw:
                yield request, seen, seen.name.split()

    def _logs(self) -> Iterator[str]:
        """One history for each life of a configuration, of requests that say they did it, each once."""
        longest: dict[str, list[str]] = {}
        for _, _, log in self._sightings():
            longest[log[0]] = max(longest.get(log[0], []), log, key=len)
        for entry, times in Counter(entry for log in longest.values() for entry in log).items():
            author = self._by_id[entry]
            if times > 1:
                yield f"{author.kind} {entry} took effect {times} times"
            if author.outcome not in {Outcome.ADDED, Outcome.DONE, Outcome.UNSETTLED}:
                yield f"{author.kind} {entry} was answered {author.outcome} and took effect"
        for before, entry in (pair for log in longest.values() for pair in pairwise(log)):
            if self._by_id[entry].expected not in (None, before):
                yield f"update {entry} insisted on another revision than the one it replaced"
        for request, seen, log in self._sightings():
            yield from self._lapses(request, seen, log, longest[log[0]])

    def _lapses(self, request: Request, seen: Configuration, log: list[str], longest: list[str]) -> Iterator[str]:
        if log != longest[: len(log)]:
            yield f"{request.kind} {request.id} saw a history of {seen.config_id} that is no part of the other"
        for author in (self._by_id[later] for later in longest[len(log) :]):
            if author.outcome is Outcome.DONE and author.ended < request.started:
                yield f"{request.kind} {request.id} didn't see update {author.id}, which was answered before"

    def _revisions(self) -> Iterator[str]:
        states: dict[str, str] = {}
        for _, seen, _ in self._sightings():
            if states.setdefault(seen.revision, seen.name) != seen.name:
                yield f"revision {seen.revision} names two states"

    def _balances(self) -> Iterator[str]:
        """Creates minus deletes is what is left, for each id."""
        left = Counter(each.config_id for each in self._shelf.configurations)
        for config_id in self._ids:
            created, deleted = self._happened("create", config_id), self._happened("delete", config_id)
            least, most = created[0] - deleted[1], created[1] - deleted[0]
            if not least <= left[config_id] <= most:
                yield f"{config_id}: {left[config_id]} left, though {created} were created and {deleted} deleted"

    def _answer(self, request: Request) -> Iterator[str]:
        name = f"{request.kind} {request.id} of {request.config_id}"
        if request.kind == "list" and request.outcome is Outcome.DONE:
            yield from self._listing(name, request)
        for seen in request.saw:
            if request.outcome is not Outcome.ADDED and not self._may_have_been_there(seen.config_id, request):
                yield f"{name} saw {seen.config_id}, which was not there"
        if request.outcome is Outcome.GONE and self._was_there_all_along(request.config_id, request):
            yield f"{name} found nothing, though it was there"
        possible = sum(self._may_have_been_there(config_id, request) for config_id in self._ids)
        if request.outcome is Outcome.FULL and possible < LIMIT:
            yield f"{name} was refused, though there was room"
        if request.outcome is Outcome.REPLAYED and request.saw[0].request_fingerprint != request.body:
            yield f"{name} was answered with another request's configuration"

    def _listing(self, name: str, request: Request) -> Iterator[str]:
        if len(request.saw) > LIMIT:
            yield f"{name} shows {len(request.saw)}"
        for config_id in self._ids - {seen.config_id for seen in request.saw}:
            if self._was_there_all_along(config_id, request):
                yield f"{name} lacks {config_id}"

    def _was_there_all_along(self, config_id: str, during: Request) -> bool:
        created = self._happened("create", config_id, ended_before=during.started)[0]
        deleted = self._happened("delete", config_id, started_before=during.ended)[1]
        return created > deleted

    def _may_have_been_there(self, config_id: str, during: Request) -> bool:
        created = self._happened("create", config_id, started_before=during.ended, but=during)[1]
        deleted = self._happened("delete", config_id, ended_before=during.started)[0]
        return created > deleted

    def _happened(
        self,
        kind: str,
        config_id: str,
        *,
        started_before: float = float("inf"),
        ended_before: float = float("inf"),
        but: Request | None = None,
    ) -> tuple[int, int]:
        """How many of these took effect: at least, at most."""
        outcomes = Counter(
            request.outcome
            for request in self._requests
            if request.kind == kind
            and request.config_id == config_id
            and request.started <= started_before
            and request.ended <= ended_before
            and request is not but
        )
        surely = outcomes[Outcome.ADDED] + outcomes[Outcome.DONE]
        return surely, surely + outcomes[Outcome.UNSETTLED]
