"""The DynamoDB table for operators: create it, examine it, and repair its counts.

Commands have time: the retries of botocore are on here, the timeouts are longer, and nothing else retries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from adapters.aws.errors import AWS_ERRORS, ErrorKind, classify_dynamodb_error
from adapters.aws.retry import Sleep
from adapters.dynamodb.client import CONDITION_FAILED, TableClient, first_two_reasons
from adapters.dynamodb.models import KEYS, QuotaItem
from adapters.dynamodb.reconciliation import Reconciliation
from domain.errors import StoreUnavailable
from domain.operations import Finding, Quota
from domain.ports import Clock

TTL_ATTRIBUTE = "expires_at"
MAX_CLOCK_SKEW = timedelta(minutes=1)
"""AWS refuses signatures that are five minutes off, and tokens would expire too early or too late before that."""

CONNECT_TIMEOUT, READ_TIMEOUT, RETRIES = 5.0, 20.0, 4

_POLL_INTERVAL, _MAX_POLLS = 0.5, 120
"""Seconds between two looks at a table that is being created, and their number."""

_ERRORS = (PynamoDBException, *AWS_ERRORS)


class DynamoDBTable:
    """A Table. Without `region`, the region is botocore's setting."""

    def __init__(self, name: str, *, clock: Clock, sleep: Sleep, region: str | None = None) -> None:
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self._admin = boto3.client(
            "dynamodb",
            region_name=region,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": 1 + RETRIES},
            ),
        )
        self._client = TableClient(
            name, region=region, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries=RETRIES
        )
        self._reconciliation = Reconciliation(self._client, clock=clock, sleep=sleep)

    # On demand, with time to live, and with point-in-time recovery if the endpoint has it.
    def provision(self) -> Iterator[str]:
        with _domain_errors():
            description = self._describe()
            if description is None:
                self._create()
                yield f"Created the table {self._name}, on demand."
            elif wrong := _wrong_keys(description):
                raise _store_unavailable(f"{self._name} {wrong}. Choose another CONFIG_API_TABLE.")
            else:
                yield f"The table {self._name} exists."
            yield self._enable_recovery()
            yield self._enable_ttl()

    def examine(self) -> Iterator[Finding]:
        try:
            response = self._admin.describe_table(TableName=self._name)
        except AWS_ERRORS as error:
            remedy = classify_dynamodb_error(error).remedy
            remedy = remedy or "Is the endpoint right (AWS_ENDPOINT_URL_DYNAMODB), and can it be reached?"
            yield Finding("table", f"{self._name} cannot be described: {error}", remedy)
            return
        description = response["Table"]
        yield Finding("table", f"{self._name} is {description['TableStatus'].lower()}.")
        wrong = _wrong_keys(description)
        yield Finding("keys", wrong or "PK and SK, both strings.", wrong and "Choose another CONFIG_API_TABLE.")
        yield self._examine("time to live", self._ttl)
        yield self._examine("recovery", self._recovery)
        yield self._permissions()
        yield self._clock_skew(response["ResponseMetadata"]["HTTPHeaders"].get("date"))

    # DynamoDB updates the number every six hours.
    def item_count(self) -> int:
        with _domain_errors():
            items: int = self._admin.describe_table(TableName=self._name)["Table"]["ItemCount"]
            return items

    def quotas(self) -> Iterator[Quota]:
        with _domain_errors():
            yield from self._reconciliation.quotas()

    def repair(self, user_id: str) -> Quota:
        with _domain_errors():
            return self._reconciliation.repair(user_id)

    def _describe(self) -> Mapping[str, Any] | None:
        try:
            return self._admin.describe_table(TableName=self._name)["Table"]
        except self._admin.exceptions.ResourceNotFoundException:
            return None

    def _create(self) -> None:
        # Another command may create it at the same time.
        with suppress(self._admin.exceptions.ResourceInUseException):
            self._admin.create_table(
                TableName=self._name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS.items()],
            )
        self._wait_until(lambda: (self._describe() or {}).get("TableStatus") == "ACTIVE")

    def _enable_ttl(self) -> str:
        finding = self._ttl()
        if finding.passed:
            return f"Time to live is enabled for {TTL_ATTRIBUTE}."
        if self._ttl_attribute() is not None:
            raise _store_unavailable(f"Time to live: {finding.detail} {finding.remedy}")
        self._admin.update_time_to_live(
            TableName=self._name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
        return f"Enabled time to live for {TTL_ATTRIBUTE}."

    def _ttl(self) -> Finding:
        attribute = self._ttl_attribute()
        if attribute == TTL_ATTRIBUTE:
            return Finding("time to live", "on")
        if attribute is None:
            return Finding("time to live", "off", "Expired data would remain. Run `provision`.")
        remedy = f"Disable it with `aws dynamodb update-time-to-live`, wait an hour, then enable {TTL_ATTRIBUTE}."
        return Finding("time to live", f"on for another attribute, {attribute}.", remedy)

    def _ttl_attribute(self) -> str | None:
        """The attribute that time to live is enabled for."""
        ttl = self._admin.describe_time_to_live(TableName=self._name)["TimeToLiveDescription"]
        return ttl["AttributeName"] if ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"} else None

    def _enable_recovery(self) -> str:
        try:
            if self._recovery().passed:
                return "Point-in-time recovery is enabled."
            self._wait_until(self._try_to_enable_recovery)
        except ClientError as error:
            if not _is_unsupported(error):
                raise
            return "This endpoint has no point-in-time recovery."
        return "Enabled point-in-time recovery."

    def _try_to_enable_recovery(self) -> bool:
        try:
            self._admin.update_continuous_backups(
                TableName=self._name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        except self._admin.exceptions.ContinuousBackupsUnavailableException:
            # A new table needs a moment.
            return False
        return True

    def _recovery(self) -> Finding:
        backups = self._admin.describe_continuous_backups(TableName=self._name)["ContinuousBackupsDescription"]
        if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED":
            return Finding("recovery", "on")
        return Finding("recovery", "off", "Deleted data could not be restored. Run `provision`.")

    def _wait_until(self, is_done: Callable[[], bool]) -> None:
        for _ in range(_MAX_POLLS):
            if is_done():
                return
            self._sleep(_POLL_INTERVAL)
        raise _store_unavailable(f"{self._name} is still being created. Try again later.")

    def _examine(self, subject: str, examine: Callable[[], Finding]) -> Finding:
        try:
            return examine()
        except ClientError as error:
            if _is_unsupported(error):
                return Finding(subject, "This endpoint does not have it.")
            return Finding(subject, str(error), classify_dynamodb_error(error).remedy or "Try again.")

    def _permissions(self) -> Finding:
        """Send each kind of request, for keys that do not exist and with conditions that fail."""
        item, exists = self._client.models.quota, QuotaItem.PK.exists()
        try:
            self._client.get("HEALTH", "HEALTH")
            self._client.query("HEALTH")
            with self._client.transaction() as transaction:
                transaction.save(item("HEALTH", "PUT"), condition=exists)
                transaction.update(item("HEALTH", "UPDATE"), [QuotaItem.version.add(1)], condition=exists)
                transaction.delete(item("HEALTH", "DELETE"), condition=exists)
        except _ERRORS as error:
            if isinstance(error, TransactWriteError) and first_two_reasons(error)[0].code == CONDITION_FAILED:
                return Finding("permissions", "Reading and writing are allowed.")
            return Finding("permissions", _cause(error), classify_dynamodb_error(error).remedy or "Try again.")
        remedy = "It is not DynamoDB, or not compatible: use another endpoint."
        return Finding("permissions", "The endpoint ignored a condition expression.", remedy)

    def _clock_skew(self, date: str | None) -> Finding:
        if date is None:
            return Finding("clock", "The endpoint does not send its time.")
        skew = abs(self._clock() - parsedate_to_datetime(date))
        detail = f"{skew.total_seconds():.0f} s off AWS's."
        return Finding("clock", detail, "Set the clock: run an NTP client." if skew > MAX_CLOCK_SKEW else None)


@contextmanager
def _domain_errors() -> Iterator[None]:
    """Raise StoreUnavailable with the cause and the remedy, for operators."""
    try:
        yield
    except _ERRORS as error:
        classified = classify_dynamodb_error(error)
        remedy = classified.remedy if classified.kind is ErrorKind.PERMANENT else "Try again in a moment."
        raise StoreUnavailable(f"{_cause(error)}\n{remedy}", retry_after=timedelta(seconds=1)) from error


def _store_unavailable(detail: str) -> StoreUnavailable:
    return StoreUnavailable(detail, retry_after=timedelta())


def _cause(error: Exception) -> str:
    # The message of a PynamoDBException does not always have the cause.
    return str(getattr(error, "cause", None) or error)


def _wrong_keys(description: Mapping[str, Any]) -> str | None:
    types = {each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]}
    keys = {each["AttributeName"]: each["KeyType"] for each in description["KeySchema"]}
    if keys == KEYS and all(types[name] == "S" for name in keys):
        return None
    return f"has the keys {', '.join(f'{name} ({types[name]})' for name in keys)}, not PK (S) and SK (S)"


def _is_unsupported(error: ClientError) -> bool:
    """Whether the endpoint, an emulator, does not have this operation."""
    code = error.response["Error"].get("Code")
    return code in {"UnknownOperationException", "UnsupportedOperation", "NotImplemented"}
