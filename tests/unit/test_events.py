"""Every log line that an operator may alert on has an event, and docs/operations.md describes each event."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.events import Event
from entrypoints.metrics import METRICS

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("domain", "adapters", "entrypoints") for path in sorted((ROOT / package).rglob("*.py"))]
LEVELS = {"log", "warning", "error", "exception", "critical"}
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def functions_that_log_problems() -> Iterator[ast.FunctionDef]:
    """Functions with a call of the module's logger at WARNING or above, or at a variable level."""
    for path in SOURCES:
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and any(is_problem_log(node) for node in ast.walk(function)):
                yield function


def is_problem_log(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
    )


def names_an_event(function: ast.FunctionDef) -> bool:
    keys = {
        key.value
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    return "event" in keys


def test_every_log_call_from_warning_up_has_an_event() -> None:
    functions = list(functions_that_log_problems())

    assert len(functions) > 5
    assert [function.name for function in functions if not names_an_event(function)] == []


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
