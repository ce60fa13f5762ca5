"""The extension of what an anonymous user holds, when their session is renewed."""

from __future__ import annotations

from functools import partial

from adapters.dynamodb.calls import Call
from adapters.dynamodb.client import TableClient
from adapters.dynamodb.items import is_deleted
from adapters.dynamodb.models import (
    CONFIGURATION,
    IS_STORED,
    QUOTA,
    ConfigurationItem,
    QuotaItem,
    expires_before,
    partition,
)


# Single updates instead of a transaction: half the price, and each of them is correct by itself. An item that was
# deleted since is not written, because it would come back as a stub. The quota item is the last in the order of keys.
def extend(client: TableClient, call: Call, user_id: str, time: int) -> None:
    """Let the user's items that expire earlier live until `time`, in seconds since 1970."""
    pk = partition(user_id)
    for raw in call("extend", lambda: client.query(pk)):
        sk = raw["SK"]["S"]
        if sk == QUOTA:
            actions = [QuotaItem.expires_at.set(time), QuotaItem.complete_until.set(time)]
            condition = expires_before(time)
        elif sk.startswith(CONFIGURATION) and not is_deleted(raw):
            actions = [ConfigurationItem.expires_at.set(time)]
            condition = IS_STORED & expires_before(time)
        else:
            continue
        call("extend", partial(client.update, pk, sk, actions, condition))
