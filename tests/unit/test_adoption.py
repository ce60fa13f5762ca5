"""What moves in an adoption. tests/contract/test_adoption.py has what the stores do with it."""

from __future__ import annotations

import pytest

from domain.adoption import MAX_ADOPTED, Adoption
from domain.errors import ValidationFailed
from tests.builders import a_configuration


def test_the_chosen_ones_move_or_all_but_never_too_many() -> None:
    held = [a_configuration("ann") for _ in range(MAX_ADOPTED + 1)]
    chosen = {each.config_id for each in held[1:]}

    assert Adoption("ann", "bob", chosen | {"unknown"}).select(held) == tuple(held[1:])
    with pytest.raises(ValidationFailed) as refusal:
        Adoption("ann", "bob").select(held)

    (problem,) = refusal.value.problems
    assert (problem.field, problem.code) == ("config_ids", "too_many")
