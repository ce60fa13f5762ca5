"""A server that is sent rubbish answers it, goes on, and takes no more memory for it."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.attack import attack
from tests.fuzz.generator import Fuzz

MIB = 2**20
EVERY_KIND = {200, 201, 400, 401, 404, 405, 409, 412, 413, 415}


@pytest.mark.slow
def test_rubbish_is_refused_in_our_format_and_harms_nobody() -> None:
    seed = random.SystemRandom().randrange(10**6)
    outcome = attack(2_000, seed=seed, warm_up=1_000)

    assert outcome.complaints == [], f"seed {seed}"
    assert outcome.resident_after - outcome.resident_before < 16 * MIB, f"seed {seed}"
    assert set(outcome.statuses) >= EVERY_KIND, f"it is not all refused: seed {seed}"


def test_an_attack_can_be_repeated_by_its_seed() -> None:
    first, again = (Fuzz(random.Random(7), ["a-token"]) for _ in range(2))

    assert [first.request() for _ in range(50)] == [again.request() for _ in range(50)]
