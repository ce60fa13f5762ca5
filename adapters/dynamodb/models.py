"""The DynamoDB table: its items as PynamoDB models, the keys, and the named conditions of writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from domain.errors import NotFound

RawItem = Mapping[str, Any]
"""An item as botocore returns it: `{"name": {"S": "Tech"}, …}`."""

CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.0
"""Seconds. DynamoDB responds in milliseconds: another attempt helps more than a longer wait."""

MAX_SORT_KEY_BYTES = 1024
"""In UTF-8 ("Constraints" in the DynamoDB developer guide)."""

KEYS: Mapping[str, Literal["HASH", "RANGE"]] = {"PK": "HASH", "SK": "RANGE"}
"""The key attributes of the table, all strings, and their roles."""

QUOTA = "QUOTA"
"""The sort key of a user's quota item."""
CONFIGURATION = "CONFIG#"
"""The prefix of the sort keys of configurations."""
USER = "USER#"
"""The prefix of the partition keys of users."""

LEGACY_REVISION = "0-"
"""The prefix of the revisions of items without one; the time of the last update follows."""


class _NotRead:
    """An attribute that is written for other programs and not read: a wrong type does no harm."""

    attr_type: str

    def get_value(self, value: dict[str, Any]) -> Any:
        return value.get(self.attr_type)

    def deserialize(self, value: Any) -> Any:
        return value


class _NotReadText(_NotRead, UnicodeAttribute):
    pass


class _NotReadBoolean(_NotRead, BooleanAttribute):
    pass


class TickerMap(MapAttribute[str, Any]):
    """A ticker of a configuration. `added_at` is an ISO 8601 time; older items may lack it."""

    symbol = UnicodeAttribute()
    name = UnicodeAttribute()
    exchange = UnicodeAttribute()
    added_at = UnicodeAttribute(null=True)


class ConfigurationItem(Model):
    """A configuration. Times are ISO 8601 strings, `expires_at` is in seconds since 1970 (time to live).

    Items of older services have no `revision`, `request_fingerprint` and `expires_at`. A tombstone is an item with
    `deleted_at`, and of the other attributes only `status`, `is_active`, `request_fingerprint` and `expires_at`.
    """

    PK = UnicodeAttribute(hash_key=True)
    SK = UnicodeAttribute(range_key=True)
    config_id = _NotReadText()
    user_id = _NotReadText()
    entity_type = _NotReadText(default_for_new="CONFIGURATION")
    status = _NotReadText(default_for_new="active")
    is_active = _NotReadBoolean(default_for_new=True)
    name = UnicodeAttribute()
    tickers = ListAttribute(of=TickerMap)
    timeframe_days = NumberAttribute(null=True)
    include_extended_hours = BooleanAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    revision = UnicodeAttribute(null=True)
    request_fingerprint = UnicodeAttribute(null=True)
    deleted_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class CopiedItem(ConfigurationItem):
    """A configuration that is written under another user's key, with attributes that the model does not know too."""

    source: RawItem

    @classmethod
    def of(cls, source: RawItem, user_id: str) -> CopiedItem:
        """The item `source` under the key of the user, without a time to live."""
        copy = cls(partition(user_id), source["SK"]["S"])
        copy.source = source
        return copy

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:  # noqa: ARG002, FBT001, FBT002 - PynamoDB's signature
        """The attributes to write."""
        user_id = self.PK.removeprefix(USER)
        keys = {"PK": {"S": self.PK}, "user_id": {"S": user_id}}
        return {name: value for name, value in self.source.items() if name != "expires_at"} | keys


class QuotaItem(Model):
    """The number of a user's configurations; absent means 0. `version` grows with each create and delete.

    `expires_at` is that of the configuration that expires last, `complete_until` a time before which none expires.
    """

    PK = UnicodeAttribute(hash_key=True)
    SK = UnicodeAttribute(range_key=True)
    config_count = NumberAttribute(null=True)
    version = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    complete_until = NumberAttribute(null=True)


class Models(NamedTuple):
    """The models, bound to a table."""

    configuration: type[ConfigurationItem]
    copy: type[CopiedItem]
    quota: type[QuotaItem]


def bind(table: str) -> Models:
    """The models for `table`. They build requests, and `TableClient` sends them."""

    class Meta:
        table_name = table
        max_retry_attempts = 0
        connect_timeout_seconds = CONNECT_TIMEOUT
        read_timeout_seconds = READ_TIMEOUT

    return Models(
        type("ConfigurationItem", (ConfigurationItem,), {"Meta": Meta}),
        type("CopiedItem", (CopiedItem,), {"Meta": Meta}),
        type("QuotaItem", (QuotaItem,), {"Meta": Meta}),
    )


def partition(user_id: str) -> str:
    """The partition key of all items of a user."""
    return f"{USER}{user_id}"


def key(user_id: str, config_id: str) -> tuple[str, str]:
    """The key of a configuration. Raises NotFound for an id that is too long for a key."""
    sort_key = f"{CONFIGURATION}{config_id}"
    if len(sort_key.encode()) > MAX_SORT_KEY_BYTES:
        raise NotFound
    return partition(user_id), sort_key


# --- conditions -------------------------------------------------------------------------------------------------------

IS_DELETED: Condition = (ConfigurationItem.status == "inactive") | (ConfigurationItem.is_active == False)  # noqa: E712 builds an expression
"""The item is a tombstone, or an older service has deleted the configuration. For an item that was read:
`items.is_deleted`."""

IS_STORED: Condition = ConfigurationItem.PK.exists() & ~IS_DELETED
_REVISION_IS_ABSENT: Condition = ConfigurationItem.revision.does_not_exist() | Path("revision").is_type("NULL")
IS_CONFIGURATION: Condition = ConfigurationItem.SK.startswith(CONFIGURATION)

# A write to a count or a version of another type would be invalid. The conditions below refuse it instead, also
# where only the version is malformed: a comparison with a value of another type is false.
_VERSION_IS_VALID: Condition = QuotaItem.version.does_not_exist() | Path("version").is_type("N")
_COUNT_IS_ABSENT: Condition = QuotaItem.config_count.does_not_exist()

COUNT_IS_POSITIVE: Condition = (QuotaItem.config_count > 0) & _VERSION_IS_VALID
COUNT_IS_ZERO: Condition = (_COUNT_IS_ABSENT | (QuotaItem.config_count < 1)) & _VERSION_IS_VALID


def key_is_free(now: int) -> Condition:
    """No configuration and no unexpired tombstone has the key. `now`: seconds since 1970."""
    # A deleted item of an older service, and a malformed tombstone, leave the key free.
    is_no_tombstone: Condition = (
        ~Path("deleted_at").is_type("S")
        | ~Path("request_fingerprint").is_type("S")
        | ~Path("expires_at").is_type("N")
        | (ConfigurationItem.expires_at <= now)
    )
    free: Condition = ConfigurationItem.PK.does_not_exist() | (IS_DELETED & is_no_tombstone)
    return free


def count_is_below(limit: int) -> Condition:
    """The user has fewer configurations than the limit."""
    below: Condition = QuotaItem.config_count < limit
    if limit > 0:
        below |= _COUNT_IS_ABSENT
    below &= _VERSION_IS_VALID
    return below


def has_revision(*revisions: str) -> Condition:
    """The configuration has one of the revisions. An older item without one is compared by its last update."""
    legacy = [each.removeprefix(LEGACY_REVISION) for each in revisions if each.startswith(LEGACY_REVISION)]
    current = [each for each in revisions if not each.startswith(LEGACY_REVISION)]
    has_current: Condition = ConfigurationItem.revision.is_in(*current)
    has_legacy: Condition = _REVISION_IS_ABSENT & ConfigurationItem.updated_at.is_in(*legacy)
    # IN needs at least one value.
    if not legacy:
        return has_current
    return has_current | has_legacy if current else has_legacy


def expires_before(expires_at: int) -> Condition:
    """The item expires, and earlier. One that does not exist does not expire. `expires_at`: seconds since 1970."""
    earlier: Condition = ConfigurationItem.expires_at < expires_at
    return earlier


def quota_is_unchanged(quota: RawItem) -> Condition:
    """The attributes of the quota item are, in value and type, those of `quota`, an item that was read."""
    unchanged: Condition = _is_unchanged("config_count", quota) & _is_unchanged("version", quota)
    unchanged &= _is_unchanged("expires_at", quota)
    return unchanged


def _is_unchanged(name: str, item: RawItem) -> Condition:
    return Path(name) == item[name] if name in item else Path(name).does_not_exist()
