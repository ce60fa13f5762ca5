"""The examples in README.md work, and its tables of settings and errors are complete."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from entrypoints.api.problems import ALL
from verification.environment.servers import serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def code_block(language: str) -> str:
    """The only code block in this language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert isinstance(block, str)
    return block


@pytest.mark.slow
def test_the_quick_start_works_when_pasted(tmp_path: Path) -> None:
    settings = {"CONFIG_API_SQLITE_PATH": str(tmp_path / "db.sqlite3")}

    with serving("entrypoints.wsgi:app", log=tmp_path / "log", settings=settings, place=ROOT) as server:
        pasted = code_block("sh").replace("http://127.0.0.1:8000", server.url)
        output = subprocess.check_output(["bash", "-euc", pasted], text=True, timeout=60)

    created, listed, second, refused = (json.loads(line) for line in output.splitlines())
    assert [ticker["symbol"] for ticker in created["tickers"]] == ["AAPL", "BRK.B"]
    assert listed["configurations"] == [created]
    assert second["name"] == "second"
    assert (refused["status"], refused["code"]) == (409, "limit_reached")
    assert json.loads(code_block("json")) | {"request_id": refused["request_id"]} == refused


def test_the_example_of_a_replaced_adapter_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}

    exec(code_block("python"), names)
    client = names["app"].test_client()  # type: ignore[attr-defined]  # a Flask application
    token = client.post("/api/v2/auth/anonymous").json["token"]
    body = {"name": "Tech", "tickers": ["AAPL"]}
    created = client.post("/api/v2/configurations", json=body, headers={"Authorization": f"Bearer {token}"})

    assert created.status_code == 201
    assert "adding Tech" in capsys.readouterr().out


def test_every_setting_is_in_the_table() -> None:
    source = (ROOT / "entrypoints" / "settings.py").read_text(encoding="utf-8")

    names = re.findall(r'read\.(?:one|rate)\(\s*"([A-Z_]+)"', source)

    assert len(names) > 10
    assert [name for name in names if f"`CONFIG_API_{name}`" not in README] == []


def test_the_table_of_errors_has_the_advice_of_the_service() -> None:
    rows = re.findall(r"^\| [\d, ]+ \| (`[a-z_`, ]+`) \| (.*) \|$", README, re.MULTILINE)

    assert {code: advice for codes, advice in rows for code in re.findall("`(.+?)`", codes)} == {
        problem.code: problem.advice for problem in ALL
    }
