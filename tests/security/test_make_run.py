"""`make run` names what prevents the start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from verification.environment.servers import CONFIGURATION

ROOT = CONFIGURATION.parent
HANG = 60.0
"""Seconds after which a test assumes that the server does not answer."""
pytestmark = pytest.mark.slow


def make_run(directory: Path, port: object, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-o", ".venv/.runtime", "run", f"BIN={Path(sys.executable).parent}", f"PORT={port}"],
        cwd=ROOT,
        env=os.environ | {"CONFIG_API_SQLITE_PATH": str(directory / "db.sqlite3")} | settings,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )


@pytest.mark.parametrize(
    ("port", "settings", "message"),
    [("http", {}, "PORT is a number"), (65535, {"CONFIG_API_STORE": "mysql"}, "CONFIG_API_STORE: ")],
)
def test_make_run_names_a_wrong_setting_once(
    tmp_path: Path, port: object, settings: dict[str, str], message: str
) -> None:
    ended = make_run(tmp_path, port, **settings)

    assert ended.returncode == 2
    assert ended.stderr.count(message) == 1
    assert "Traceback" not in ended.stderr


def test_make_run_reports_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = make_run(tmp_path, other.getsockname()[1])

    assert ended.returncode == 2
    assert "cannot be used (Address already in use)" in ended.stderr
