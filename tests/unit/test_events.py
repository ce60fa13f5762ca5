"""Every log line that an operator may alert on has an event, and docs/operations.md describes each event."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from domain.events import Event
from entrypoints.metrics import METRICS

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("domain", "adapters", "entrypoints") for path in sorted((ROOT / package).rglob("*.py"))]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LOGS_A_PROBLEM = re.compile(r"\blog\.(?:log|warning|error|exception|critical)\(")
"""At WARNING or above, or at a variable level."""


def test_every_function_that_logs_a_problem_names_an_event() -> None:
    functions = {
        function.name: text
        for path in SOURCES
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and LOGS_A_PROBLEM.search(text := ast.unparse(function))
    }

    assert len(functions) > 5
    assert [name for name, text in functions.items() if "'event'" not in text] == []


@pytest.mark.parametrize("event", Event)
def test_every_event_is_logged_somewhere(event: Event) -> None:
    use = re.compile(rf"\bEvent\.{event.name}\b")

    assert any(use.search(path.read_text(encoding="utf-8")) for path in SOURCES if path.name != "metrics.py")


def test_operations_md_describes_every_event_and_no_other() -> None:
    (table,) = re.findall(r"^\| event \| level \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    documented = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)

    assert sorted(documented) == sorted(Event)


@pytest.mark.parametrize("metric", sorted({row.name for rows in METRICS.values() for row in rows}))
def test_operations_md_describes_every_metric(metric: str) -> None:
    assert f"`{metric}`" in PAGE
