"""What an AWS call raised: which kind of fault it is, and what an operator can do about it.

One table for DynamoDB and one for S3 say it by error code. A code that is in neither is
judged by its HTTP status: 5xx may pass, 429 is a throttle, and any other 4xx will be the same
on the next try. Sources: "Common errors" and "Error handling" of the DynamoDB developer
guide, "Error responses" of the S3 API reference, and the retry rules of the AWS SDKs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 botocore's own name for a connection that could not be made
    ConnectTimeoutError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from domain.errors import Contended, StoreUnavailable, Throttled, TickersUnavailable, TryLater


class FaultKind(StrEnum):
    """How a call failed, as far as trying again is concerned."""

    THROTTLED = "throttled"
    """Refused for load; nothing happened."""
    CONTENDED = "contended"
    """Lost against a concurrent write; nothing happened."""
    TRANSIENT = "transient"
    """Failed on the way or over there; a write may or may not have happened."""
    TIMEOUT = "timeout"
    """No answer in time; a write may or may not have happened."""
    PERMANENT = "permanent"
    """The same call will fail the same way: denied, missing, malformed."""


class Fault(Exception):
    """A call that failed, with AWS's `code` and, for an operator, the `remedy` of a permanent one.

    It never leaves the adapters: `retry.py` tries again or turns it into a domain error.
    """

    def __init__(self, kind: FaultKind, code: str, *, remedy: str | None = None) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind = kind
        self.code = code
        self.remedy = remedy


AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""Whatever a client of botocore raises for a call that failed."""

DYNAMODB_REFUSALS: Mapping[FaultKind, type[TryLater]] = {
    FaultKind.THROTTLED: Throttled,
    FaultKind.CONTENDED: Contended,
    FaultKind.TRANSIENT: StoreUnavailable,
    FaultKind.TIMEOUT: StoreUnavailable,
    FaultKind.PERMANENT: StoreUnavailable,
}
"""What the caller is told when DynamoDB has failed for good."""

S3_REFUSALS: Mapping[FaultKind, type[TryLater]] = dict.fromkeys(FaultKind, TickersUnavailable)
"""The same for S3, where the ticker list is."""

_CREDENTIALS = "Check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, the function's role), the region and the clock."
_DEFECT = "The service sent what DynamoDB refuses: run `doctor`; if it finds nothing, report this as a bug."

_DYNAMODB: Mapping[str, FaultKind] = {
    "ProvisionedThroughputExceededException": FaultKind.THROTTLED,
    "ProvisionedThroughputExceeded": FaultKind.THROTTLED,  # the name in a cancellation reason
    "RequestLimitExceeded": FaultKind.THROTTLED,
    "ThrottlingException": FaultKind.THROTTLED,
    "ThrottlingError": FaultKind.THROTTLED,  # the name in a cancellation reason
    "Throttling": FaultKind.THROTTLED,
    "TransactionConflictException": FaultKind.CONTENDED,
    "TransactionConflict": FaultKind.CONTENDED,  # the name in a cancellation reason
    "ReplicatedWriteConflictException": FaultKind.CONTENDED,
    "TransactionInProgressException": FaultKind.TRANSIENT,  # our own earlier attempt, still at work
    "InternalServerError": FaultKind.TRANSIENT,
    "InternalServerErrorException": FaultKind.TRANSIENT,
    "ServiceUnavailable": FaultKind.TRANSIENT,
    "ServiceUnavailableException": FaultKind.TRANSIENT,
    "RequestTimeout": FaultKind.TRANSIENT,
    "RequestTimeoutException": FaultKind.TRANSIENT,
}

_DYNAMODB_REMEDIES: Mapping[str, str] = {
    "AccessDeniedException": "Allow the role dynamodb:GetItem, PutItem, UpdateItem, DeleteItem, ConditionCheckItem, "
    "Query, Scan and DescribeTable on the table, and the use of its KMS key.",
    "ResourceNotFoundException": "No such table here: check CONFIG_API_TABLE and AWS_REGION, or run `provision`.",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "ValidationException": _DEFECT,
    "IdempotentParameterMismatchException": _DEFECT,
}

_S3: Mapping[str, FaultKind] = {
    "SlowDown": FaultKind.THROTTLED,
    "Throttling": FaultKind.THROTTLED,
    "RequestLimitExceeded": FaultKind.THROTTLED,
    "ConditionalRequestConflict": FaultKind.CONTENDED,
    "OperationAborted": FaultKind.CONTENDED,
    "InternalError": FaultKind.TRANSIENT,
    "ServiceUnavailable": FaultKind.TRANSIENT,
    "RequestTimeout": FaultKind.TRANSIENT,
    "RequestTimeoutException": FaultKind.TRANSIENT,
}

_S3_REMEDIES: Mapping[str, str] = {
    "AccessDenied": "Allow the role s3:GetObject on the ticker list (s3:ListBucket too, or a missing object looks "
    "denied), s3:PutObject to publish it, and the use of the bucket's KMS key.",
    "AllAccessDisabled": "The bucket's owner has blocked it.",
    "NoSuchBucket": "No such bucket: check CONFIG_API_TICKER_BUCKET and AWS_REGION.",
    "NoSuchKey": "No such object: check CONFIG_API_TICKER_KEY, or publish a list with `tickers publish`.",
    "PermanentRedirect": "The bucket is in another region: check AWS_REGION.",
    "AuthorizationHeaderMalformed": "The bucket is in another region: check AWS_REGION.",
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "RequestTimeTooSkewed": _CREDENTIALS,
}


def handle_dynamodb_error(error: Exception) -> Fault:
    """The fault behind what PynamoDB or botocore raised. A failed condition is an answer: read it before."""
    cause = getattr(error, "cause", None) or error
    if reasons := _cancellation_codes(cause):
        return _worst([_by_code(code, None, _DYNAMODB, _DYNAMODB_REMEDIES) for code in reasons])
    return _fault(cause, _DYNAMODB, _DYNAMODB_REMEDIES)


def handle_s3_error(error: Exception) -> Fault:
    """The fault behind what botocore raised. 304 and 412 are answers to a condition: read them before."""
    return _fault(error, _S3, _S3_REMEDIES)


def _fault(error: Any, kinds: Mapping[str, FaultKind], remedies: Mapping[str, str]) -> Fault:
    if isinstance(error, ClientError):
        return _by_code(_code(error), _status(error), kinds, remedies)
    name = type(error).__name__
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)):
        return Fault(FaultKind.TIMEOUT, name)
    if isinstance(
        error, (ConnectionError, ConnectionClosedError, HTTPClientError, IncompleteReadError, ResponseParserError)
    ):
        return Fault(FaultKind.TRANSIENT, name)
    return Fault(FaultKind.PERMANENT, name, remedy=_CREDENTIALS)


def _by_code(code: str, status: int | None, kinds: Mapping[str, FaultKind], remedies: Mapping[str, str]) -> Fault:
    kind = kinds.get(code)
    if kind is not None:
        return Fault(kind, code)
    if code not in remedies and status is not None:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Fault(FaultKind.TRANSIENT, code)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Fault(FaultKind.THROTTLED, code)
    return Fault(FaultKind.PERMANENT, code, remedy=remedies.get(code, "Look the code up in the service's reference."))


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _status(error: ClientError) -> int | None:
    # PynamoDB wraps the original and keeps only its code; the status is in what it wrapped.
    original = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    return original.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


def _cancellation_codes(error: Any) -> list[str]:
    """Why a transaction was cancelled, without the conditions that failed: they say nothing about the store."""
    if not (isinstance(error, ClientError) and _code(error) == "TransactionCanceledException"):
        return []
    reasons = getattr(error, "cancellation_reasons", ())
    codes = [reason.code for reason in reasons if reason and reason.code != "ConditionalCheckFailed"]
    # Cancelled for no reason given: the SDKs take it for a fault that passes.
    return codes or ["InternalServerError"]


def _worst(faults: Iterable[Fault]) -> Fault:
    order = (FaultKind.PERMANENT, FaultKind.THROTTLED, FaultKind.CONTENDED, FaultKind.TRANSIENT)
    return min(faults, key=lambda fault: order.index(fault.kind))
