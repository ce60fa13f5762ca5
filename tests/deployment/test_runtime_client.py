"""The packaged function under AWS's own runtime client, `awslambdaric`."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lambda_events import a_request
from tests.support.runtime_api import Function, running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

HANDLER = "entrypoints.aws_lambda.handle"
KEY = "a secret key of at least thirty-two characters"


@pytest.fixture(scope="module")
def function(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    log = tmp_path_factory.mktemp("function") / "log"
    # The weekly job downloads files: here it finds a closed port.
    environment = {"CONFIG_API_STORE": "memory", "HTTPS_PROXY": "http://127.0.0.1:9"}
    with running(unpacked, HANDLER, log=log, environment=environment) as function:
        yield function


def test_an_event_that_is_not_json_does_not_stop_the_function(function: Function) -> None:
    assert function.invoke(b"{").kind == "error"
    assert function.invoke({}).payload == {"status": "warm"}


def test_a_request_shortly_before_the_timeout_ends_in_a_503(unpacked: Path, tmp_path: Path) -> None:
    # This server accepts connections and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "CONFIG_API_STORE": "dynamodb",
            "CONFIG_API_TABLE": "config-api-dev",
            "CONFIG_API_SECRET_KEYS": KEY,
            "CONFIG_API_DEADLINE": "29",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        with running(unpacked, HANDLER, log=tmp_path / "log", environment=environment) as function:
            session = function.invoke(a_request("POST", "/api/v2/auth/anonymous"))
            bearer = f"Bearer {json.loads(session.payload['body'])['token']}"

            refused = [
                function.invoke(a_request("GET", "/api/v2/configurations", authorization=bearer), remaining=remaining)
                for remaining in (2.0, 0.1)
            ]

    assert [outcome.payload["statusCode"] for outcome in refused] == [503, 503]


def test_wrong_settings_do_not_stop_the_function(unpacked: Path, tmp_path: Path) -> None:
    with running(unpacked, HANDLER, log=tmp_path / "log", environment={"CONFIG_API_STORE": "mysql"}) as function:
        outcome = function.invoke(a_request("GET", "/api/v2/health"))

    assert outcome.payload["statusCode"] == 503
    assert "CONFIG_API_STORE" in (tmp_path / "log").read_text()
