"""The commands that provision, check and reconcile the table, on DynamoDB in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from entrypoints.settings import StoreKind
from tests.cli.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "config-api"
PAST, FUTURE = "1700000000", "4000000000"


@pytest.fixture(autouse=True)
def aws() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield boto3.client("dynamodb")


@pytest.fixture
def table(run: Run, aws: DynamoDBClient) -> DynamoDBClient:
    assert run("provision").exit_code == 0
    return aws


def put(aws: DynamoDBClient, user: str, key: str, **attributes: Any) -> None:
    item: dict[str, Any] = {"PK": {"S": f"USER#{user}"}, "SK": {"S": key}}
    if key.startswith("CONFIG#"):
        item |= {name: {"S": "2026-11-23T12:00:00Z"} for name in ("name", "created_at", "updated_at")}
        item["tickers"] = {"L": []}
    aws.put_item(TableName=TABLE, Item=item | attributes)


def counted(aws: DynamoDBClient, user: str) -> str | None:
    item = aws.get_item(TableName=TABLE, Key={"PK": {"S": f"USER#{user}"}, "SK": {"S": "QUOTA"}}).get("Item", {})
    return item.get("config_count", {}).get("N")


# --- provision --------------------------------------------------------------------------------------------------------


def test_provision_creates_what_is_missing(run: Run, aws: DynamoDBClient) -> None:
    result = run("provision")

    assert result.output.splitlines() == [
        "Created the table config-api, on demand.",
        "Enabled point-in-time recovery.",
        "Enabled time to live for expires_at.",
    ]
    table = aws.describe_table(TableName=TABLE)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [
        {"AttributeName": "PK", "KeyType": "HASH"},
        {"AttributeName": "SK", "KeyType": "RANGE"},
    ]
    ttl = aws.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = aws.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_provision_is_safe_to_run_twice(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")

    result = run("provision")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "The table config-api exists.",
        "Point-in-time recovery is enabled.",
        "Time to live is enabled for expires_at.",
    ]
    assert table.scan(TableName=TABLE)["Count"] == 1


def test_provision_does_not_change_a_table_with_other_keys(run: Run, aws: DynamoDBClient) -> None:
    a_table_with_other_keys(aws)

    result = run("provision")

    assert result.exit_code == 1
    assert "has the keys id (N), not PK (S) and SK (S)" in result.output


def test_commands_for_a_store_without_a_table_explain_it(run: Run) -> None:
    for command in (["provision"], ["quotas", "reconcile"]):
        result = run(*command, store=StoreKind.MEMORY)

        assert result.exit_code == 1
        assert result.output.startswith("Error: The memory store needs no table.")


# --- quotas reconcile -------------------------------------------------------------------------------------------------


def test_reconcile_shows_drift_and_changes_nothing(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")
    put(table, "ann", "CONFIG#b", status={"S": "inactive"})
    put(table, "ann", "CONFIG#c", is_active={"BOOL": False})
    put(table, "bob", "CONFIG#a")
    put(table, "bob", "QUOTA", config_count={"N": "1"})
    put(table, "cid", "QUOTA", config_count={"N": "2"})

    result = run("quotas", "reconcile")

    assert result.exit_code == 1
    assert sorted(result.stdout.splitlines()) == [
        "3 users, 2 counts drift.",
        "ann: 0 counted, 1 stored",
        "cid: 2 counted, 0 stored",
    ]
    assert counted(table, "ann") is None


def test_reconcile_apply_corrects_drift(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")
    put(table, "ann", "CONFIG#b")
    put(table, "bob", "QUOTA", config_count={"N": "7"})

    repaired, after = run("quotas", "reconcile", "--apply"), run("quotas", "reconcile")

    assert repaired.exit_code == 0
    assert sorted(repaired.stdout.splitlines()) == [
        "2 users, 0 counts drift.",
        "ann: 0 counted, 2 stored; set to 2",
        "bob: 7 counted, 0 stored; set to 0",
    ]
    assert (after.exit_code, after.stdout) == (0, "2 users, 0 counts drift.\n")
    assert (counted(table, "ann"), counted(table, "bob")) == ("2", "0")


def test_expired_items_are_not_counted(run: Run, table: DynamoDBClient) -> None:
    put(table, "gone", "CONFIG#a", expires_at={"N": PAST})
    put(table, "gone", "QUOTA", config_count={"N": "1"}, expires_at={"N": PAST})
    put(table, "here", "CONFIG#a", expires_at={"N": PAST})
    put(table, "here", "CONFIG#b", expires_at={"N": FUTURE})
    put(table, "here", "QUOTA", config_count={"N": "2"}, expires_at={"N": FUTURE})

    result = run("quotas", "reconcile", "--apply")

    assert "here: 2 counted, 1 stored; set to 1" in result.stdout
    assert "gone" not in result.stdout


def test_a_corrected_counter_expires_with_its_configurations(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a", expires_at={"N": FUTURE})
    put(table, "bob", "CONFIG#a", expires_at={"N": FUTURE})
    put(table, "bob", "CONFIG#b")

    run("quotas", "reconcile", "--apply")

    quotas = {
        item["PK"]["S"]: item.get("expires_at")
        for item in table.scan(TableName=TABLE)["Items"]
        if item["SK"]["S"] == "QUOTA"
    }
    assert quotas == {"USER#ann": {"N": FUTURE}, "USER#bob": None}


def test_items_of_other_applications_are_ignored(run: Run, table: DynamoDBClient) -> None:
    table.put_item(TableName=TABLE, Item={"PK": {"S": "JOB#1"}, "SK": {"S": "CONFIG#a"}})
    put(table, "ann", "SETTINGS")

    assert run("quotas", "reconcile").stdout == "1 users, 0 counts drift.\n"


def test_reconcile_without_a_table_names_the_remedy(run: Run) -> None:
    result = run("quotas", "reconcile")

    assert result.exit_code == 1
    assert "run `provision`" in result.output


def test_reconcile_repairs_a_malformed_count_and_names_items_that_cannot_be_read(
    run: Run, table: DynamoDBClient
) -> None:
    put(table, "ann", "CONFIG#a", name={"NULL": True})
    put(table, "ann", "QUOTA", config_count={"S": "many"})

    result = run("quotas", "reconcile", "--apply")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ann: CONFIG#a cannot be read; repair or delete this item",
        "ann: malformed count, 1 stored; set to 1",
        "1 users, 0 counts drift.",
    ]


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_passes_and_changes_nothing(run: Run, table: DynamoDBClient) -> None:
    result = run("doctor")

    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.output
    subjects = [line.split()[1] for line in result.output.splitlines()]
    assert subjects == [
        "settings:",
        "table:",
        "keys:",
        "time",
        "recovery:",
        "permissions:",
        "clock:",
        "store:",
        "ticker",
    ]
    assert "\x1b" not in result.output
    assert table.scan(TableName=TABLE)["Count"] == 0


def test_doctor_reports_a_missing_table_with_the_remedy(run: Run) -> None:
    result = run("doctor")

    assert result.exit_code == 1
    assert "FAIL table:" in result.output
    assert "run `provision`" in result.output


def test_doctor_reports_disabled_features_and_wrong_keys(run: Run, aws: DynamoDBClient) -> None:
    a_table_with_other_keys(aws)

    result = run("doctor")

    assert result.exit_code == 1
    for subject in ("keys", "time to live", "recovery", "permissions"):
        assert f"FAIL {subject}: " in result.output


def test_time_to_live_on_another_attribute_is_named(run: Run, table: DynamoDBClient) -> None:
    table.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
    )
    table.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})

    results = [run("doctor"), run("provision")]

    for result in results:
        assert result.exit_code == 1
        assert "on for another attribute, ttl." in result.output
        assert "Disable it" in result.output


def test_doctor_reports_a_ticker_list_that_is_not_authoritative(run: Run) -> None:
    result = run("doctor", ticker_bucket="a-bucket", store=StoreKind.MEMORY)

    assert result.exit_code == 1
    assert "CONFIG_API_TICKER_BUCKET" in result.output


def test_doctor_reports_a_wrong_clock(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")

    result = run("doctor", clock=lambda: datetime.now(UTC) + timedelta(hours=1))

    assert re.search(r"FAIL clock: (359\d|360\d) s off AWS's\.", result.output)  # its answers tell whole seconds
    assert "NTP" in result.output


def a_table_with_other_keys(aws: DynamoDBClient) -> None:
    aws.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
