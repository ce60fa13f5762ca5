"""A retry never meets its own success as a failure, whatever happened to the first attempt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.dynamodb.store import DynamoDBStore
from domain.configurations import Configuration
from domain.errors import NotFound
from domain.ports import AddResult
from tests.builders import a_configuration
from tests.support.fault_proxy import FaultProxy, Trouble
from tests.support.ministack import a_dynamodb_store, dynamodb_client

pytestmark = pytest.mark.slow

each_trouble = pytest.mark.parametrize("trouble", Trouble)


def count(aws: str, table: str, user: str) -> int:
    key = {"PK": {"S": f"USER#{user}"}, "SK": {"S": "QUOTA"}}
    item = dynamodb_client(aws).get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return int(item.get("config_count", {"N": "0"})["N"])


@each_trouble
def test_a_create_is_stored_and_counted_once_whatever_befell_its_first_attempt(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, trouble: Trouble
) -> None:
    configuration = a_configuration(ann)
    proxy.script(trouble)

    added = store.add(configuration, limit=1)

    assert added == AddResult(configuration, replayed=False)
    assert proxy.operations == ["TransactWriteItems"] * 2
    assert store.list(ann) == (configuration,)
    assert count(aws, table, ann) == 1


@each_trouble
def test_an_update_is_made_once_whatever_befell_its_first_attempt(
    store: DynamoDBStore, proxy: FaultProxy, ann: str, trouble: Trouble
) -> None:
    configuration = a_configuration(ann, timeframe_days=1)
    store.add(configuration, limit=1)
    proxy.script(None, trouble)

    def one_day_more(current: Configuration) -> Configuration:
        return replace(current, timeframe_days=current.timeframe_days + 1, revision="one more")

    updated = store.update(ann, configuration.config_id, one_day_more)

    assert updated.timeframe_days == 2
    assert proxy.operations == ["GetItem"] + ["TransactWriteItems"] * 2
    assert store.list(ann) == (updated,)


@each_trouble
def test_a_delete_succeeds_and_is_counted_once_whatever_befell_its_first_attempt(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str, trouble: Trouble
) -> None:
    gone, kept = a_configuration(ann), a_configuration(ann)
    for configuration in (gone, kept):
        store.add(configuration, limit=2)
    proxy.script(trouble)

    store.remove(ann, gone.config_id, revisions=frozenset({gone.revision}))

    assert proxy.operations == ["TransactWriteItems"] * 2
    assert store.list(ann) == (kept,)
    assert count(aws, table, ann) == 1


@each_trouble
def test_reads_are_repeated(store: DynamoDBStore, proxy: FaultProxy, ann: str, trouble: Trouble) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    proxy.script(trouble, None, trouble, None)

    assert store.get(ann, configuration.config_id) == configuration
    assert store.list(ann) == (configuration,)

    assert proxy.operations == ["GetItem", "GetItem", "Query", "Query"]


def test_a_delete_of_nothing_is_not_taken_for_a_lost_answer(store: DynamoDBStore, proxy: FaultProxy, ann: str) -> None:
    proxy.script(Trouble.ANSWER_LOST, Trouble.RESET)

    with pytest.raises(NotFound):
        store.remove(ann, "none")

    assert len(proxy.calls) == 3


def test_an_update_whose_answer_was_lost_stands_though_others_wrote_over_it(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    rival = a_dynamodb_store(aws, table)

    def overwrite(_: float) -> None:
        rival.update(ann, configuration.config_id, lambda current: replace(current, name="Theirs", revision="theirs"))

    hurried = a_dynamodb_store(proxy.endpoint, table, sleep=overwrite)
    proxy.script(None, Trouble.ANSWER_LOST)

    ours = hurried.update(ann, configuration.config_id, lambda current: replace(current, name="Ours", revision="ours"))

    assert ours.name == "Ours"
    assert [(each.name, each.revision) for each in store.list(ann)] == [("Theirs", "theirs")]


def test_a_create_whose_answer_was_lost_stands_though_its_owner_deleted_it_meanwhile(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    configuration = a_configuration(ann)
    rival = a_dynamodb_store(aws, table)
    hurried = a_dynamodb_store(proxy.endpoint, table, sleep=lambda _: rival.remove(ann, configuration.config_id))
    proxy.script(Trouble.ANSWER_LOST)

    hurried.add(configuration, limit=1)

    assert store.list(ann) == ()
    assert count(aws, table, ann) == 0


def test_the_same_key_after_no_answer_at_all_settles_it(
    store: DynamoDBStore, proxy: FaultProxy, aws: str, table: str, ann: str
) -> None:
    first = a_configuration(ann)
    a_process_that_dies = a_dynamodb_store(proxy.endpoint, table, sleep=_die)
    proxy.script(Trouble.ANSWER_LOST)
    with pytest.raises(SystemExit):
        a_process_that_dies.add(first, limit=1)

    again = store.add(replace(first, revision="of the second request"), limit=1)

    assert again == AddResult(first, replayed=True)
    assert count(aws, table, ann) == 1


def _die(_: float) -> None:
    raise SystemExit
