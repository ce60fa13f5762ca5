"""The conversion of items to domain values and back.

Other programs write to the table too. NULL is read as absent, an attribute of another type makes only its
own item unreadable, and an update keeps the attributes that it does not change or does not know.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import Attribute, AttributeContainer
from pynamodb.exceptions import AttributeDeserializationError
from pynamodb.expressions.update import Action

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.dynamodb.models import (
    LEGACY_REVISION,
    ConfigurationItem,
    QuotaItem,
    RawItem,
    TickerMap,
    key,
)
from domain.configurations import DEFAULT_TIMEFRAME_DAYS, Configuration, WatchedTicker
from domain.errors import NotFound
from domain.events import Event
from domain.idempotency import TOMBSTONE_RETENTION, Tombstone
from domain.ports import AddResult
from domain.tickers import Ticker
from domain.times import iso_utc

log = logging.getLogger(__name__)

_UPDATABLE_FIELDS = (
    "name",
    "tickers",
    "timeframe_days",
    "include_extended_hours",
    "created_at",
    "updated_at",
    "revision",
    "request_fingerprint",
    "expires_at",
)


def to_item(configuration: Configuration, model: type[ConfigurationItem] = ConfigurationItem) -> ConfigurationItem:
    """The item of a new configuration. Raises NotFound for an id that is too long for a key."""
    return model(
        *key(configuration.user_id, configuration.config_id),
        config_id=configuration.config_id,
        user_id=configuration.user_id,
        name=configuration.name,
        tickers=[_to_map(watched) for watched in configuration.tickers],
        timeframe_days=configuration.timeframe_days,
        include_extended_hours=configuration.include_extended_hours,
        created_at=iso_utc(configuration.created_at),
        updated_at=iso_utc(configuration.updated_at),
        revision=configuration.revision,
        request_fingerprint=configuration.request_fingerprint,
        expires_at=configuration.expires_at and to_epoch(configuration.expires_at),
    )


def to_configuration(raw: RawItem | None) -> Configuration:
    """The configuration in an item. Raises NotFound for none or a deleted one, ServiceError for an unreadable one."""
    if raw is None or is_deleted(raw):
        raise NotFound
    try:
        return _to_configuration(ConfigurationItem.from_raw_data(dict(raw)))
    except (AttributeDeserializationError, ValueError, OverflowError, OSError) as error:
        remedy = f"Repair or delete the item whose SK is {raw['SK']['S']}."
        raise ServiceError(ErrorKind.PERMANENT, "UnreadableItem", remedy=remedy) from error


def readable(items: Iterable[RawItem]) -> Iterator[Configuration]:
    """The configurations in the items. One that cannot be read is logged and left out, as are deleted ones."""
    for raw in items:
        try:
            yield to_configuration(raw)
        except NotFound:
            continue
        except ServiceError as error:
            extra = {"event": Event.ITEM_UNREADABLE, "cause": str(error.__cause__), "remedy": error.remedy}
            log.error("unreadable item left out", extra=extra)  # noqa: TRY400 the cause is logged, a trace adds nothing


def is_deleted(raw: RawItem) -> bool:
    """Whether it is a tombstone, or an older service has deleted the configuration: the condition `IS_DELETED`."""
    return raw.get("status") == {"S": "inactive"} or raw.get("is_active") == {"BOOL": False}


def to_tombstone(raw: RawItem) -> Tombstone | None:
    """The tombstone in an item; None if the item is not one, or malformed."""
    try:
        return Tombstone(
            config_id=raw["SK"]["S"].partition("#")[2],
            request_fingerprint=raw["request_fingerprint"]["S"],
            deleted_at=_to_time(raw["deleted_at"]["S"]),
            expires_at=datetime.fromtimestamp(float(raw["expires_at"]["N"]), UTC),
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def find_replay(raw: RawItem | None, request_fingerprint: str | None, *, now: datetime) -> AddResult | None:
    """What a create gets if `raw` has its key; None if the key is free."""
    if raw is not None and not is_deleted(raw):
        return AddResult.replay(to_configuration(raw), request_fingerprint)
    tombstone = to_tombstone(raw or {})
    if tombstone is not None and not tombstone.is_expired(now):
        tombstone.refuse(request_fingerprint)
    return None


def tombstone_actions(deleted_at: datetime) -> list[Action]:
    """Turn a configuration into a tombstone. Only the attributes of the tombstone and unknown ones stay."""
    item = ConfigurationItem
    kept = {"PK", "SK", "status", "is_active", "request_fingerprint", "deleted_at", "expires_at"}
    return [
        item.status.set("inactive"),
        item.is_active.set(False),
        item.deleted_at.set(iso_utc(deleted_at)),
        item.expires_at.set(to_epoch(deleted_at + TOMBSTONE_RETENTION)),
        *(attribute.remove() for name, attribute in item.get_attributes().items() if name not in kept),
    ]


def read_integer(raw: RawItem, name: str) -> int | None:
    """A number, rounded down. None if it is absent or of another type."""
    return math.floor(float(raw[name]["N"])) if "N" in raw.get(name, {}) else None


def has_valid_count(quota: RawItem) -> bool:
    """Whether count and version of a quota item are numbers or missing. No write accepts NULL or another type."""
    return all("N" in quota.get(name, {"N": "0"}) for name in ("config_count", "version"))


def update_actions(before: Configuration, after: Configuration) -> list[Action]:
    """Write the attributes that differ."""
    item, attributes = to_item(after), ConfigurationItem.get_attributes()
    changed = [name for name in _UPDATABLE_FIELDS if getattr(after, name) != getattr(before, name)]
    return [_set_or_remove(attributes[name], getattr(item, name)) for name in changed]


def quota_expiry_actions(expires_at: datetime | None) -> list[Action]:
    """Let the quota item live as long as the configuration that is created, or forever (None)."""
    if expires_at is None:
        return [QuotaItem.expires_at.remove(), QuotaItem.complete_until.remove()]
    time = to_epoch(expires_at)
    return [QuotaItem.expires_at.set(time), QuotaItem.complete_until.set(QuotaItem.complete_until | time)]


def repair_actions(quota: RawItem, stored: int) -> list[Action]:
    """Set the count of `quota`, an item that was read, to `stored`, and give it a new and valid version."""
    version = QuotaItem.version
    has_valid_version = "N" in quota.get("version", {"N": "0"})
    return [QuotaItem.config_count.set(stored), version.add(1) if has_valid_version else version.set(1)]


def _set_or_remove(attribute: Attribute[Any], value: Any) -> Action:
    return attribute.remove() if value is None else attribute.set(value)


def _to_map(watched: WatchedTicker) -> TickerMap:
    return TickerMap(  # type: ignore[no-untyped-call]  # PynamoDB does not annotate it
        symbol=watched.ticker.symbol,
        name=watched.ticker.name,
        exchange=watched.ticker.exchange,
        added_at=iso_utc(watched.added_at),
    )


def to_epoch(moment: datetime) -> int:
    """Seconds since 1970, rounded up."""
    return math.ceil(moment.timestamp())


def _to_configuration(item: ConfigurationItem) -> Configuration:
    _require(item, "name", "tickers", "created_at", "updated_at")
    created_at = _to_time(item.created_at)
    return Configuration(
        # The keys are decisive: they are never NULL, and the item was found by them.
        config_id=item.SK.partition("#")[2],
        user_id=item.PK.partition("#")[2],
        name=item.name,
        tickers=tuple(_to_watched(ticker, created_at) for ticker in item.tickers),
        timeframe_days=int(item.timeframe_days or 0) or DEFAULT_TIMEFRAME_DAYS,
        include_extended_hours=bool(item.include_extended_hours),
        created_at=created_at,
        updated_at=_to_time(item.updated_at),
        revision=item.revision or f"{LEGACY_REVISION}{item.updated_at}",
        request_fingerprint=item.request_fingerprint,
        # Rounded up as it is written: another program may store a fraction.
        expires_at=datetime.fromtimestamp(math.ceil(item.expires_at), UTC) if item.expires_at else None,
    )


def _to_watched(ticker: TickerMap, created_at: datetime) -> WatchedTicker:
    _require(ticker, "symbol", "name", "exchange")
    return WatchedTicker(
        Ticker(ticker.symbol, ticker.name, ticker.exchange),
        _to_time(ticker.added_at) if ticker.added_at else created_at,
    )


def _require(container: AttributeContainer | None, *names: str) -> None:
    # A NULL in the list of tickers is None.
    for name in names:
        if getattr(container, name, None) is None:
            raise ValueError(f"{name} is missing")


def _to_time(text: str) -> datetime:
    # Times without a zone, of older items, are in UTC.
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
