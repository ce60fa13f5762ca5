"""The inductive proof: no write that the store sends can break `count = stored <= limit`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verification.proof.induction import Writes, counterexample, recorded
from verification.simulation.operations import ADOPT, ERASE, RENEW, create, delete, update
from verification.simulation.requests import Action

OPERATIONS = (
    *(create("b"), create("a"), create("n2")),
    *(update("a"), update("a", expected="0")),
    *(delete("a"), delete("a", expected="0"), delete("n1")),
    *(ADOPT, RENEW, ERASE),
)


@pytest.fixture(scope="module")
def writes() -> Writes:
    return recorded(OPERATIONS)


def the_create(writes: Writes) -> tuple[Action, Action]:
    """The put of the configuration and the update of the count."""
    (request,) = [request for name, request in writes.items() if name.startswith("create")]
    put, count = sorted(request.actions, key=lambda action: action.key)
    return put, count


def test_every_write_preserves_the_invariant(writes: Writes) -> None:
    assert {name.partition(":")[0] for name in writes} == {"create", "update", "delete", "adopt", "renew", "erase"}
    assert {name: counterexample(request.actions) for name, request in writes.items()} == dict.fromkeys(writes)


def test_a_create_at_limit_0_preserves_the_invariant() -> None:
    (request,) = recorded([create("b")], limit=0).values()

    assert counterexample(request.actions, recorded_at=0) is None


def test_counting_first_and_writing_later_is_refuted(writes: Writes) -> None:
    # The limit is compared with a count that was read before: the write itself has no condition.
    put, count = the_create(writes)

    found = counterexample([put, replace(count, condition=None)])

    assert found is not None
    assert "limit of USER#ann = 1" in found
    assert "others of USER#ann = 1" in found


def test_each_condition_of_a_create_is_needed(writes: Writes) -> None:
    put, count = the_create(writes)

    assert counterexample([replace(put, condition=None), count])
    assert counterexample([put])
    assert counterexample([count])
