"""`zappa deploy`, `update` and `undeploy`: wrong settings are refused before anything changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment.conftest import create_table
from tests.deployment.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

NEW_KEY = "another secret key of at least thirty-two characters"


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


def test_another_stage_is_not_deployed_from_the_shell_of_dev(aws: str, project: Path, stage: Stage) -> None:
    production = Stage("production", aws, project)

    refused = production.run_zappa("deploy", CONFIG_API_TABLE="config-api-dev", CONFIG_API_SECRET_KEYS=stage.secret)

    assert refused.returncode != 0
    assert "CONFIG_API_TABLE is config-api-dev in your shell and config-api-production in this stage." in refused.stderr
    assert "CONFIG_API_SECRET_KEYS contains a key of the stage dev" in refused.stderr
    assert stage.secret not in refused.stdout + refused.stderr
    assert production.function not in functions(stage)


def test_an_update_with_wrong_settings_changes_nothing_and_reports_all_of_them(stage: Stage) -> None:
    before = functions(stage)

    refused = stage.run_zappa(
        "update",
        CONFIG_API_SECRET_KEYS=NEW_KEY,
        CONFIG_API_TICKER_TTL="abc",
        CONFIG_API_TIMEOUT="5",
        CONFIG_API_STORE="sqlite",
    )

    assert refused.returncode != 0
    assert "CONFIG_API_SECRET_KEYS lacks a key that the function uses" in refused.stderr
    assert "CONFIG_API_TICKER_TTL takes" in refused.stderr
    assert "CONFIG_API_TIMEOUT is not a setting" in refused.stderr
    assert "CONFIG_API_STORE is sqlite in your shell" in refused.stderr
    assert NEW_KEY not in refused.stdout + refused.stderr
    assert functions(stage) == before


def test_removing_a_key_can_be_confirmed(stage: Stage) -> None:
    refused = stage.run_zappa(
        "update", CONFIG_API_SECRET_KEYS=NEW_KEY, DROP_SECRET_KEYS="1", CONFIG_API_TICKER_TTL="abc"
    )

    assert "CONFIG_API_TICKER_TTL" in refused.stderr
    assert "CONFIG_API_SECRET_KEYS" not in refused.stderr


def functions(stage: Stage) -> dict[str, str]:
    """The functions, and when each was changed."""
    found = stage.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"]: function["LastModified"] for function in found}
