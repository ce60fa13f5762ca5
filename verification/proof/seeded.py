"""The seeded defects, and the scenarios in which an instrument must detect them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from verification.proof.defects import (
    Entry,
    adding,
    count_read_before,
    count_then_put,
    deleted_without_tombstone,
    expires_at_once,
    forgets_fingerprint,
    key_is_free_after_delete,
    new_id_for_each_attempt,
    new_token_for_each_attempt,
    not_atomic,
    of_adoption,
    on_errors,
    on_parameters,
    on_transactions,
    retried_by_the_client,
    tombstone,
    without_condition,
)
from verification.proof.linearizability import Operation
from verification.simulation.operations import ADOPT, Plan, create, delete, get, of_member, update
from verification.simulation.programs import Defect
from verification.simulation.requests import Parameters

Clients = tuple[tuple[Operation, ...], ...]

ONE_PLACE: Clients = ((create("b"),), (create("c"),))
SAME_KEY: Clients = ((create("b"),), (create("b"),))
REPLAY: Clients = ((create("a"),),)
ONE_CREATE: Clients = ((create("b"),),)
ONE_DELETE: Clients = ((delete("a"),),)
TWO_DELETES: Clients = ((delete("a"),), (delete("a"),))
TWO_UPDATES: Clients = ((update("a", expected="0"),), (update("a", expected="0"),))
UPDATE_AND_DELETE: Clients = ((update("a"),), (delete("a"),))

LATE_DUPLICATE: Clients = ((create("b"), delete("b"), create("b")),)
OTHER_BODY: Clients = ((delete("a"), create("a", body="other")),)

FULL_MEMBER: Clients = ((ADOPT,), (of_member(create("b")), of_member(create("c"))))
ADOPT_AND_UPDATE: Clients = ((ADOPT,), (update("a"),))
ADOPT_AND_CREATE: Clients = ((ADOPT,), (create("b"),))
ONE_ADOPTION: Clients = ((ADOPT,),)

LOST = {"lost_responses": 1}


@dataclass(frozen=True)
class Seeded:
    """A defect with a scenario that shows it; `a` is stored, and the limit leaves one place."""

    name: str
    defect: Defect
    clients: Clients
    troubles: Mapping[str, Any] = field(default_factory=dict)

    def plan(self) -> Plan:
        """The scenario."""
        return Plan(self.name, self.clients, 2, (create("a"),), {"conflicts": 1} | dict(self.troubles))


def _refused(error: Exception, first: str, second: str) -> None:
    reasons = [{"Code": first}, {"Code": second}]
    response = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    raise ClientError(response, "TransactWriteItems") from error  # type: ignore[arg-type]  # with reasons


def _lost_is_refusal(error: Exception, _: Parameters) -> None:
    if isinstance(error, ReadTimeoutError):
        _refused(error, "None", "ConditionalCheckFailed")


def _lost_is_success(error: Exception, _: Parameters) -> dict[str, Any] | None:
    return {} if isinstance(error, ReadTimeoutError) else None


def _has_reason(error: Exception, code: str) -> bool:
    return isinstance(error, ClientError) and any(
        reason["Code"] == code for reason in error.response.get("CancellationReasons", ())
    )


def _conflict_is_success(error: Exception, _: Parameters) -> dict[str, Any] | None:
    return {} if _has_reason(error, "TransactionConflict") else None


def _conflict_is_refusal(error: Exception, _: Parameters) -> None:
    if _has_reason(error, "TransactionConflict"):
        _refused(error, "None", "ConditionalCheckFailed")


def _failed_condition_is_success(error: Exception, _: Parameters) -> dict[str, Any] | None:
    return {} if _has_reason(error, "ConditionalCheckFailed") else None


def _replayed(name: str) -> Defect:
    """A replay has an attribute of the request instead of the stored one."""

    def answer(error: Exception, parameters: Parameters) -> None:
        puts = [entry["Put"]["Item"] for entry in parameters["TransactItems"] if "Put" in entry]
        response: Any = error.response if isinstance(error, ClientError) else {}
        for reason in response.get("CancellationReasons", ()):
            if "Item" in reason and puts:
                reason["Item"][name] = puts[0][name]

    return on_errors(answer)


def _without_token(parameters: dict[str, Any]) -> None:
    parameters.pop("ClientRequestToken", None)


def _inconsistent(parameters: dict[str, Any]) -> None:
    parameters["ConsistentRead"] = False


def _only(*keys: str) -> Defect:
    """A transaction lacks the actions on other sort keys."""

    def change(entries: list[Entry]) -> None:
        def key(entry: Entry) -> str:
            ((_, action),) = entry.items()
            sort_key: str = (action.get("Key") or action["Item"])["SK"]["S"]
            return sort_key

        entries[:] = [entry for entry in entries if key(entry).startswith(keys)]

    return on_transactions(change)


def _less_or_equal(entries: list[Entry]) -> None:
    for entry in entries:
        for action in entry.values():
            if "Key" in action and action["Key"]["SK"]["S"] == "QUOTA":
                action["ConditionExpression"] = action["ConditionExpression"].replace(" < ", " <= ")


SEEDED = (
    Seeded("count first, put later: the transaction does not compare the count", count_then_put, ONE_PLACE),
    Seeded("the count is set to what an earlier read showed, plus one", count_read_before, ONE_PLACE),
    Seeded("a create does not compare the count with the limit", without_condition("QUOTA"), ONE_PLACE),
    Seeded("the count may be equal to the limit", on_transactions(_less_or_equal), ONE_PLACE),
    Seeded("a create does not count", adding(0, when=lambda number: number > 0), ONE_CREATE),
    Seeded("a create counts twice", adding(2, when=lambda number: number > 0), ONE_CREATE),
    Seeded("a delete does not count", adding(0, when=lambda number: number < 0), ONE_DELETE),
    Seeded("a delete counts up", adding(-1, when=lambda number: number < 0), ONE_DELETE),
    Seeded("a create writes the count only", _only("QUOTA"), ONE_CREATE),
    Seeded("a create writes the item only", _only("CONFIG"), ONE_CREATE),
    Seeded("a put does not require a free key", without_condition("CONFIG", kinds=("Put",)), SAME_KEY),
    Seeded(
        "a delete does not require the item, and counts below zero",
        without_condition("CONFIG", kinds=("Delete", "Update"), together=2),
        TWO_DELETES,
    ),
    Seeded("an update does not require its revision", without_condition("CONFIG", together=1), TWO_UPDATES),
    Seeded(
        "an update does not require that the item is stored", without_condition("CONFIG", together=1), UPDATE_AND_DELETE
    ),
    Seeded(
        "a delete ignores the expected revision",
        without_condition("CONFIG", kinds=("Delete", "Update"), together=2),
        ((delete("a", expected="0"),), (update("a"),)),
    ),
    Seeded("no client request token", on_parameters("TransactWriteItems", _without_token), UPDATE_AND_DELETE, LOST),
    Seeded("a new token for each attempt", new_token_for_each_attempt, UPDATE_AND_DELETE, LOST),
    Seeded("a new id for each attempt", new_id_for_each_attempt, ONE_CREATE, LOST),
    Seeded("a lost response is taken for a refusal", on_errors(_lost_is_refusal), ONE_CREATE, LOST),
    Seeded("a lost response is taken for success", on_errors(_lost_is_success), ONE_CREATE, LOST),
    Seeded("a conflict is taken for success", on_errors(_conflict_is_success), TWO_UPDATES),
    Seeded("a conflict is taken for the limit", on_errors(_conflict_is_refusal), ((create("b"),), (delete("a"),))),
    Seeded("a failed condition is taken for success", on_errors(_failed_condition_is_success), SAME_KEY),
    Seeded("a replay shows what the request brought", _replayed("revision"), ((create("b"),), (create("b"),))),
    Seeded("a reused key is taken for a replay", _replayed("request_fingerprint"), ((create("a", body="other"),),)),
    Seeded(
        "a read is eventually consistent",
        on_parameters("GetItem", _inconsistent),
        ((update("a"), get("a")),),
        {"stale_reads": True},
    ),
    Seeded("a key is free after a delete", on_transactions(key_is_free_after_delete), LATE_DUPLICATE),
    Seeded("a delete leaves no tombstone", on_transactions(deleted_without_tombstone), LATE_DUPLICATE),
    Seeded("a tombstone expires at once", tombstone(expires_at_once), LATE_DUPLICATE),
    Seeded("a tombstone has no fingerprint", tombstone(forgets_fingerprint), LATE_DUPLICATE),
    Seeded("a reused key is taken for a late duplicate", _replayed("request_fingerprint"), OTHER_BODY),
    Seeded("two retry layers", retried_by_the_client, ((create("b"), delete("b")), (create("c"),)), LOST),
    Seeded(
        "an adoption does not compare the member's count", of_adoption("bob", "QUOTA", condition_only=True), FULL_MEMBER
    ),
    Seeded(
        "an adoption does not require the revision",
        of_adoption("ann", "CONFIG", condition_only=True),
        ADOPT_AND_UPDATE,
    ),
    Seeded(
        "an adoption does not require that the anonymous user's count is unchanged",
        of_adoption("ann", "QUOTA", condition_only=True),
        ADOPT_AND_CREATE,
    ),
    Seeded("an adoption copies without a delete", of_adoption("ann", "CONFIG", condition_only=False), ONE_ADOPTION),
    Seeded("an adoption changes the member only", of_adoption("ann", "", condition_only=False), ONE_ADOPTION),
    Seeded("an adoption does not count", of_adoption("bob", "QUOTA", condition_only=False), ONE_ADOPTION),
    Seeded("an adoption with a new token for each attempt", new_token_for_each_attempt, ONE_ADOPTION, LOST),
    Seeded("an adoption leaves no tombstone", on_transactions(deleted_without_tombstone), ((ADOPT, create("a")),)),
    Seeded("creates are two writes, the count first", not_atomic("QUOTA", "CONFIG"), ONE_CREATE),
    Seeded("creates are two writes, the item first", not_atomic("CONFIG", "QUOTA"), ONE_CREATE),
)
