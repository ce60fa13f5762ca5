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

OPERATIONS = [act_on(name) for name in ("a", "n1") for act_on in (create, create, update, delete, get)]
OPERATIONS += [create("a", body="other"), create("b"), LIST, RENEW]
"""On few names, so that most operations meet what an earlier one has left."""
EXPECTED = ["any revision", "the current revision", "another revision"]
STEPS = st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(EXPECTED), st.integers(1, 3), st.integers(0, 1))
MIN_STEPS = 10
"""Most defects show only after several steps."""
Step = tuple[Operation, str, int, int]
"""An operation, the revision that an update or a delete expects, the limit, and the worker that serves it."""


@settings(max_examples=30)
@given(steps=st.lists(STEPS, min_size=MIN_STEPS, max_size=20))
def test_every_store_behaves_like_the_sequential_model(backend: Backend, steps: list[Step]) -> None:
    """The limit changes, and two workers with a handle each take turns."""
    users = {owner: f"{user}-{uuid4()}" for owner, user in USERS.items()}
    handles, stored = (backend.open(), backend.open()), Frozen[str, Entry]()

    for number, (wanted, expected, limit, worker) in enumerate(steps):
        entry = stored.get(wanted.key)
        revisions = dict(zip(EXPECTED, (None, entry and entry.revision, "another"), strict=True))
        operation = replace(wanted, revision=str(number), expected=revisions[expected])
        outcome, seen, stored = carry_out(stored, operation, limit)

        assert result_of(act(operation, limit, users=users), handles[worker]) == Result(outcome, seen)
