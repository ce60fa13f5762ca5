"""The tables of docs/scale.md are up to date."""

from __future__ import annotations

from benchmarks.scale import rendered
from tests.deployment.stage import ROOT


def test_the_tables_of_the_page_follow_from_its_assumptions() -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")

    assert rendered(page) == page, "run `python -m benchmarks.scale`"
