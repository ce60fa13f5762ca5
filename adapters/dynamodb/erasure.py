"""Erasure: everything that a user holds is deleted, item by item, so that it continues after a crash."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pynamodb.expressions.condition import Condition

from adapters.dynamodb.calls import Call
from adapters.dynamodb.client import TableClient
from adapters.dynamodb.items import is_deleted, to_tombstone
from adapters.dynamodb.models import CONFIGURATION, COUNT_IS_ZERO, IS_DELETED, QUOTA, RawItem, partition
from domain.errors import NotFound

Remove = Callable[[str], None]
"""Deletes a stored configuration and counts it no more. Raises NotFound."""


# The quota item goes last, with the count at 0. If nothing is left and the count is not 0, either a create is half
# committed and its item visible in the next read, or the count is wrong, which is left to `quotas reconcile`.
def erase(client: TableClient, call: Call, remove: Remove, user_id: str) -> None:
    """Delete the user's items; tombstones remain."""
    pk = partition(user_id)

    def delete(sk: str, condition: Condition) -> bool:
        return call("erase", lambda: client.delete(pk, sk, condition))

    seen: RawItem | None = None
    while True:
        items = {raw["SK"]["S"]: raw for raw in call("erase", lambda: client.query(pk)) if to_tombstone(raw) is None}
        held = [sk for sk in items if sk.startswith(CONFIGURATION)]
        if not held:
            quota = items.get(QUOTA)
            if quota == seen or delete(QUOTA, COUNT_IS_ZERO):
                return
            seen = quota
        for sk in held:
            if is_deleted(items[sk]):
                # An older service has marked it as deleted and kept its data.
                delete(sk, IS_DELETED)
            else:
                with suppress(NotFound):
                    remove(sk.removeprefix(CONFIGURATION))
