"""Every store gives the same results as a sequential model, for any sequence of operations."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.backends import Backend
from verification.proof.linearizability import Entry, Operation, carry_out
from verification.simulation.operations import (
    LIST,
    RENEW,
    USERS,
    act,
    create,
    delete,
    get,
    update,
)
from verification.simulation.programs import Result, result_of
from verification.simulation.state import Frozen

NAMES = st.sampled_from(["a", "b", "c", "n1"])
REVISIONS = st.none() | st.integers(0, 9).map(str)
OPERATIONS = st.one_of(
    st.builds(create, NAMES, body=st.sampled_from(["body", "body", "other"])),
    st.builds(update, NAMES, expected=REVISIONS),
    st.builds(delete, NAMES, expected=REVISIONS),
    st.builds(get, NAMES),
    st.sampled_from([LIST, RENEW]),
)
Step = tuple[Operation, int, int]
"""An operation, the limit, and the worker that serves it."""


@settings(max_examples=50)
@given(steps=st.lists(st.tuples(OPERATIONS, st.integers(1, 3), st.integers(0, 1)), max_size=30))
def test_every_store_behaves_like_the_sequential_model(backend: Backend, steps: list[Step]) -> None:
    """The limit changes, and two workers with a handle each take turns."""
    users = {owner: f"{user}-{uuid4()}" for owner, user in USERS.items()}
    handles, stored = (backend.open(), backend.open()), Frozen[str, Entry]()

    for number, (wanted, limit, worker) in enumerate(steps):
        operation = replace(wanted, revision=str(number))
        outcome, seen, stored = carry_out(stored, operation, limit)

        assert result_of(act(operation, limit, users=users), handles[worker]) == Result(outcome, seen)
