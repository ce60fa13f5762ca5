"""The repair of a quota item that another program has overwritten."""

from __future__ import annotations

import logging

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.dynamodb.client import TableClient
from adapters.dynamodb.items import has_valid_count, is_deleted, repair_actions
from adapters.dynamodb.models import IS_CONFIGURATION, QuotaItem, RawItem, quota_is_unchanged
from domain.events import Event

log = logging.getLogger(__name__)


def repair_if_malformed(client: TableClient, quota: QuotaItem, raw: RawItem | None) -> None:
    """Count again if count or version of the quota item is NULL or of another type; then raise CONTENDED to try again.

    `raw` is the item as a failed condition returned it. No create and no delete can happen before the repair, because
    their conditions need a valid quota item.
    """
    if raw is None:
        # Older engines do not return the item, and there may be none.
        raw = client.get(quota.PK, quota.SK) or {}
    if has_valid_count(raw):
        return
    stored = sum(not is_deleted(each) for each in client.query(quota.PK, sort_keys=IS_CONFIGURATION))
    # If the condition fails, another request has repaired the item.
    client.update(quota.PK, quota.SK, repair_actions(raw, stored), quota_is_unchanged(raw))
    extra = {
        "event": Event.QUOTA_MALFORMED,
        "key": quota.SK,
        "remedy": "Find out which program writes to the table.",
    }
    log.error("malformed quota item repaired", extra=extra)
    raise ServiceError(ErrorKind.CONTENDED, "MalformedQuota")
