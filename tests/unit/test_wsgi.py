"""The start of a process with right and wrong environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, SettingsError

DYNAMODB = {
    "CONFIG_API_STORE": "dynamodb",
    "CONFIG_API_TABLE": "configurations",
    "CONFIG_API_SECRET_KEYS": "a key of at least thirty-two characters",
}
TICKERS = {"CONFIG_API_STORE": "memory", "CONFIG_API_TICKER_BUCKET": "tickers"}
REGION = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
SHOW_REGION = """
from entrypoints.bootstrap import create_app
from entrypoints.wsgi import app
import boto3
print(boto3.client("dynamodb").meta.region_name)
"""
ASK = """
from entrypoints.wsgi import app
answer = app.test_client().get("/api/v2/configurations")
print(answer.status_code, answer.content_type, answer.headers["Retry-After"], answer.get_data(as_text=True))
"""


def python(code: str, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a process with these settings and no region."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_REGION")}
    paths = {"CONFIG_API_SQLITE_PATH": str(directory / "db.sqlite3")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=kept | paths | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_aws_region_takes_precedence_over_aws_default_region(tmp_path: Path) -> None:
    started = python(SHOW_REGION, tmp_path, AWS_REGION="eu-central-1", AWS_DEFAULT_REGION="us-west-2", **DYNAMODB)

    assert started.stdout.strip() == "eu-central-1", started.stderr


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (DYNAMODB, "AWS_REGION"),
        ({"CONFIG_API_STORE": "dynamodb"}, "CONFIG_API_TABLE"),
        ({"CONFIG_API_DEADLINE": "soon"}, "CONFIG_API_DEADLINE"),
    ],
)
def test_a_wrong_variable_stops_the_start_and_is_named(tmp_path: Path, environ: dict[str, str], named: str) -> None:
    stopped = python("import entrypoints.wsgi", tmp_path, **environ)

    assert stopped.returncode == 3
    assert f"  {named}: " in stopped.stderr
    assert "Traceback" not in stopped.stderr


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (DYNAMODB | {"AWS_REGION": "us east", "AWS_DEFAULT_REGION": "us east"}, "AWS_REGION"),
        (DYNAMODB | {"AWS_PROFILE": "nope"}, "AWS_PROFILE"),
        (DYNAMODB | {"AWS_CONFIG_FILE": __file__}, "AWS_CONFIG_FILE"),
        (DYNAMODB | {"AWS_CA_BUNDLE": "/nowhere"}, "AWS_CA_BUNDLE"),
        (DYNAMODB | {"AWS_ENDPOINT_URL_DYNAMODB": "localhost:4566"}, "AWS_ENDPOINT_URL_DYNAMODB"),
        (DYNAMODB | {"AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, "AWS_ENDPOINT_URL"),
        (TICKERS | {"AWS_RETRY_MODE": "never"}, "AWS_RETRY_MODE"),
        (TICKERS | {"AWS_ENDPOINT_URL_S3": "ftp://localhost"}, "AWS_ENDPOINT_URL_S3"),
    ],
)
def test_a_wrong_setting_of_botocore_is_named(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: str
) -> None:
    for name, value in (REGION | environ).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"  {named}: "):
        create_app(Settings.of(os.environ))


def test_a_lambda_with_wrong_settings_answers_503_and_logs_the_variable(tmp_path: Path) -> None:
    served = python(ASK, tmp_path, AWS_LAMBDA_FUNCTION_NAME="config-api", CONFIG_API_STORE="dynamodb")

    status, content_type, retry_after, body = served.stdout.split(" ", 3)
    assert (status, content_type, retry_after) == ("503", "application/problem+json", "60")
    assert json.loads(body)["code"] == "store_unavailable"
    assert "CONFIG_API_TABLE" not in body
    assert "CONFIG_API_TABLE" in served.stderr
