"""The inductive proof: no write that the store sends can break `count = stored <= limit`.

test_seeded.py has the writes that are refuted.
"""

from __future__ import annotations

import pytest

from verification.proof.induction import Writes, counterexample, recorded
from verification.simulation.operations import ADOPT, ERASE, RENEW, create, delete, update

OPERATIONS = (
    *(create("b"), create("a"), create("n2")),
    *(update("a"), update("a", expected="0")),
    *(delete("a"), delete("a", expected="0"), delete("n1")),
    *(ADOPT, RENEW, ERASE),
)


@pytest.fixture(scope="module")
def writes() -> Writes:
    return recorded(OPERATIONS)


def test_every_write_preserves_the_invariant(writes: Writes) -> None:
    assert {name.partition(":")[0] for name in writes} == {"create", "update", "delete", "adopt", "renew", "erase"}
    assert {name: counterexample(request.actions) for name, request in writes.items()} == dict.fromkeys(writes)


def test_a_create_at_limit_0_preserves_the_invariant() -> None:
    (request,) = recorded([create("b")], limit=0).values()

    assert counterexample(request.actions, recorded_at=0) is None
