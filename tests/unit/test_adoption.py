"""What moves in an adoption."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.adoption import MAX_ADOPTED, Adoption
from domain.errors import FieldProblem, ValidationFailed
from tests.builders import NOW, a_configuration


def test_the_chosen_ones_move_or_all_but_never_too_many() -> None:
    held = [a_configuration("ann") for _ in range(MAX_ADOPTED + 1)]
    chosen = {each.config_id for each in held[1:]}

    assert Adoption("ann", "bob", chosen | {"unknown"}).select(held) == tuple(held[1:])
    with pytest.raises(ValidationFailed) as refusal:
        Adoption("ann", "bob").select(held)

    detail = "At most 49 configurations can move at once, not 50. Name some of them."
    assert refusal.value.problems == (FieldProblem("config_ids", "too_many", detail),)


def test_an_adopted_configuration_is_the_members_and_does_not_expire() -> None:
    held = a_configuration("ann", expires_at=NOW)

    assert Adoption("ann", "bob").adopted(held) == replace(held, user_id="bob", expires_at=None)
