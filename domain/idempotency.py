"""Idempotent creates: ids derived from idempotency keys, and tombstones, which remember a key after a delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.configurations import Configuration
from domain.errors import DeletedSince, IdempotencyKeyReused

TOMBSTONE_RETENTION = timedelta(hours=24)
"""How long a deleted configuration's idempotency key is remembered (contract §1)."""

_NAME_BASED = 5
"""The UUID version of derived ids (RFC 9562 §5.5). Other ids are random (version 4)."""


def config_id_for(user_id: str, idempotency_key: str) -> str:
    """The id of the configuration that the user creates with this key: the same for every repeat."""
    return str(uuid5(NAMESPACE_URL, f"{user_id}\n{idempotency_key}"))


def is_derived_from_key(config_id: str) -> bool:
    """Whether the configuration was created with an idempotency key."""
    try:
        return UUID(config_id).version == _NAME_BASED
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What a delete leaves of a configuration that was created with an idempotency key."""

    config_id: str
    request_fingerprint: str
    deleted_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, configuration: Configuration, *, deleted_at: datetime) -> Tombstone | None:
        """The tombstone of a deleted configuration; None if it was created without a key."""
        return cls.of_create(configuration.config_id, configuration.request_fingerprint, deleted_at=deleted_at)

    @classmethod
    def of_create(cls, config_id: str, request_fingerprint: str | None, *, deleted_at: datetime) -> Tombstone | None:
        """The tombstone of what a create made; None if the create had no key."""
        if request_fingerprint is None or not is_derived_from_key(config_id):
            return None
        return cls(config_id, request_fingerprint, deleted_at, deleted_at + TOMBSTONE_RETENTION)

    def is_expired(self, now: datetime) -> bool:
        """Whether the key is free again, even if the tombstone is still stored."""
        return self.expires_at <= now

    def refuse(self, request_fingerprint: str | None) -> NoReturn:
        """Refuse a create with the same key. Raises DeletedSince, or IdempotencyKeyReused for another request."""
        if self.request_fingerprint != request_fingerprint:
            raise IdempotencyKeyReused
        raise DeletedSince(self.config_id, self.deleted_at)
