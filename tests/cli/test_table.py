"""The commands that provision, check and reconcile the table, on DynamoDB in memory, and that check the issuer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import Result
from moto import mock_aws

from domain.sign_in import PublicClient
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import OpenIdConnect, Settings, StoreKind
from tests.builders import AFixedList
from verification.environment.authorization_server import CLIENT_ID
from verification.environment.issuer import AUDIENCE, running_issuer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Run = Callable[..., Result]

TABLE = "config-api"
SETTINGS = Settings(store=StoreKind.DYNAMODB, table=TABLE, secret_keys=("a key of at least thirty-two characters",))
PAST, FUTURE = {"N": "1700000000"}, {"N": "4000000000"}


@pytest.fixture(autouse=True)
def aws() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield boto3.client("dynamodb")


@pytest.fixture
def run() -> Run:
    """Runs a command on the application that the settings describe, and returns its output."""

    def run(*arguments: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC), **settings: Any) -> Result:
        app = create_app(replace(SETTINGS, **settings), ticker_list=AFixedList(), clock=clock)
        try:
            return app.test_cli_runner().invoke(args=arguments)
        finally:
            close(app)

    return run


@pytest.fixture
def table(run: Run, aws: DynamoDBClient) -> DynamoDBClient:
    assert run("provision").exit_code == 0
    return aws


@pytest.fixture
def table_with_other_keys(aws: DynamoDBClient) -> DynamoDBClient:
    aws.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return aws


def put(aws: DynamoDBClient, user: str, key: str, **attributes: Any) -> None:
    item: dict[str, Any] = {"PK": {"S": f"USER#{user}"}, "SK": {"S": key}}
    if key.startswith("CONFIG#"):
        item |= {name: {"S": "2026-11-23T12:00:00Z"} for name in ("name", "created_at", "updated_at")}
        item["tickers"] = {"L": []}
    aws.put_item(TableName=TABLE, Item=item | attributes)


def quota(aws: DynamoDBClient, user: str) -> dict[str, Any]:
    return aws.get_item(TableName=TABLE, Key={"PK": {"S": f"USER#{user}"}, "SK": {"S": "QUOTA"}}).get("Item", {})


def test_provision_creates_what_is_missing(run: Run, aws: DynamoDBClient) -> None:
    assert run("provision").exit_code == 0

    table = aws.describe_table(TableName=TABLE)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("PK", "HASH"), ("SK", "RANGE")]
    ttl = aws.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = aws.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_provision_is_safe_to_run_twice(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")

    result = run("provision")

    assert (result.exit_code, result.output.count("exists") + result.output.count("is enabled")) == (0, 3)
    assert table.scan(TableName=TABLE)["Count"] == 1


@pytest.mark.usefixtures("table_with_other_keys")
def test_provision_does_not_change_a_table_with_other_keys(run: Run) -> None:
    result = run("provision")

    assert result.exit_code == 1
    assert "has the keys id (N), not PK (S) and SK (S)" in result.output


@pytest.mark.parametrize("command", ["provision", "quotas reconcile"])
def test_commands_for_a_store_without_a_table_explain_it(run: Run, command: str) -> None:
    result = run(*command.split(), store=StoreKind.MEMORY)

    assert result.exit_code == 1
    assert "The memory store needs no table." in result.output


@pytest.mark.parametrize("command", ["quotas reconcile", "doctor"])
def test_a_missing_table_is_reported_with_the_remedy(run: Run, command: str) -> None:
    result = run(*command.split())

    assert result.exit_code == 1
    assert "run `provision`" in result.output


def test_reconcile_shows_drift_and_changes_nothing_until_it_is_applied(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")
    put(table, "ann", "CONFIG#b", status={"S": "inactive"})
    put(table, "ann", "CONFIG#c", is_active={"BOOL": False})
    put(table, "bob", "CONFIG#a")
    put(table, "bob", "QUOTA", config_count={"N": "1"})
    put(table, "cid", "QUOTA", config_count={"N": "2"})

    shown = run("quotas", "reconcile")
    unchanged = quota(table, "ann")
    applied, after = run("quotas", "reconcile", "--apply"), run("quotas", "reconcile")

    assert (shown.exit_code, unchanged) == (1, {})
    assert {"ann: 0 counted, 1 stored", "cid: 2 counted, 0 stored"} < set(shown.stdout.splitlines())
    assert (applied.exit_code, after.stdout) == (0, "3 users, 0 counts drift.\n")
    assert [quota(table, user)["config_count"]["N"] for user in ("ann", "bob", "cid")] == ["1", "1", "0"]


def test_expired_items_are_not_counted(run: Run, table: DynamoDBClient) -> None:
    put(table, "gone", "CONFIG#a", expires_at=PAST)
    put(table, "gone", "QUOTA", config_count={"N": "1"}, expires_at=PAST)
    put(table, "here", "CONFIG#a", expires_at=PAST)
    put(table, "here", "CONFIG#b", expires_at=FUTURE)
    put(table, "here", "QUOTA", config_count={"N": "2"}, expires_at=FUTURE)

    result = run("quotas", "reconcile", "--apply")

    assert "here: 2 counted, 1 stored; set to 1" in result.stdout
    assert "gone" not in result.stdout


def test_a_corrected_counter_expires_with_its_configurations(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a", expires_at=FUTURE)
    put(table, "bob", "CONFIG#a", expires_at=FUTURE)
    put(table, "bob", "CONFIG#b")

    run("quotas", "reconcile", "--apply")

    assert [quota(table, user).get("expires_at") for user in ("ann", "bob")] == [FUTURE, None]


def test_items_of_other_applications_are_ignored(run: Run, table: DynamoDBClient) -> None:
    table.put_item(TableName=TABLE, Item={"PK": {"S": "JOB#1"}, "SK": {"S": "CONFIG#a"}})
    put(table, "ann", "SETTINGS")

    assert run("quotas", "reconcile").stdout == "1 users, 0 counts drift.\n"


def test_reconcile_names_items_that_cannot_be_read(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a", name={"NULL": True})
    put(table, "ann", "QUOTA", config_count={"S": "many"})

    result = run("quotas", "reconcile", "--apply")

    assert result.exit_code == 0
    assert "ann: CONFIG#a cannot be read; repair or delete this item" in result.stdout
    assert "ann: malformed count, 1 stored; set to 1" in result.stdout


def test_doctor_passes_and_changes_nothing(run: Run, table: DynamoDBClient) -> None:
    result = run("doctor")

    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.output
    subjects = ("settings", "table", "keys", "time to live", "recovery", "permissions", "clock", "store", "ticker list")
    assert [subject for subject in subjects if f"ok   {subject}: " not in result.output] == []
    assert table.scan(TableName=TABLE)["Count"] == 0


@pytest.mark.usefixtures("table_with_other_keys")
def test_doctor_reports_disabled_features_and_wrong_keys(run: Run) -> None:
    result = run("doctor")

    assert result.exit_code == 1
    for subject in ("keys", "time to live", "recovery", "permissions"):
        assert f"FAIL {subject}: " in result.output


@pytest.mark.parametrize("command", ["doctor", "provision"])
def test_time_to_live_on_another_attribute_is_named(run: Run, table: DynamoDBClient, command: str) -> None:
    for enabled, attribute in ((False, "expires_at"), (True, "ttl")):
        specification: Any = {"Enabled": enabled, "AttributeName": attribute}
        table.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=specification)

    result = run(command)

    assert result.exit_code == 1
    assert "on for another attribute, ttl." in result.output


def test_doctor_reports_a_ticker_list_that_is_not_authoritative(run: Run) -> None:
    result = run("doctor", ticker_bucket="a-bucket", store=StoreKind.MEMORY)

    assert result.exit_code == 1
    assert "CONFIG_API_TICKER_BUCKET" in result.output


def test_doctor_reports_a_wrong_clock(run: Run, table: DynamoDBClient) -> None:
    put(table, "ann", "CONFIG#a")

    result = run("doctor", clock=lambda: datetime.now(UTC) + timedelta(hours=1))

    assert "FAIL clock: " in result.output
    assert "NTP" in result.output


@pytest.mark.parametrize(
    ("client_id", "metadata", "shown", "exit_code"),
    [
        (CLIENT_ID, {}, f"{CLIENT_ID} is a public client", 0),
        ("another", {}, "does not accept 'another'", 1),
        (CLIENT_ID, {"token_endpoint": None}, "no https authorization and token endpoint", 1),
        (CLIENT_ID, {"code_challenge_methods_supported": ["plain"]}, "does not support PKCE", 1),
        (CLIENT_ID, {"token_endpoint": "http://127.0.0.1:1/token"}, "http://127.0.0.1:1/token", 1),
    ],
)
def test_doctor_checks_the_client_with_which_browsers_sign_in(
    run: Run, client_id: str, metadata: dict[str, Any], shown: str, exit_code: int
) -> None:
    with running_issuer() as issuer:
        issuer.metadata = metadata
        issuer.server.redirect_uris = {f"{issuer.url}/"}
        oidc = OpenIdConnect(issuer.url, AUDIENCE, PublicClient(client_id))
        result = run("doctor", store=StoreKind.MEMORY, oidc=oidc)

    assert shown in result.output
    assert result.exit_code == exit_code
    assert ("CONFIG_API_OIDC_CLIENT_ID" in result.output) == (exit_code == 1)
