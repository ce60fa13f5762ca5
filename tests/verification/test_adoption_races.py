"""The races of adoptions find a store that breaks a promise, and nothing wrong with one that keeps them."""

from __future__ import annotations

from datetime import datetime

from adapters.memory import MemoryStore
from domain.adoption import Adoption
from domain.configurations import Configuration
from verification.adoption_races import play


class ACopyingStore(MemoryStore):
    """An adoption that leaves the anonymous user's configurations where they are."""

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        held = self._of(adoption.anonymous_id)
        adopted = super().adopt(adoption, limit=limit, now=now)
        self._by_user[adoption.anonymous_id] = held
        return adopted


def test_a_store_that_copies_is_found_and_one_that_moves_is_not() -> None:
    assert {play(MemoryStore(), seed)[0] for seed in range(10)} == {None}
    assert any(play(ACopyingStore(), seed)[0] for seed in range(10))
