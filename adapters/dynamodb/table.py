"""The DynamoDB table as its operators know it: made, examined, and its counts set right.

Commands have time: here botocore's own retries and longer timeouts are on, and nothing else retries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.aws.errors import AWS_ERRORS, ErrorKind, classify_dynamodb_error
from adapters.aws.retry import Sleep
from adapters.dynamodb.models import CONFIGURATION, QUOTA, RawItem, is_deleted, partition
from domain.errors import StoreUnavailable
from domain.operations import Finding, Quota
from domain.ports import Clock

TTL_ATTRIBUTE = "expires_at"
KEYS: Mapping[str, Literal["HASH", "RANGE"]] = {"PK": "HASH", "SK": "RANGE"}
LARGEST_SKEW = timedelta(minutes=1)
"""AWS refuses signatures that are five minutes off, and tokens would live too long or too short before that."""

_ROUNDS = 10
"""How often a repair tries to meet a user who is doing nothing."""
_POLL, _POLLS = 0.5, 120
"""How often a table in the making is looked at, in seconds, and how many times."""
_PERSON = partition("")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What one look at a user's items showed; `is_over` if all of it only waits for DynamoDB to delete it."""

    version: int | None
    counted: int | None
    stored: frozenset[str]
    expires_at: int | None
    is_over: bool


class DynamoDBTable:
    """A Table. `region` is botocore's own setting where it is not given."""

    def __init__(self, name: str, *, clock: Clock, sleep: Sleep, region: str | None = None) -> None:
        config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self._client = boto3.client("dynamodb", region_name=region, config=config)

    def provision(self) -> Iterator[str]:
        """See Table. On demand, with time to live, and point-in-time recovery where the engine has it."""
        with _explained():
            description = self._describe()
            if description is None:
                self._create()
                yield f"Made the table {self._name}, on demand."
            elif wrong := _wrong_keys(description):
                raise StoreUnavailable(
                    f"{self._name} {wrong}. Choose another CONFIG_API_TABLE.", retry_after=timedelta()
                )
            else:
                yield f"The table {self._name} is there."
            yield self._keep_no_longer_than_needed()
            yield self._keep_recoverable()

    def examine(self) -> Iterator[Finding]:
        """See Table. Permissions are tried with a transaction whose conditions cannot hold."""
        try:
            response = self._client.describe_table(TableName=self._name)
        except AWS_ERRORS as error:
            fault = classify_dynamodb_error(error)
            remedy = fault.remedy or "Is the endpoint right (AWS_ENDPOINT_URL_DYNAMODB), and can it be reached?"
            yield Finding("table", f"{self._name} cannot be described: {error}", remedy)
            return
        description = response["Table"]
        yield Finding("table", f"{self._name} is {description['TableStatus'].lower()}.")
        wrong = _wrong_keys(description)
        yield Finding("keys", wrong or "PK and SK, both strings.", wrong and "Choose another CONFIG_API_TABLE.")
        yield self._finding("time to live", self._lives_shortly, "Abandoned data would stay. Run `provision`.")
        yield self._finding("recovery", self._is_recoverable, "A mistake could not be undone. Run `provision`.")
        yield self._permissions()
        yield self._time(response["ResponseMetadata"]["HTTPHeaders"].get("date"))

    def size(self) -> int:
        """See Table. DynamoDB counts every six hours."""
        with _explained():
            items: int = self._client.describe_table(TableName=self._name)["Table"]["ItemCount"]
            return items

    def quotas(self) -> Iterator[Quota]:
        """See Table. A scan is cheap and may be torn: whoever seems to drift is looked at again, by a consistent query.

        The items of one user come one after the other. Should an engine ever mix them up, that costs another look.
        """
        with _explained():
            for key, items in groupby(self._scan(), key=itemgetter("PK")):
                quota = self._quota(key["S"], self._snapshot(items))
                yield self._quota(key["S"], self._steady(key["S"])) if quota.drifts else quota

    def repair(self, user_id: str) -> Quota:
        """See Table. The write holds only if the count's version is still the one seen while counting."""
        key = partition(user_id)
        with _explained():
            for round_ in range(_ROUNDS):
                seen = self._steady(key)
                quota = self._quota(key, seen)
                if not quota.drifts:
                    break
                if not self._write(key, seen):
                    self._sleep(0.1 * (round_ + 1))
            return quota

    def _describe(self) -> Mapping[str, Any] | None:
        try:
            return self._client.describe_table(TableName=self._name)["Table"]
        except self._client.exceptions.ResourceNotFoundException:
            return None

    def _create(self) -> None:
        with suppress(self._client.exceptions.ResourceInUseException):  # somebody else is making it right now
            self._client.create_table(
                TableName=self._name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS.items()],
            )
        self._until(lambda: (self._describe() or {}).get("TableStatus") == "ACTIVE")

    def _keep_no_longer_than_needed(self) -> str:
        if self._lives_shortly():
            return "Time to live is on."
        self._client.update_time_to_live(
            TableName=self._name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
        return f"Switched time to live on, by {TTL_ATTRIBUTE}."

    def _lives_shortly(self) -> bool:
        ttl = self._client.describe_time_to_live(TableName=self._name)["TimeToLiveDescription"]
        return ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"} and ttl["AttributeName"] == TTL_ATTRIBUTE

    def _keep_recoverable(self) -> str:
        try:
            if self._is_recoverable():
                return "Point-in-time recovery is on."
            self._until(self._switch_recovery_on)
        except ClientError as error:
            if not _is_unknown(error):
                raise
            return "This engine has no point-in-time recovery."
        return "Switched point-in-time recovery on."

    def _switch_recovery_on(self) -> bool:
        try:
            self._client.update_continuous_backups(
                TableName=self._name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        except self._client.exceptions.ContinuousBackupsUnavailableException:
            return False  # not yet, for a table that was made a moment ago
        return True

    def _is_recoverable(self) -> bool:
        backups = self._client.describe_continuous_backups(TableName=self._name)["ContinuousBackupsDescription"]
        status: str = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "")
        return status == "ENABLED"

    def _until(self, done: Callable[[], bool]) -> None:
        for _ in range(_POLLS):
            if done():
                return
            self._sleep(_POLL)
        raise StoreUnavailable(f"{self._name} is still in the making. Try again later.", retry_after=timedelta())

    def _finding(self, subject: str, look: Callable[[], bool], remedy: str) -> Finding:
        try:
            on = look()
        except ClientError as error:
            if _is_unknown(error):
                return Finding(subject, "This engine has none.")
            return Finding(subject, str(error), classify_dynamodb_error(error).remedy or "Try again.")
        return Finding(subject, "on" if on else "off", None if on else remedy)

    def _permissions(self) -> Finding:
        """Everything a request needs, on keys that nobody has and on conditions that cannot hold."""

        def nobody(number: int) -> dict[str, Any]:
            key = {"PK": {"S": "HEALTH"}, "SK": {"S": f"HEALTH#{number}"}}
            return {"TableName": self._name, "ConditionExpression": "attribute_exists(PK)", "Key": key}

        put = nobody(1)
        put["Item"] = put.pop("Key")
        update = nobody(2) | {"UpdateExpression": "REMOVE nothing"}
        try:
            self._client.get_item(TableName=self._name, Key=nobody(0)["Key"])
            self._client.query(
                TableName=self._name,
                KeyConditionExpression="PK = :nobody",
                ExpressionAttributeValues={":nobody": {"S": "HEALTH"}},
            )
            self._client.transact_write_items(
                TransactItems=[{"Put": put}, {"Update": update}, {"Delete": nobody(3)}]  # type: ignore[typeddict-item]  # the shapes differ by what stands in them
            )
        except self._client.exceptions.TransactionCanceledException:
            return Finding("permissions", "Reading and writing are allowed.")
        except AWS_ERRORS as error:
            return Finding("permissions", str(error), classify_dynamodb_error(error).remedy or "Try again.")
        return Finding("permissions", "A condition that cannot hold held.", "This engine is no DynamoDB: use another.")

    def _time(self, date: str | None) -> Finding:
        if date is None:
            return Finding("clock", "This engine tells no time.")
        skew = abs(self._clock() - parsedate_to_datetime(date))
        detail = f"{skew.total_seconds():.0f} s off AWS's."
        return Finding("clock", detail, "Set the clock: run an NTP client." if skew > LARGEST_SKEW else None)

    def _scan(self) -> Iterator[RawItem]:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            ProjectionExpression="PK, SK, config_count, version, #status, is_active, expires_at",
            ExpressionAttributeNames={"#status": "status"},
        )
        for page in pages:
            yield from (item for item in page["Items"] if item["PK"].get("S", "").startswith(_PERSON))

    def _steady(self, key: str) -> _Snapshot:
        """What two looks in a row agree on: the items of one query may be from two sides of a transaction."""
        before = self._look(key)
        while (seen := self._look(key)) != before:
            before = seen
        return seen

    def _look(self, key: str) -> _Snapshot:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="PK = :user",
            ExpressionAttributeValues={":user": {"S": key}},
            ConsistentRead=True,
        )
        return self._snapshot(item for page in pages for item in page["Items"])

    def _snapshot(self, items: Iterable[RawItem]) -> _Snapshot:
        """Items whose time is over count no more, though DynamoDB takes its time to delete them."""
        now = self._clock().timestamp()
        by_key = {item["SK"]["S"]: item for item in items}
        living = {key: item for key, item in by_key.items() if _number(item, TTL_ATTRIBUTE, default=now) >= now}
        held = {key: item for key, item in living.items() if key.startswith(CONFIGURATION) and not is_deleted(item)}
        times = [_number(item, TTL_ATTRIBUTE) for item in held.values()]
        quota = by_key.get(QUOTA, {})
        return _Snapshot(
            version=_number(quota, "version"),
            counted=_number(quota, "config_count"),
            stored=frozenset(held),
            expires_at=max(times, default=None) if all(times) else None,
            is_over=not living,
        )

    def _quota(self, key: str, seen: _Snapshot) -> Quota:
        return Quota(key.removeprefix(_PERSON), 0 if seen.is_over else seen.counted or 0, len(seen.stored))

    def _write(self, key: str, seen: _Snapshot) -> bool:
        """Set the count if nothing was created or deleted since; whether it could be set."""
        values: dict[str, Any] = {":stored": {"N": str(len(seen.stored))}, ":one": {"N": "1"}}
        conditions = []
        for name, value in (("config_count", seen.counted), ("version", seen.version)):
            if value is None:
                conditions.append(f"attribute_not_exists({name})")
            else:
                conditions.append(f"{name} = :{name}")
                values[f":{name}"] = {"N": str(value)}
        setting = "SET config_count = :stored"
        if seen.expires_at is not None:
            setting += f", {TTL_ATTRIBUTE} = :time"
            values[":time"] = {"N": str(seen.expires_at)}
        try:
            self._client.update_item(
                TableName=self._name,
                Key={"PK": {"S": key}, "SK": {"S": QUOTA}},
                UpdateExpression=f"{setting} ADD version :one",
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeValues=values,
            )
        except (
            self._client.exceptions.ConditionalCheckFailedException,
            self._client.exceptions.TransactionConflictException,
        ):
            return False
        return True


@contextmanager
def _explained() -> Iterator[None]:
    """What AWS raises, with its cause and the way out, for an operator to read."""
    try:
        yield
    except AWS_ERRORS as error:
        fault = classify_dynamodb_error(error)
        advice = fault.remedy if fault.kind is ErrorKind.PERMANENT else "Try again in a moment."
        raise StoreUnavailable(f"{error}\n{advice}", retry_after=timedelta(seconds=1)) from error


def _wrong_keys(description: Mapping[str, Any]) -> str | None:
    types = {each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]}
    keys = {each["AttributeName"]: each["KeyType"] for each in description["KeySchema"]}
    if keys == KEYS and all(types[name] == "S" for name in keys):
        return None
    return f"has the keys {', '.join(f'{name} ({types[name]})' for name in keys)}, not PK (S) and SK (S)"


def _is_unknown(error: ClientError) -> bool:
    """The engine doesn't offer this operation; an emulator may not."""
    return error.response["Error"].get("Code") in {
        "UnknownOperationException",
        "UnsupportedOperation",
        "NotImplemented",
    }


def _number(item: RawItem, name: str, default: Any = None) -> Any:
    return int(float(item[name]["N"])) if name in item else default
