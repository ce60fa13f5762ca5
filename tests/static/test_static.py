"""What can be said of the code without running it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CODE = ("domain", "adapters", "entrypoints", "tools", "gunicorn.conf.py")
"""What runs, and what builds it."""


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["lint-imports"],
        ["bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *CODE],
        pytest.param(["mypy"], marks=pytest.mark.slow),
    ],
    ids=["lint", "format", "arrows", "security", "types"],
)
def test_nothing_is_found_by(command: list[str]) -> None:
    found = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_environment_is_read_where_a_process_begins_and_nowhere_else() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for room in ("domain", "adapters", "entrypoints")
        for path in (ROOT / room).rglob("*.py")
        if "os.environ" in path.read_text(encoding="utf-8") or "os.getenv" in path.read_text(encoding="utf-8")
    }

    assert readers <= {"entrypoints/wsgi.py", "entrypoints/aws_lambda.py"}
