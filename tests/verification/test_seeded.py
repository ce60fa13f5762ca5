"""The instruments detect every seeded defect, and docs/proof.md says which one does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from verification.proof.induction import counterexample, recorded
from verification.proof.seeded import SEEDED, Seeded
from verification.simulation.explorer import explore

DOCUMENT = Path(__file__).parents[2] / "docs/proof.md"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def detected_by(seeded: Seeded) -> list[str]:
    """The names of the instruments that detect it."""
    operations = [operation for client in seeded.clients for operation in client if operation.kind != "get"]
    writes = recorded(operations, defect=seeded.defect)
    found = ["proof"] if any(counterexample(request.actions) for request in writes.values()) else []
    finding = explore(seeded.plan().scenario(seeded.defect)).finding
    if finding:
        found.append("checker" if finding.startswith("No order") else "model")
    return found


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.name)
def test_every_seeded_defect_is_detected(seeded: Seeded) -> None:
    instruments = detected_by(seeded)

    assert instruments
    assert f"| {seeded.name} | {', '.join(instruments)} |" in DOCUMENT.read_text(encoding="utf-8")


def test_without_a_defect_these_scenarios_have_no_finding() -> None:
    plans = {(seeded.clients, tuple(seeded.troubles)): seeded.plan() for seeded in SEEDED}

    assert {plan.name: explore(plan.scenario()).finding for plan in plans.values()} == {
        plan.name: None for plan in plans.values()
    }
