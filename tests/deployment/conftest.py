from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.dynamodb.models import KEYS
from tests.deployment.stage import Stage, a_project
from verification.environment.ministack import dynamodb_client, ministack

TICKERS = {
    "AAPL": {"name": "Apple Inc.", "exchange": "NASDAQ", "is_active": True},
    "MSFT": {"name": "Microsoft Corporation", "exchange": "NASDAQ", "is_active": True},
    "FB": {"name": "Facebook", "exchange": "NASDAQ", "is_active": False, "successor_symbol": "META"},
}
BUCKET = "config-api-tickers"
OBJECT = "ticker-cache/us-symbols.json"


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The endpoint of an emulated AWS that enforces the policies of roles."""
    with ExitStack() as running:
        # The patch ends before the packaging, which downloads from an index.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AUTH", "true")
            # The functions inherit this proxy, a closed port: the weekly job would download files.
            patch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
            endpoint = running.enter_context(ministack())
        yield endpoint


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def package(project: Path, aws: str) -> Path:
    """The zip of `zappa package`."""
    archive = project / "build" / "package.zip"
    archive.parent.mkdir()
    Stage("dev", aws, project).zappa("package", "-o", str(archive))
    return archive


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(directory)
    return directory


@pytest.fixture(scope="session")
def stage(aws: str, project: Path) -> Stage:
    """The deployed stage `dev`, with its table and its ticker list."""
    stage = Stage("dev", aws, project)
    create_table(aws, "config-api-dev")
    publish(stage)
    stage.deploy()
    return stage


def create_table(endpoint: str, name: str) -> None:
    dynamodb_client(endpoint).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in KEYS.items()],
    )


def publish(stage: Stage) -> None:
    ticker_list = {"version": "2026-11-23", "updated_at": datetime.now(UTC).isoformat(), "symbols": TICKERS}
    s3 = stage.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=json.dumps(ticker_list).encode(), ContentType="application/json")
