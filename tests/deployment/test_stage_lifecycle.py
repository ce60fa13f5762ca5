"""`zappa deploy`, `update`, `rollback` and `undeploy` with the settings of production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment.conftest import create_table
from tests.deployment.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]


def test_a_stage_is_deployed_updated_reverted_and_undeployed(aws: str, project: Path) -> None:
    production = Stage("production", aws, project)
    create_table(aws, "config-api-production")
    lambda_ = production.client("lambda")

    printed = production.deploy()
    first = lambda_.get_function_configuration(FunctionName=production.function)
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200
    assert lambda_.get_function_concurrency(FunctionName=production.function)["ReservedConcurrentExecutions"] == 100
    assert first["TracingConfig"] == {"Mode": "Active"}
    assert json.dumps(first["Environment"]).count(production.secret) == 1
    assert "CONFIG_API_TABLE=config-api-production" in printed
    assert production.secret not in printed

    change = project / "entrypoints" / "change.txt"
    change.write_text("second edition")
    both_keys = f"a new secret key of at least thirty-two characters,{production.secret}"
    production.zappa("update", CONFIG_API_SECRET_KEYS=both_keys)
    second = lambda_.get_function_configuration(FunctionName=production.function)
    assert second["CodeSha256"] != first["CodeSha256"]
    assert second["Environment"]["Variables"]["CONFIG_API_SECRET_KEYS"] == both_keys
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200

    change.unlink()
    production.zappa("update")
    third = lambda_.get_function_configuration(FunctionName=production.function)
    # The same sources give the same zip.
    assert third["CodeSha256"] == first["CodeSha256"]
    # The keys stay, although this shell does not set them.
    assert third["Environment"] == second["Environment"]
    assert production.ask("GET", "/api/v2/health/ready").status_code == 200

    production.zappa("undeploy", "-y")
    assert production.function not in {found["FunctionName"] for found in lambda_.list_functions()["Functions"]}
    assert production.function not in {api["Name"] for api in production.client("apigatewayv2").get_apis()["Items"]}
    assert not [rule for rule in production.client("events").list_rules()["Rules"] if "production" in rule["Name"]]
