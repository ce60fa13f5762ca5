"""Properties of the conversion between items and configurations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.dynamodb.items import is_deleted, to_configuration, to_item, update_actions
from adapters.dynamodb.models import ConfigurationItem
from domain.configurations import Configuration, WatchedTicker
from domain.errors import NotFound
from domain.tickers import Ticker
from tests.builders import NOW, a_configuration

text = st.text(min_size=1, max_size=20)
times = st.datetimes(timezones=st.just(UTC))
configurations = st.builds(
    Configuration,
    config_id=st.uuids().map(str),
    user_id=text,
    name=text,
    tickers=st.lists(st.builds(WatchedTicker, st.builds(Ticker, text, text, text), times), max_size=3).map(tuple),
    timeframe_days=st.integers(1, 365),
    include_extended_hours=st.booleans(),
    created_at=times,
    updated_at=times,
    revision=st.uuids().map(str),
    request_fingerprint=st.none() | text,
    expires_at=st.none() | st.integers(1, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
values = st.recursive(
    st.one_of(
        text.map(lambda value: {"S": value}),
        st.sampled_from(["0", "7", "-1", "1.5", "1E+17", "1E+125", "9" * 38]).map(lambda value: {"N": value}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda value: {"L": value})
        | st.dictionaries(text, inner, max_size=3).map(lambda value: {"M": value})
    ),
    max_leaves=5,
)
"""Attributes in botocore's form."""
DECLARED = sorted({*ConfigurationItem.get_attributes()} - {"PK", "SK"})


@given(configurations, configurations)
def test_an_update_writes_exactly_the_attributes_that_differ(before: Configuration, other: Configuration) -> None:
    """Applied to the item of `before`, the changes give the item of `after`; they write no other attribute."""
    after = replace(other, config_id=before.config_id, user_id=before.user_id)
    old, new = to_item(before).serialize(), to_item(after).serialize()

    actions = {str(action.values[0]): action.values[1:] for action in update_actions(before, after)}
    written = {name: operands[0].values[0] for name, operands in actions.items() if operands}

    kept = {name: value for name, value in old.items() if name not in actions}
    assert kept | written == new
    different = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert actions.keys() == different


@given(st.sampled_from(DECLARED), st.none() | values)
@example("expires_at", {"N": "1.5"})
def test_any_attribute_is_read_reported_or_marks_a_deleted_item(name: str, value: Any) -> None:
    """For any value of one attribute the item is readable, or deleted, or a permanent error has a remedy."""
    item = {key: kept for key, kept in to_item(a_configuration(expires_at=NOW)).serialize().items() if key != name}
    if value is not None:
        item[name] = value

    outcome: Configuration | Exception
    try:
        outcome = to_configuration(item)
    except (NotFound, ServiceError) as error:
        outcome = error

    if isinstance(outcome, Configuration):
        assert to_configuration(to_item(outcome).serialize()) == outcome
    elif isinstance(outcome, ServiceError):
        assert outcome.kind is ErrorKind.PERMANENT
        assert outcome.remedy is not None
    else:
        assert is_deleted(item)
