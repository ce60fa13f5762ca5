"""Each kind of forbidden import breaks an import contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@pytest.fixture(scope="module")
def source_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("contracts")
    for package in ("domain", "adapters", "entrypoints", "tools", "verification"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "data", "static"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def contracts_hold(root: Path) -> bool:
    command = [str(LINT_IMPORTS), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.slow
def test_the_contracts_hold(source_copy: Path) -> None:
    assert contracts_hold(source_copy)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("importer", "statement"),
    [
        ("domain/limits.py", "import orjson"),
        ("domain/limits.py", "import adapters.memory"),
        ("domain/errors.py", "import domain.services"),
        ("adapters/memory.py", "import entrypoints.settings"),
        ("adapters/dynamodb/store.py", "import adapters.sqlite.store"),
        ("adapters/sqlite/store.py", "import adapters.memory"),
        ("adapters/aws/retry.py", "import adapters.dynamodb.store"),
        ("adapters/tickers/s3.py", "import adapters.identity.oidc"),
        ("adapters/new_technology.py", "import json"),
        ("entrypoints/jobs.py", "import adapters.memory"),
        ("entrypoints/settings.py", "import entrypoints.bootstrap"),
        ("entrypoints/settings.py", "import verification.soak"),
        ("verification/soak.py", "import tests.builders"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(source_copy: Path, importer: str, statement: str) -> None:
    path = source_copy / importer
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{statement}\n", encoding="utf-8")

    try:
        assert not contracts_hold(source_copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
