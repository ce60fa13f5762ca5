"""docs/security.md sends nobody to a test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROOFS = sorted(set(re.findall(r"`((?:tests|tools)/[^`]*|gunicorn\.conf\.py)`", PAGE)))


def test_the_page_names_proofs() -> None:
    assert len(PROOFS) > 40


@pytest.mark.parametrize("proof", PROOFS)
def test_every_proof_is_where_the_page_says(proof: str) -> None:
    path, _, name = proof.partition("::")

    assert (ROOT / path).exists()
    assert not name or f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_test_of_an_attack_is_on_the_page() -> None:
    for path in (ROOT / "tests" / "security").glob("test_*.py"):
        assert f"`tests/security/{path.name}" in PAGE
