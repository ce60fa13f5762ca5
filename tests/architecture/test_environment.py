"""Where the process environment may be read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_only_process_entry_points_read_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("domain", "adapters", "entrypoints")
        for path in (ROOT / package).rglob("*.py")
        if "os.environ" in (source := path.read_text(encoding="utf-8")) or "os.getenv" in source
    }

    assert readers <= {"entrypoints/wsgi.py", "entrypoints/aws_lambda.py"}
