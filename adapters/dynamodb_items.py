"""The table's items: how a configuration and a user's quota lie in DynamoDB, and how they are read back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from adapters.aws_errors import Fault, FaultKind
from domain.configurations import DEFAULT_TIMEFRAME_DAYS, Configuration, WatchedTicker
from domain.errors import NotFound
from domain.tickers import Ticker

T = TypeVar("T")
RawItem = Mapping[str, Any]
"""An item as botocore gives it: `{"name": {"S": "Tech"}, …}`."""

CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.0
"""Seconds. DynamoDB answers in milliseconds; a longer wait helps less than another attempt."""

LONGEST_SORT_KEY = 1024
"""Bytes in UTF-8 (DynamoDB's "Constraints")."""

QUOTA = "QUOTA"
CONFIGURATION = "CONFIG#"
"""The sort key of a user's quota item, and what those of their configurations begin with."""

_WITHOUT_REVISION = "0-"


class Keys(Model):
    """The table's keys."""

    pk = UnicodeAttribute(hash_key=True, attr_name="PK")
    sk = UnicodeAttribute(range_key=True, attr_name="SK")


class QuotaItem(Keys):
    """How many configurations a user has. Absent means none.

    `version` grows with each create and delete: whoever repairs a count sees that nothing happened meanwhile.
    """

    config_count = NumberAttribute(null=True)
    version = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class TickerMap(MapAttribute[str, Any]):
    """A ticker inside a configuration."""

    symbol = UnicodeAttribute()
    name = UnicodeAttribute()
    exchange = UnicodeAttribute()
    added_at = UnicodeAttribute(null=True)


class ConfigurationItem(Keys):
    """A configuration; what may be missing from items that an earlier service wrote is nullable."""

    config_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    name = UnicodeAttribute()
    tickers = ListAttribute(of=TickerMap)
    timeframe_days = NumberAttribute(null=True)
    include_extended_hours = BooleanAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    entity_type = UnicodeAttribute(default="CONFIGURATION")
    status = UnicodeAttribute(null=True)
    is_active = BooleanAttribute(null=True)
    revision = UnicodeAttribute(null=True)
    request_fingerprint = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


IS_DELETED: Condition = (ConfigurationItem.status == "inactive") | (ConfigurationItem.is_active == False)  # noqa: E712 it builds an expression
"""What an earlier service left of a configuration that it deleted."""

IS_THERE: Condition = ConfigurationItem.pk.exists() & ~IS_DELETED
IS_FREE: Condition = ConfigurationItem.pk.does_not_exist() | IS_DELETED


def bound_models(table: str, *, region: str | None = None) -> tuple[type[ConfigurationItem], type[QuotaItem]]:
    """The two models for one table, sharing one client, which is built now and makes one attempt a call."""
    settings = {
        "table_name": table,
        "region": region,
        "connect_timeout_seconds": CONNECT_TIMEOUT,
        "read_timeout_seconds": READ_TIMEOUT,
        "max_retry_attempts": 0,
        "max_pool_connections": 32,
    }
    meta: Any = type("Meta", (), settings)

    class Configurations(ConfigurationItem):
        Meta = meta

    class Quotas(QuotaItem):
        Meta = meta
        _connection = Configurations._get_connection()  # noqa: SLF001 one client and one pool, not two

    _ = Quotas._connection.connection.client  # noqa: SLF001 first use by many threads would build many
    return Configurations, Quotas


def partition(user_id: str) -> str:
    """The partition key of all that belongs to a user."""
    return f"USER#{user_id}"


def key(user_id: str, config_id: str) -> tuple[str, str]:
    """The whole key of a configuration. Raises NotFound for an id that no key could hold."""
    sort = f"{CONFIGURATION}{config_id}"
    if len(sort.encode()) > LONGEST_SORT_KEY:
        raise NotFound
    return partition(user_id), sort


def is_below(limit: int) -> Condition:
    """The quota item has room for one more."""
    below: Condition = QuotaItem.config_count < limit
    return below if limit < 1 else QuotaItem.config_count.does_not_exist() | below


def is_at(*revisions: str) -> Condition:
    """The configuration is at one of these; one without a revision is told by the time of its last update."""
    ours = [revision for revision in revisions if not revision.startswith(_WITHOUT_REVISION)]
    older = [revision.removeprefix(_WITHOUT_REVISION) for revision in revisions if revision not in ours]
    at_ours: Condition = ConfigurationItem.revision.is_in(*ours)
    at_older: Condition = ConfigurationItem.revision.does_not_exist() & ConfigurationItem.updated_at.is_in(*older)
    if not older:
        return at_ours
    return at_ours | at_older if ours else at_older


def expiry(model: type[ConfigurationItem | QuotaItem], expires_at: datetime | None) -> Action:
    """Set the time after which an item may go by itself, or keep it for good."""
    return model.expires_at.remove() if expires_at is None else model.expires_at.set(_epoch(expires_at))


def changes(before: Configuration, after: Configuration) -> list[Action]:
    """Only what differs is written, so that attributes that we don't know survive, inside the tickers too."""
    return [
        getattr(ConfigurationItem, name).set(value)
        for name, value in _attributes(after).items()
        if getattr(after, name) != getattr(before, name)
    ]


def encoded(model: type[ConfigurationItem], configuration: Configuration) -> ConfigurationItem:
    """The item for a configuration that is new."""
    expires_at = configuration.expires_at
    return model(
        *key(configuration.user_id, configuration.config_id),
        config_id=configuration.config_id,
        user_id=configuration.user_id,
        status="active",
        is_active=True,
        expires_at=None if expires_at is None else _epoch(expires_at),
        **_attributes(configuration),
    )


def is_deleted(raw: RawItem) -> bool:
    """What `IS_DELETED` says of an item that was read."""
    return raw.get("status") == {"S": "inactive"} or raw.get("is_active") == {"BOOL": False}


def decoded(raw: RawItem | None) -> Configuration:
    """The configuration in an item. Raises NotFound for none or a deleted one, a permanent Fault for nonsense."""
    if raw is None or is_deleted(raw):
        raise NotFound
    try:
        return _configuration(ConfigurationItem.from_raw_data(dict(raw)))
    except (TypeError, ValueError, AttributeError) as error:  # what PynamoDB and the conversions raise for wrong types
        way_out = f"Repair or delete the item whose SK is {raw['SK']['S']}."
        raise Fault(FaultKind.PERMANENT, "UnreadableItem", way_out=way_out) from error


def _configuration(item: ConfigurationItem) -> Configuration:
    created_at = _moment(item.created_at)
    return Configuration(
        config_id=_present(item.config_id),
        user_id=_present(item.user_id),
        name=_present(item.name),
        tickers=tuple(_watched(ticker, created_at) for ticker in _present(item.tickers)),
        timeframe_days=int(item.timeframe_days or DEFAULT_TIMEFRAME_DAYS),
        include_extended_hours=bool(item.include_extended_hours),
        created_at=created_at,
        updated_at=_moment(item.updated_at),
        revision=item.revision or f"{_WITHOUT_REVISION}{item.updated_at}",
        request_fingerprint=item.request_fingerprint,
        expires_at=datetime.fromtimestamp(item.expires_at, UTC) if item.expires_at else None,
    )


def _watched(ticker: TickerMap, created_at: datetime) -> WatchedTicker:
    return WatchedTicker(
        Ticker(_present(ticker.symbol), _present(ticker.name), _present(ticker.exchange)),
        _moment(ticker.added_at) if ticker.added_at else created_at,
    )


def _attributes(configuration: Configuration) -> dict[str, Any]:
    """What tells one state of a configuration from another, but for the time it expires."""
    return {
        "name": configuration.name,
        "tickers": [
            TickerMap(  # type: ignore[no-untyped-call]  # PynamoDB leaves this constructor untyped
                symbol=watched.ticker.symbol,
                name=watched.ticker.name,
                exchange=watched.ticker.exchange,
                added_at=_text(watched.added_at),
            )
            for watched in configuration.tickers
        ],
        "timeframe_days": configuration.timeframe_days,
        "include_extended_hours": configuration.include_extended_hours,
        "created_at": _text(configuration.created_at),
        "updated_at": _text(configuration.updated_at),
        "revision": configuration.revision,
        "request_fingerprint": configuration.request_fingerprint,
    }


def _present(value: T | None) -> T:
    if value is None:
        raise ValueError("a required attribute is missing")
    return value


def _epoch(moment: datetime) -> int:
    return math.ceil(moment.timestamp())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    """Some earlier items name no zone; they were written in UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
