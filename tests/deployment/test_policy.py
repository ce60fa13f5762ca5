"""The policy of the role allows exactly the actions that the code calls."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from adapters.tickers.s3 import S3TickerList
from domain.adoption import Adoption
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration
from tests.deployment.recorder import Calls, recording
from tests.deployment.stage import ROOT
from verification.environment.ministack import a_dynamodb_store, a_table

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]


@pytest.fixture(scope="module")
def calls(aws: str) -> Calls:
    """The calls of all operations of the store and the ticker list."""
    table = a_table(aws)
    boto3.client("s3", endpoint_url=aws).create_bucket(Bucket="config-api-recorded")
    with recording() as calls, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws)
        store = a_dynamodb_store(aws, table)
        tickers = S3TickerList("config-api-recorded", "ticker-cache/us-symbols.json", rng=random.Random(1))
    _use_the_store(store)
    assert tickers.fetch_if_any() is None
    tickers.publish(b"{}", replacing=None)
    first = tickers.fetch()
    assert first is not None
    tickers.publish(b"{ }", replacing=first.etag)
    return calls


def _use_the_store(store: ConfigurationStore) -> None:
    one, two, three, keyed = a_configuration(), a_configuration(), a_configuration(), a_keyed_configuration()
    store.check()
    store.add(one, limit=2)
    store.add(one, limit=2)
    store.add(two, limit=2)
    with suppress(LimitReached):
        store.add(three, limit=2)
    store.list("ann")
    store.get("ann", one.config_id)
    store.update("ann", one.config_id, lambda current: replace(current, name="Other", revision="2"))
    with suppress(RevisionMismatch):
        store.remove("ann", one.config_id, now=NOW, revisions=frozenset({"none"}))
    store.remove("ann", one.config_id, now=NOW, revisions=frozenset({"2"}))
    store.remove("ann", two.config_id, now=NOW)
    with suppress(NotFound):
        store.remove("ann", two.config_id, now=NOW)
    store.add(keyed, limit=2)
    store.remove("ann", keyed.config_id, now=NOW)
    store.add(a_configuration(expires_at=NOW), limit=2)
    store.extend("ann", expires_at=NOW + timedelta(days=30))
    store.adopt(Adoption("ann", "bob"), limit=5, now=NOW)
    store.erase("bob", now=NOW)


def statements() -> list[dict[str, Any]]:
    policy: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tools" / "lambda_policy.json").read_text())
    return policy["Statement"]


def allowed() -> set[str]:
    return {action for statement in statements() for action in statement["Action"]}


def test_the_policy_allows_exactly_the_actions_that_the_code_calls(calls: Calls) -> None:
    data_actions = {action for action in allowed() if action.split(":")[0] not in {"logs", "xray"}}

    assert data_actions == calls.actions()


def test_the_policy_allows_to_write_logs_and_traces() -> None:
    needed = "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents xray:PutTraceSegments xray:PutTelemetryRecords"

    assert {action for action in allowed() if action.split(":")[0] in {"logs", "xray"}} == set(needed.split())


def test_the_policy_names_resources_of_the_service_and_no_wildcard_actions() -> None:
    for statement in statements():
        assert statement["Sid"] == "Traces" or "config-api-" in statement["Resource"], statement
        assert not [action for action in statement["Action"] if "*" in action]
