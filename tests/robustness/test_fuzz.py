"""A server that gets malformed requests answers each one, continues to serve, and does not grow."""

from __future__ import annotations

import pytest

from verification.fuzz.attack import attack

MIB = 2**20

# `python -m verification.fuzz` sends more requests, with another seed each time.
SEED = 2026


@pytest.mark.slow
def test_malformed_requests_are_refused_as_documented_and_do_no_harm() -> None:
    outcome = attack(2_000, seed=SEED, warm_up=1_000)

    assert outcome.complaints == []
    assert outcome.resident_after - outcome.resident_before < 16 * MIB
