"""An intercepted store behaves as the store, and every operation passes the interceptor under its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from adapters.memory import MemoryStore
from domain.adoption import Adoption
from domain.interception import InterceptedStore
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration, rename_to

T = TypeVar("T")
KEYED, OTHER = a_keyed_configuration("ann", expires_at=NOW), a_configuration("ann", expires_at=NOW)
ID, REVISION, FINGERPRINT = KEYED.config_id, KEYED.revision, KEYED.request_fingerprint

PROGRAM: list[tuple[str, Callable[[ConfigurationStore], object]]] = [
    ("check", lambda store: store.check()),
    ("add", lambda store: store.add(KEYED, limit=1)),
    ("find_replay", lambda store: store.find_replay("ann", ID, FINGERPRINT, now=NOW)),
    ("extend", lambda store: store.extend("ann", expires_at=NOW + timedelta(days=1))),
    ("get", lambda store: store.get("ann", ID)),
    ("remove", lambda store: store.remove("ann", ID, now=NOW, revisions=frozenset({REVISION}))),
    ("find_replay", lambda store: store.find_replay("ann", ID, FINGERPRINT, now=NOW + timedelta(hours=24))),
    ("add", lambda store: store.add(OTHER, limit=1)),
    ("update", lambda store: store.update("ann", OTHER.config_id, rename_to("New"))),
    ("adopt", lambda store: store.adopt(Adoption("ann", "bob"), limit=1, now=NOW)),
    ("list", lambda store: store.list("bob")),
    ("erase", lambda store: store.erase("bob", now=NOW)),
    ("list", lambda store: store.list("bob")),
]


def test_every_operation_is_passed_through() -> None:
    names = []

    def intercept(operation: str, call: Callable[[], T]) -> T:
        names.append(operation)
        return call()

    store, intercepted = MemoryStore(), InterceptedStore(MemoryStore(), intercept)

    for name, operate in PROGRAM:
        assert operate(intercepted) == operate(store)
        assert names[-1] == name
