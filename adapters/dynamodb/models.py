"""The table's items: how a configuration and a user's quota lie in DynamoDB, and how they are read back.

Items are the plain dictionaries that botocore takes and gives, conditions and updates PynamoDB's expressions.
PynamoDB's models took a third of each request to turn the one into the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from adapters.aws.errors import ErrorKind, ServiceError
from domain.configurations import DEFAULT_TIMEFRAME_DAYS, Configuration, WatchedTicker
from domain.errors import NotFound
from domain.tickers import Ticker

Attribute = Mapping[str, Any]
"""A value with its type: `{"S": "Tech"}`."""
RawItem = Mapping[str, Attribute]
"""An item as botocore gives it: `{"name": {"S": "Tech"}, …}`."""

CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.0
"""Seconds. DynamoDB answers in milliseconds; a longer wait helps less than another attempt."""

LONGEST_SORT_KEY = 1024
"""Bytes in UTF-8 (DynamoDB's "Constraints")."""

QUOTA = "QUOTA"
CONFIGURATION = "CONFIG#"
"""The sort key of a user's quota item, and what those of their configurations begin with."""

CONFIG_COUNT, VERSION = Path("config_count"), Path("version")
"""How many configurations a user has, absent for none; and a number that grows with each create and delete:
whoever repairs a count sees that nothing happened meanwhile."""

_WITHOUT_REVISION = "0-"
_PK, _REVISION, _UPDATED_AT, _EXPIRES_AT = Path("PK"), Path("revision"), Path("updated_at"), Path("expires_at")

IS_DELETED: Condition = (Path("status") == "inactive") | (Path("is_active") == False)  # noqa: E712 it builds an expression
"""What an earlier service left of a configuration that it deleted."""

IS_THERE: Condition = _PK.exists() & ~IS_DELETED
IS_FREE: Condition = _PK.does_not_exist() | IS_DELETED
IS_CONFIGURATION: Condition = Path("SK").startswith(CONFIGURATION)


def table_connection(table: str, *, region: str | None = None) -> TableConnection:
    """PynamoDB's connection to the table, with a client that is built now and makes one attempt a call."""
    keys = {"PK": "HASH", "SK": "RANGE"}
    description = {
        "TableName": table,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
    }
    connected = TableConnection(
        table,
        region=region,
        connect_timeout_seconds=CONNECT_TIMEOUT,
        read_timeout_seconds=READ_TIMEOUT,
        max_retry_attempts=0,
        max_pool_connections=32,
        meta_table=MetaTable(description),
    )
    session = connected.connection.session
    # Given here, the header is not put together anew for every call, which takes longer than its signature does.
    session.set_default_client_config(Config(user_agent=f"config-api {session.user_agent()}"))
    _ = connected.connection.client  # first use by many threads would build many
    return connected


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
    below: Condition = CONFIG_COUNT < limit  # noqa: SIM300 it builds an expression
    return below if limit < 1 else CONFIG_COUNT.does_not_exist() | below


def is_at(*revisions: str) -> Condition:
    """The configuration is at one of these; one without a revision is told by the time of its last update."""
    ours = [revision for revision in revisions if not revision.startswith(_WITHOUT_REVISION)]
    older = [revision.removeprefix(_WITHOUT_REVISION) for revision in revisions if revision not in ours]
    at_ours: Condition = _REVISION.is_in(*ours)
    at_older: Condition = _REVISION.does_not_exist() & _UPDATED_AT.is_in(*older)
    if not older:
        return at_ours
    return at_ours | at_older if ours else at_older


def expiry(expires_at: datetime | None) -> Action:
    """Set the time after which an item may go by itself, or keep it for good."""
    return _EXPIRES_AT.remove() if expires_at is None else _EXPIRES_AT.set(_epoch(expires_at))


def changes(before: Configuration, after: Configuration) -> list[Action]:
    """Only what differs is written, so that attributes that we don't know survive, inside the tickers too."""
    return [
        Path(name).set(value)
        for name, value in _attributes(after).items()
        if getattr(after, name) != getattr(before, name)
    ]


def encoded(configuration: Configuration) -> RawItem:
    """The item for a configuration that is new."""
    pk, sk = key(configuration.user_id, configuration.config_id)
    item: dict[str, Attribute] = {
        "PK": {"S": pk},
        "SK": {"S": sk},
        "config_id": {"S": configuration.config_id},
        "user_id": {"S": configuration.user_id},
        "entity_type": {"S": "CONFIGURATION"},
        "status": {"S": "active"},
        "is_active": {"BOOL": True},
        **_attributes(configuration),
    }
    if configuration.expires_at is not None:
        item["expires_at"] = _epoch(configuration.expires_at)
    return item


def is_deleted(raw: RawItem) -> bool:
    """What `IS_DELETED` says of an item that was read."""
    return raw.get("status") == {"S": "inactive"} or raw.get("is_active") == {"BOOL": False}


def decoded(raw: RawItem | None) -> Configuration:
    """The configuration in an item. Raises NotFound for none or a deleted one, ServiceError for a malformed one."""
    if raw is None or is_deleted(raw):
        raise NotFound
    try:
        return _configuration(raw)
    except (ValueError, OverflowError, OSError) as error:  # the last two, of times that no clock shows
        remedy = f"Repair or delete the item whose SK is {raw['SK']['S']}."
        raise ServiceError(ErrorKind.PERMANENT, "UnreadableItem", remedy=remedy) from error


def _configuration(raw: RawItem) -> Configuration:
    created_at, updated_at = _moment(_value(raw, "created_at", "S")), _value(raw, "updated_at", "S")
    timeframe_days, expires_at = (float(_optional(raw, name, "N") or 0) for name in ("timeframe_days", "expires_at"))
    return Configuration(
        config_id=_value(raw, "config_id", "S"),
        user_id=_value(raw, "user_id", "S"),
        name=_value(raw, "name", "S"),
        tickers=tuple(_watched(ticker, created_at) for ticker in _value(raw, "tickers", "L")),
        timeframe_days=int(timeframe_days) or DEFAULT_TIMEFRAME_DAYS,
        include_extended_hours=bool(_optional(raw, "include_extended_hours", "BOOL")),
        created_at=created_at,
        updated_at=_moment(updated_at),
        revision=_optional(raw, "revision", "S") or f"{_WITHOUT_REVISION}{updated_at}",
        request_fingerprint=_optional(raw, "request_fingerprint", "S"),
        expires_at=datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
    )


def _watched(ticker: Attribute, created_at: datetime) -> WatchedTicker:
    raw = _value({"ticker": ticker}, "ticker", "M")
    added_at = _optional(raw, "added_at", "S")
    return WatchedTicker(
        Ticker(_value(raw, "symbol", "S"), _value(raw, "name", "S"), _value(raw, "exchange", "S")),
        _moment(added_at) if added_at else created_at,
    )


def _value(raw: RawItem, name: str, kind: str) -> Any:
    try:
        return raw[name][kind]
    except KeyError:
        raise ValueError(f"{name} is missing, or of another type than {kind}") from None


def _optional(raw: RawItem, name: str, kind: str) -> Any:
    """None for what items of an earlier service may lack, or hold as null."""
    return None if "NULL" in raw.get(name, {"NULL": True}) else _value(raw, name, kind)


def _attributes(configuration: Configuration) -> dict[str, Attribute]:
    """What tells one state of a configuration from another, but for the time it expires."""
    attributes: dict[str, Attribute] = {
        "name": {"S": configuration.name},
        "tickers": {"L": [{"M": _raw(watched)} for watched in configuration.tickers]},
        "timeframe_days": {"N": str(configuration.timeframe_days)},
        "include_extended_hours": {"BOOL": configuration.include_extended_hours},
        "created_at": {"S": _text(configuration.created_at)},
        "updated_at": {"S": _text(configuration.updated_at)},
        "revision": {"S": configuration.revision},
    }
    if configuration.request_fingerprint is not None:
        attributes["request_fingerprint"] = {"S": configuration.request_fingerprint}
    return attributes


def _raw(watched: WatchedTicker) -> RawItem:
    return {
        "symbol": {"S": watched.ticker.symbol},
        "name": {"S": watched.ticker.name},
        "exchange": {"S": watched.ticker.exchange},
        "added_at": {"S": _text(watched.added_at)},
    }


def _epoch(moment: datetime) -> Attribute:
    return {"N": str(math.ceil(moment.timestamp()))}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    """Some earlier items name no zone; they were written in UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
