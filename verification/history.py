"""Histories recorded over HTTP: many users, several clients each, with retries, late duplicates and restarts.

A name says which request wrote it, so it stands for the revision in the sequential model of
verification/proof/linearizability.py: `k3 a` is what a create with the idempotency key `k3` and the body `a` stores,
and `k3 u17` what update 17 leaves.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Semaphore
from typing import Any

import requests

from verification.environment.ministack import dynamodb_client
from verification.environment.service import LIMIT, Service
from verification.proof.linearizability import Event, Operation, Outcome, Seen, unexplained
from verification.simulation.invariants import held
from verification.simulation.state import Frozen, Item

CLIENTS = 3
"""Of one user, at the same time."""
PATIENCE = 30.0
"""Seconds until a client gives up; the service answers within its own deadline of 5 seconds."""

_CODES = {
    "limit_reached": Outcome.FULL,
    "deleted_since": Outcome.DELETED_SINCE,
    "idempotency_key_reused": Outcome.REUSED,
    "not_found": Outcome.GONE,
    "revision_mismatch": Outcome.OUTDATED,
    "throttled": Outcome.UNKNOWN,
    "contended": Outcome.UNKNOWN,
    "store_unavailable": Outcome.UNKNOWN,
}


@dataclass
class History:
    """What the clients of one user saw, and the last list. `refusals` are the operations answered with 429 or 503."""

    user_id: str
    events: list[Event]
    seconds: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def violation(self) -> str | None:
        """Why the history is not linearizable."""
        found = unexplained(self.events, limit=LIMIT)
        return found and f"{self.user_id}: {found}"


def miscounts(aws: str, table: str) -> list[str]:
    """Each user whose count is not the number of stored configurations, or above the limit."""
    pages = dynamodb_client(aws).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    by_user: dict[str, dict[tuple[str, str], Item]] = {}
    for item in (item for page in pages for item in page["Items"]):
        key = item["PK"]["S"], item["SK"]["S"]
        by_user.setdefault(key[0], {})[key] = Item.of(item)
    counts = {user: held(Frozen(items)) for user, items in by_user.items()}
    return [
        f"{user}: {count} counted, {len(stored)} stored"
        for user, (count, stored) in counts.items()
        if count != len(stored) or count > LIMIT
    ]


def settled_share(histories: Sequence[History]) -> float:
    """The share of the requests that were not answered with 429 or 503.

    Creates that were answered `contended` are left out: at the limit, this is the answer after an attempt without a
    response, and a create at the limit cannot succeed.
    """
    refused = [refusal for history in histories for refusal in history.refusals if refusal != "create: contended"]
    return 1 - len(refused) / sum(len(history.seconds) for history in histories)


def record(service: Service, *, seed: int, users: int, requests_each: int, restarts: int) -> list[History]:
    """The histories of new users; the service is killed and started again while they work."""
    done = Semaphore(0)
    people = [_User(service, done) for _ in range(users)]
    clients = [
        _Client(user, random.Random(f"{seed} {number} {place}"))
        for place in range(CLIENTS)
        for number, user in enumerate(people)
    ]
    with ThreadPoolExecutor(len(clients)) as pool:
        sessions = [pool.submit(client.work, requests_each) for client in clients]
        for _ in range(restarts):
            for _request in range(len(clients) * requests_each // (restarts + 1)):
                done.acquire()
            service.kill()
            service.start()
        for session in sessions:
            session.result()
    for user in people:
        _Client(user, random.Random(seed)).read_final_list()
    return [user.history for user in people]


@dataclass
class _User:
    """The state that the clients of a user share: the service, and the ids, revisions and keys they have seen."""

    service: Service
    done: Semaphore
    ids: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, list[str]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        response = requests.post(f"{self.service.url}/api/v2/auth/anonymous", timeout=PATIENCE)
        session = response.json()
        self.headers = {"Authorization": f"Bearer {session['token']}"}
        self.history = History(session["user_id"], [])


class _Client:
    """One client, which sends one request after the other."""

    def __init__(self, user: _User, rng: random.Random) -> None:
        self._user = user
        self._random = rng
        self._session = requests.Session()
        self._session.trust_env = False

    def work(self, requests_: int) -> None:
        """Send this number of requests; those without a known outcome are sent again, as clients do."""
        with self._session:
            for _ in range(requests_):
                request = self._random.choices(
                    [self._create, self._create_without_key, self._update, self._delete, self._get, self._list],
                    [6, 1, 4, 4, 1, 2],
                )[0]
                request()
                self._user.done.release()

    def read_final_list(self) -> None:
        """List until the outcome is known."""
        with self._session:
            while self._list() is Outcome.UNKNOWN:
                pass

    def _create(self) -> None:
        keys = self._user.keys
        if not keys or self._random.random() < 0.5:
            keys.append(f"k{next(self._user.numbers)}")
        key, body = self._random.choice(keys[-6:]), self._random.choice("aaaab")
        operation = Operation("create", key, f"{key} {body}", fingerprint=body)
        for _ in range(3):
            if self._send(operation, "POST", headers={"Idempotency-Key": key}) is not Outcome.UNKNOWN:
                break

    def _create_without_key(self) -> None:
        label = f"n{next(self._user.numbers)}"
        self._send(Operation("create", label, f"{label} a"), "POST")

    def _update(self) -> None:
        config_id, label = self._known()
        for _ in range(2):
            name = f"{label} u{next(self._user.numbers)}"
            if self._send_expecting("update", label, name, "PATCH", config_id) is not Outcome.UNKNOWN:
                break

    def _delete(self) -> None:
        config_id, label = self._known()
        for _ in range(2):
            if self._send_expecting("delete", label, "", "DELETE", config_id) is not Outcome.UNKNOWN:
                break

    def _get(self) -> None:
        config_id, label = self._known()
        self._send(Operation("get", label), "GET", config_id)

    def _list(self) -> Outcome:
        return self._send(Operation("list"), "GET")

    def _known(self) -> tuple[str, str]:
        """The id of a configuration that some client of the user has seen, and its label in the model."""
        ids = list(self._user.ids.items())
        return self._random.choice(ids[-6:]) if ids else ("00000000-0000-4000-8000-000000000000", "unknown")

    def _send_expecting(self, kind: str, label: str, name: str, method: str, config_id: str) -> Outcome:
        """A request that in half of the cases requires one of the last revisions that were seen."""
        seen = self._user.revisions.get(label)
        if not seen or self._random.random() < 0.5:
            return self._send(Operation(kind, label, name), method, config_id)
        revision, expected = self._random.choice(seen[-2:]).split(" ", 1)
        headers = {"If-Match": f'"{revision}"'}
        return self._send(Operation(kind, label, name, expected=expected), method, config_id, headers=headers)

    def _send(
        self, operation: Operation, method: str, config_id: str = "", *, headers: Mapping[str, str] | None = None
    ) -> Outcome:
        user, body = self._user, None
        if method in {"POST", "PATCH"}:
            body = {"name": operation.revision} | ({"tickers": ["AAPL"]} if method == "POST" else {})
        url = f"{user.service.url}/api/v2/configurations{'/' * bool(config_id)}{config_id}"
        invoked = time.monotonic()
        try:
            response = self._session.request(
                method, url, json=body, headers=user.headers | dict(headers or {}), timeout=PATIENCE
            )
            outcome, seen = self._read(operation, response)
        except requests.RequestException:
            outcome, seen = Outcome.UNKNOWN, None
            user.service.wait_until_ready(PATIENCE)
        else:
            user.history.seconds.append(time.monotonic() - invoked)
            if outcome is Outcome.UNKNOWN:
                user.history.refusals.append(f"{operation.kind}: {response.json()['code']}")
        returned = float("inf") if outcome is Outcome.UNKNOWN else time.monotonic()
        user.history.events.append(Event(operation, outcome, seen, invoked, returned))
        return outcome

    def _read(self, operation: Operation, response: requests.Response) -> tuple[Outcome, Seen]:
        if not response.ok:
            return _CODES[response.json()["code"]], None
        if operation.kind == "delete":
            return Outcome.DONE, None
        document = response.json()
        if operation.kind == "list":
            return Outcome.DONE, Frozen(self._record_seen(each) for each in document["configurations"])
        _, name = self._record_seen(document)
        if operation.kind != "create":
            return Outcome.DONE, name
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        return Outcome.REPLAYED if replayed else Outcome.ADDED, name

    def _record_seen(self, document: Mapping[str, Any]) -> tuple[str, str]:
        """Remember the id and the revision of a returned configuration. Returns its label and its name."""
        name: str = document["name"]
        label = name.partition(" ")[0]
        self._user.ids.setdefault(document["config_id"], label)
        self._user.revisions.setdefault(label, []).append(f"{document['revision']} {name}")
        return label, name
