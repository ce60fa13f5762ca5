"""What a simulated table keeps: items, locks and client request tokens, as values that never change."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import cache
from typing import NamedTuple, TypeVar

from verification.simulation.expressions import Attributes

Key = tuple[str, str]
Name = Hashable
"""What identifies a request in progress; its locks carry it."""

TOKEN_LIFETIME = 600.0
"""Seconds for which a client request token is remembered."""

K = TypeVar("K")
V = TypeVar("V")


class Frozen(dict[K, V]):
    """A mapping that is never changed, and can be a key itself."""

    __slots__ = ("_hash",)

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        try:
            return self._hash
        except AttributeError:
            self._hash: int = hash(frozenset(self.items()))
            return self._hash

    def set(self, key: K, value: V) -> Frozen[K, V]:
        """A copy with one more or another entry."""
        copy = Frozen(self)
        copy[key] = value
        return copy

    def without(self, *keys: K) -> Frozen[K, V]:
        """A copy without the entries."""
        return Frozen({key: value for key, value in self.items() if key not in keys})


class Item:
    """A stored item. Equal items are the same object, so that they are cheap to compare."""

    __slots__ = ("attributes",)

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes

    @staticmethod
    def of(attributes: Attributes) -> Item:
        """The object that stands for these attributes."""
        return _item(json.dumps(attributes, sort_keys=True))


@cache
def _item(text: str) -> Item:
    return Item(json.loads(text))


class Token(NamedTuple):
    """A client request token that is remembered: of which parameters, since when, and whether they took effect."""

    parameters: str
    at: float
    done: bool


class State(NamedTuple):
    """All that the server keeps. `previous` is what an eventually consistent read may still see; None: not kept."""

    items: Frozen[Key, Item] = Frozen()
    locks: Frozen[Key, Name] = Frozen()
    tokens: Frozen[str, Token] = Frozen()
    previous: Frozen[Key, Item | None] | None = None
    now: float = 0.0

    def write(self, key: Key, item: Item | None) -> State:
        """The state after an item was replaced, or deleted (None)."""
        items = self.items.without(key) if item is None else self.items.set(key, item)
        previous = self.previous
        return self._replace(
            items=items, previous=previous if previous is None else previous.set(key, self.items.get(key))
        )

    def at(self, now: float) -> State:
        """The state at a later time: tokens that are older than ten minutes are forgotten."""
        tokens = Frozen(
            {name: token for name, token in self.tokens.items() if now - token.at < TOKEN_LIFETIME or not token.done}
        )
        return self._replace(tokens=tokens, now=now)
