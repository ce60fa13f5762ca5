"""What the README shows works when it is pasted."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[int]:
    """The port of a server as `make run` starts it."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bind = ["--bind", f"127.0.0.1:{port}", "--log-level", "info"]
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *bind, "entrypoints.wsgi:app"],
        env={"CONFIG_API_SQLITE_PATH": str(tmp_path / "db.sqlite3"), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        said = list(takewhile(lambda line: "Listening at" not in line, server.stderr))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/health/ready", timeout=60) as ready:
                assert ready.status == 200, said
            yield port
        finally:
            server.terminate()


@pytest.mark.slow
def test_the_quick_start_works_when_pasted(served: int) -> None:
    (quick_start,) = blocks("sh")

    printed = subprocess.run(
        ["bash", "-euc", quick_start.replace("127.0.0.1:8000", f"127.0.0.1:{served}")],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout

    created, listed, second, refused = (json.loads(line) for line in printed.splitlines())
    assert [ticker["symbol"] for ticker in created["tickers"]] == ["AAPL", "BRK.B"]
    assert listed["configurations"] == [created]
    assert second["name"] == "second"
    assert (refused["status"], refused["code"]) == (409, "limit_reached")
    (shown,) = blocks("json")
    assert json.loads(shown) | {"request_id": refused["request_id"]} == refused


def test_the_swapped_adapter_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (swap,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}

    exec(swap, names)
    client = names["app"].test_client()  # type: ignore[attr-defined]  # a Flask application
    token = client.post("/api/v2/auth/anonymous").json["token"]
    body = {"name": "Tech", "tickers": ["AAPL"]}
    created = client.post("/api/v2/configurations", json=body, headers={"Authorization": f"Bearer {token}"})

    assert created.status_code == 201
    assert "adding Tech" in capsys.readouterr().out


def test_every_setting_is_in_the_readme() -> None:
    source = (Path(__file__).parents[2] / "entrypoints" / "settings.py").read_text(encoding="utf-8")

    for name in re.findall(r'read\.(?:one|rate)\(\s*"([A-Z_]+)"', source):
        assert f"`CONFIG_API_{name}`" in README


def test_every_error_code_is_in_the_readme() -> None:
    from entrypoints.api.problems import ALL  # noqa: PLC0415 - beside its only use

    for problem in ALL:
        assert f"`{problem.code}`" in README
