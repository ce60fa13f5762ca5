"""Errors are classified as PynamoDB and botocore really raise them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from pynamodb.exceptions import CancellationReason, GetError, TransactWriteError, VerboseClientError

from adapters.aws.errors import (
    ErrorKind,
    classify_dynamodb_error,
    classify_s3_error,
)
from tests.support.sentences import is_sentence

URL = "http://127.0.0.1"


def a_client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")  # type: ignore[typeddict-item]  # the classification does not need the other metadata


def as_pynamodb_raises(error: ClientError, *reasons: str | None) -> Exception:
    """Wrapped twice: the error code is kept, the HTTP status is in the original only."""
    kept: Any = {"Error": error.response["Error"]}
    verbose = VerboseClientError(
        kept, "GetItem", cancellation_reasons=[CancellationReason(code) if code else None for code in reasons]
    )
    verbose.__cause__ = error
    return (TransactWriteError if reasons else GetError)("failed", verbose)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ProvisionedThroughputExceededException", 400, ErrorKind.THROTTLED),
        ("ThrottlingException", 400, ErrorKind.THROTTLED),
        ("RequestLimitExceeded", 400, ErrorKind.THROTTLED),
        ("TransactionConflictException", 400, ErrorKind.CONTENDED),
        ("TransactionInProgressException", 400, ErrorKind.TRANSIENT),
        ("InternalServerError", 500, ErrorKind.TRANSIENT),
        ("ServiceUnavailable", 503, ErrorKind.TRANSIENT),
        ("SomethingNew", 502, ErrorKind.TRANSIENT),
        ("", 500, ErrorKind.TRANSIENT),
        ("SomethingNew", 429, ErrorKind.THROTTLED),
        ("ValidationException", 400, ErrorKind.PERMANENT),
        ("AccessDeniedException", 400, ErrorKind.PERMANENT),
        ("ResourceNotFoundException", 400, ErrorKind.PERMANENT),
        ("UnrecognizedClientException", 400, ErrorKind.PERMANENT),
        ("ExpiredTokenException", 400, ErrorKind.PERMANENT),
        ("IdempotentParameterMismatchException", 400, ErrorKind.PERMANENT),
        ("SomethingNew", 400, ErrorKind.PERMANENT),
    ],
)
def test_dynamodb_error_codes_are_classified(code: str, status: int, kind: ErrorKind) -> None:
    classified = classify_dynamodb_error(as_pynamodb_raises(a_client_error(code, status)))

    assert (classified.kind, classified.code) == (kind, code)
    assert (classified.remedy is not None) == (kind is ErrorKind.PERMANENT)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, ErrorKind.THROTTLED),
        ("InternalError", 500, ErrorKind.TRANSIENT),
        ("RequestTimeout", 400, ErrorKind.TRANSIENT),
        ("ConditionalRequestConflict", 409, ErrorKind.CONTENDED),
        ("503", 503, ErrorKind.TRANSIENT),  # a response to HEAD has no body with an error code
        ("NoSuchKey", 404, ErrorKind.PERMANENT),
        ("NoSuchBucket", 404, ErrorKind.PERMANENT),
        ("AccessDenied", 403, ErrorKind.PERMANENT),
        ("SignatureDoesNotMatch", 403, ErrorKind.PERMANENT),
    ],
)
def test_s3_error_codes_are_classified(code: str, status: int, kind: ErrorKind) -> None:
    classified = classify_s3_error(a_client_error(code, status))

    assert (classified.kind, classified.code) == (kind, code)


each_service = pytest.mark.parametrize("classify", [classify_dynamodb_error, classify_s3_error], ids=["DynamoDB", "S3"])


@each_service
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url=URL), ErrorKind.TIMEOUT),
        (ReadTimeoutError(endpoint_url=URL), ErrorKind.TIMEOUT),
        (EndpointConnectionError(endpoint_url=URL), ErrorKind.TRANSIENT),
        (ConnectionClosedError(endpoint_url=URL), ErrorKind.TRANSIENT),
        (HTTPClientError(error="reset"), ErrorKind.TRANSIENT),
        (ResponseParserError("half a body"), ErrorKind.TRANSIENT),
        (NoCredentialsError(), ErrorKind.PERMANENT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_network_errors_are_classified(classify: Callable[[Exception], Any], error: Exception, kind: ErrorKind) -> None:
    classified = classify(error)

    assert (classified.kind, classified.code) == (kind, type(error).__name__)
    assert (classified.remedy is not None) == (kind is ErrorKind.PERMANENT)


def test_a_known_error_code_has_its_own_remedy() -> None:
    known, unknown = (classify_dynamodb_error(a_client_error(code)) for code in ("AccessDeniedException", "New"))

    assert "dynamodb:GetItem" in str(known.remedy)
    assert "dynamodb" not in str(unknown.remedy)
    assert is_sentence(str(unknown.remedy))


@each_service
@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_an_error_response_without_code_or_status_is_permanent(
    classify: Callable[[Exception], Any], response: Any
) -> None:
    classified = classify(ClientError(response, "GetItem"))

    assert (classified.kind, classified.code) == (ErrorKind.PERMANENT, "")


def test_a_timeout_is_found_inside_the_error_of_pynamodb() -> None:
    assert classify_dynamodb_error(GetError("failed", ReadTimeoutError(endpoint_url=URL))).kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["TransactionConflict", None], ErrorKind.CONTENDED),
        ([None, "ThrottlingError"], ErrorKind.THROTTLED),
        (["ProvisionedThroughputExceeded", "TransactionConflict"], ErrorKind.THROTTLED),
        (["TransactionConflict", "ValidationError"], ErrorKind.PERMANENT),
        (["TransactionConflict", "ConditionalCheckFailed"], ErrorKind.CONTENDED),
        ([None, None], ErrorKind.TRANSIENT),
        ([], ErrorKind.TRANSIENT),
    ],
)
def test_a_cancelled_transaction_has_the_kind_of_its_most_severe_reason(
    reasons: list[str | None], kind: ErrorKind
) -> None:
    error = a_client_error("TransactionCanceledException")

    assert classify_dynamodb_error(as_pynamodb_raises(error, *reasons)).kind is kind


def test_a_cancelled_transaction_without_reasons_is_transient() -> None:
    assert classify_dynamodb_error(a_client_error("TransactionCanceledException")).kind is ErrorKind.TRANSIENT


def test_the_text_of_an_error_has_its_kind_and_its_code() -> None:
    assert str(classify_s3_error(a_client_error("SlowDown", 503))) == "throttled: SlowDown"
