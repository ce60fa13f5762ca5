"""Classifies the errors of AWS calls: which kind each one is, and what an operator can do about it.

DynamoDB and S3 have one table each, by error code. An error code that is not in the table is
classified by its HTTP status: 5xx is transient, 429 is a throttle, any other 4xx is permanent.
Sources: "Common errors" and "Error handling" in the DynamoDB developer guide, "Error responses"
in the S3 API reference, and the retry rules of the AWS SDKs.
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
    ConnectionError,  # noqa: A004 botocore's name for a connection that could not be made
    ConnectTimeoutError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from domain.errors import Contended, StoreUnavailable, Throttled, TickersUnavailable, TryLater


class ErrorKind(StrEnum):
    """The kinds of errors that the retry policy distinguishes."""

    THROTTLED = "throttled"
    """The service refused the call because of load. Nothing was written."""
    CONTENDED = "contended"
    """The call conflicted with a concurrent write. Nothing was written."""
    TRANSIENT = "transient"
    """The network or the service failed. A write may or may not have happened."""
    TIMEOUT = "timeout"
    """No response in time. A write may or may not have happened."""
    UNSETTLED = "unsettled"
    """Refused, but an earlier attempt without a response may still be carried out."""
    PERMANENT = "permanent"
    """The same call will fail again: access denied, missing table, malformed request."""


class ServiceError(Exception):
    """A failed call to an AWS service: its kind, AWS's error code and, for a permanent error, a remedy for operators.

    It does not leave the adapters: `retry.py` retries the call or raises a domain error instead.
    """

    def __init__(self, kind: ErrorKind, code: str, *, remedy: str | None = None) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind = kind
        self.code = code
        self.remedy = remedy


AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""What a botocore client raises for a failed call."""

DYNAMODB_DOMAIN_ERRORS: Mapping[ErrorKind, type[TryLater]] = {
    ErrorKind.THROTTLED: Throttled,
    ErrorKind.CONTENDED: Contended,
    ErrorKind.TRANSIENT: StoreUnavailable,
    ErrorKind.TIMEOUT: StoreUnavailable,
    ErrorKind.UNSETTLED: Contended,
    ErrorKind.PERMANENT: StoreUnavailable,
}
"""What is raised when a call to DynamoDB failed and is not retried any more."""

S3_DOMAIN_ERRORS: Mapping[ErrorKind, type[TryLater]] = dict.fromkeys(ErrorKind, TickersUnavailable)
"""The same for S3, which holds the ticker list."""

_CREDENTIALS = "Check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, the function's role), the region and the clock."
_DEFECT = "The service sent an invalid request: run `doctor`; if it finds nothing, report this as a bug."

# Some errors have another name where they are the reason for a cancelled transaction.
_DYNAMODB: Mapping[str, ErrorKind] = {
    "ProvisionedThroughputExceededException": ErrorKind.THROTTLED,
    "ProvisionedThroughputExceeded": ErrorKind.THROTTLED,
    "RequestLimitExceeded": ErrorKind.THROTTLED,
    "ThrottlingException": ErrorKind.THROTTLED,
    "ThrottlingError": ErrorKind.THROTTLED,
    "Throttling": ErrorKind.THROTTLED,
    "TransactionConflictException": ErrorKind.CONTENDED,
    "TransactionConflict": ErrorKind.CONTENDED,
    "ReplicatedWriteConflictException": ErrorKind.CONTENDED,
    # An earlier attempt with the same client request token is still in progress.
    "TransactionInProgressException": ErrorKind.TRANSIENT,
    "InternalServerError": ErrorKind.TRANSIENT,
    "InternalServerErrorException": ErrorKind.TRANSIENT,
    "ServiceUnavailable": ErrorKind.TRANSIENT,
    "ServiceUnavailableException": ErrorKind.TRANSIENT,
    "RequestTimeout": ErrorKind.TRANSIENT,
    "RequestTimeoutException": ErrorKind.TRANSIENT,
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

_S3: Mapping[str, ErrorKind] = {
    "SlowDown": ErrorKind.THROTTLED,
    "Throttling": ErrorKind.THROTTLED,
    "RequestLimitExceeded": ErrorKind.THROTTLED,
    "ConditionalRequestConflict": ErrorKind.CONTENDED,
    "OperationAborted": ErrorKind.CONTENDED,
    "InternalError": ErrorKind.TRANSIENT,
    "ServiceUnavailable": ErrorKind.TRANSIENT,
    "RequestTimeout": ErrorKind.TRANSIENT,
    "RequestTimeoutException": ErrorKind.TRANSIENT,
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


def classify_dynamodb_error(error: Exception) -> ServiceError:
    """Classify an error that PynamoDB or botocore raised. Handle a failed condition before: it is not an error."""
    cause = getattr(error, "cause", None) or error
    if reasons := _cancellation_codes(cause):
        return _most_severe([_by_code(code, None, _DYNAMODB, _DYNAMODB_REMEDIES) for code in reasons])
    return _classify(cause, _DYNAMODB, _DYNAMODB_REMEDIES)


def classify_s3_error(error: Exception) -> ServiceError:
    """Classify an error that botocore raised. Handle 304 and 412 before: they answer a conditional request."""
    return _classify(error, _S3, _S3_REMEDIES)


def _classify(error: Any, kinds: Mapping[str, ErrorKind], remedies: Mapping[str, str]) -> ServiceError:
    if isinstance(error, ClientError):
        return _by_code(error_code(error), error_status(error), kinds, remedies)
    name = type(error).__name__
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)):
        return ServiceError(ErrorKind.TIMEOUT, name)
    if isinstance(
        error, (ConnectionError, ConnectionClosedError, HTTPClientError, IncompleteReadError, ResponseParserError)
    ):
        return ServiceError(ErrorKind.TRANSIENT, name)
    return ServiceError(ErrorKind.PERMANENT, name, remedy=_CREDENTIALS)


def _by_code(
    code: str, status: int | None, kinds: Mapping[str, ErrorKind], remedies: Mapping[str, str]
) -> ServiceError:
    kind = kinds.get(code)
    if kind is not None:
        return ServiceError(kind, code)
    if code not in remedies and status is not None:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServiceError(ErrorKind.TRANSIENT, code)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return ServiceError(ErrorKind.THROTTLED, code)
    return ServiceError(
        ErrorKind.PERMANENT, code, remedy=remedies.get(code, "Look the error code up in the AWS reference.")
    )


def error_code(error: ClientError) -> str:
    """AWS's code of the error, or an empty text if the response has none."""
    return error.response.get("Error", {}).get("Code", "")


def error_status(error: ClientError) -> int | None:
    """The HTTP status of the response, if there was one."""
    # PynamoDB's own ClientError has the error code only. The status is in the original, its `__cause__`.
    original = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    return original.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


def _cancellation_codes(error: Any) -> list[str]:
    """The reasons why a transaction was cancelled, without failed conditions, which say nothing about the service."""
    if not (isinstance(error, ClientError) and error_code(error) == "TransactionCanceledException"):
        return []
    reasons = getattr(error, "cancellation_reasons", ())
    codes = [reason.code for reason in reasons if reason and reason.code != "ConditionalCheckFailed"]
    # Cancelled without a reason: the SDKs treat this as transient.
    return codes or ["InternalServerError"]


def _most_severe(errors: Iterable[ServiceError]) -> ServiceError:
    severity = (ErrorKind.PERMANENT, ErrorKind.THROTTLED, ErrorKind.CONTENDED, ErrorKind.TRANSIENT)
    return min(errors, key=lambda error: severity.index(error.kind))
