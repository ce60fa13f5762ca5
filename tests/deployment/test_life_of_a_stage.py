"""`zappa deploy`, `update` forth and back, and `undeploy`, with the settings of production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment.conftest import create_table
from tests.deployment.stage import SECRET, Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]


def test_a_stage_is_deployed_updated_rolled_back_and_taken_down(aws: str, project: Path) -> None:
    production = Stage("production", aws, project)
    create_table(aws, "config-api-production")
    lambda_ = production.client("lambda")

    production.deploy()
    first = lambda_.get_function_configuration(FunctionName=production.function)
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200
    assert lambda_.get_function_concurrency(FunctionName=production.function)["ReservedConcurrentExecutions"] == 100
    assert first["TracingConfig"] == {"Mode": "Active"}
    assert json.dumps(first["Environment"]).count(SECRET) == 1

    change = project / "entrypoints" / "change.txt"
    change.write_text("second edition")
    production.zappa("update")
    second = lambda_.get_function_configuration(FunctionName=production.function)
    assert second["CodeSha256"] != first["CodeSha256"]
    assert second["Environment"] == first["Environment"]  # also the secret, which nobody passed again
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200

    change.unlink()
    production.zappa("update")  # the same sources give the same zip
    assert lambda_.get_function_configuration(FunctionName=production.function)["CodeSha256"] == first["CodeSha256"]
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200

    production.zappa("undeploy", "-y")
    assert production.function not in {found["FunctionName"] for found in lambda_.list_functions()["Functions"]}
    assert production.function not in {api["Name"] for api in production.client("apigatewayv2").get_apis()["Items"]}
    assert not [rule for rule in production.client("events").list_rules()["Rules"] if "production" in rule["Name"]]
