"""Which fault is behind an error, as PynamoDB and botocore really raise them."""

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

from adapters.aws.errors import DYNAMODB_REFUSALS, S3_REFUSALS, FaultKind, handle_dynamodb_error, handle_s3_error

URL = "http://127.0.0.1"


def a_client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")  # type: ignore[typeddict-item]  # the rest of the metadata says nothing about the fault


def as_pynamodb_raises(error: ClientError, *reasons: str | None) -> Exception:
    """Wrapped twice, the code kept and the status left behind in the original."""
    kept: Any = {"Error": error.response["Error"]}
    verbose = VerboseClientError(
        kept, "GetItem", cancellation_reasons=[CancellationReason(code) if code else None for code in reasons]
    )
    verbose.__cause__ = error
    return (TransactWriteError if reasons else GetError)("failed", verbose)


def a_cancellation(*reasons: str | None) -> Exception:
    return as_pynamodb_raises(a_client_error("TransactionCanceledException"), *reasons)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ProvisionedThroughputExceededException", 400, FaultKind.THROTTLED),
        ("ThrottlingException", 400, FaultKind.THROTTLED),
        ("RequestLimitExceeded", 400, FaultKind.THROTTLED),
        ("TransactionConflictException", 400, FaultKind.CONTENDED),
        ("TransactionInProgressException", 400, FaultKind.TRANSIENT),
        ("InternalServerError", 500, FaultKind.TRANSIENT),
        ("ServiceUnavailable", 503, FaultKind.TRANSIENT),
        ("SomethingNew", 502, FaultKind.TRANSIENT),
        ("", 500, FaultKind.TRANSIENT),
        ("SomethingNew", 429, FaultKind.THROTTLED),
        ("ValidationException", 400, FaultKind.PERMANENT),
        ("AccessDeniedException", 400, FaultKind.PERMANENT),
        ("ResourceNotFoundException", 400, FaultKind.PERMANENT),
        ("UnrecognizedClientException", 400, FaultKind.PERMANENT),
        ("ExpiredTokenException", 400, FaultKind.PERMANENT),
        ("IdempotentParameterMismatchException", 400, FaultKind.PERMANENT),
        ("SomethingNew", 400, FaultKind.PERMANENT),
    ],
)
def test_dynamodb_s_codes(code: str, status: int, kind: FaultKind) -> None:
    fault = handle_dynamodb_error(as_pynamodb_raises(a_client_error(code, status)))

    assert (fault.kind, fault.code) == (kind, code)
    assert (fault.remedy is not None) == (kind is FaultKind.PERMANENT)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, FaultKind.THROTTLED),
        ("InternalError", 500, FaultKind.TRANSIENT),
        ("RequestTimeout", 400, FaultKind.TRANSIENT),
        ("ConditionalRequestConflict", 409, FaultKind.CONTENDED),
        ("503", 503, FaultKind.TRANSIENT),  # a HEAD has no body to name a code
        ("NoSuchKey", 404, FaultKind.PERMANENT),
        ("NoSuchBucket", 404, FaultKind.PERMANENT),
        ("AccessDenied", 403, FaultKind.PERMANENT),
        ("SignatureDoesNotMatch", 403, FaultKind.PERMANENT),
    ],
)
def test_s3_s_codes(code: str, status: int, kind: FaultKind) -> None:
    fault = handle_s3_error(a_client_error(code, status))

    assert (fault.kind, fault.code) == (kind, code)


@pytest.mark.parametrize("handle", [handle_dynamodb_error, handle_s3_error])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url=URL), FaultKind.TIMEOUT),
        (ReadTimeoutError(endpoint_url=URL), FaultKind.TIMEOUT),
        (EndpointConnectionError(endpoint_url=URL), FaultKind.TRANSIENT),
        (ConnectionClosedError(endpoint_url=URL), FaultKind.TRANSIENT),
        (HTTPClientError(error="reset"), FaultKind.TRANSIENT),
        (ResponseParserError("half a body"), FaultKind.TRANSIENT),
        (NoCredentialsError(), FaultKind.PERMANENT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_happens_on_the_way(handle: Callable[[Exception], Any], error: Exception, kind: FaultKind) -> None:
    fault = handle(error)

    assert (fault.kind, fault.code) == (kind, type(error).__name__)
    assert (fault.remedy is not None) == (kind is FaultKind.PERMANENT)


def test_the_way_out_is_the_code_s_own_where_there_is_one() -> None:
    denied, unheard_of = (handle_dynamodb_error(a_client_error(code)) for code in ("AccessDeniedException", "New"))

    assert denied.remedy is not None
    assert denied.remedy.startswith("Allow the role dynamodb:GetItem")
    assert unheard_of.remedy == "Look the code up in the service's reference."


@pytest.mark.parametrize("handle", [handle_dynamodb_error, handle_s3_error])
@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_an_answer_that_says_nothing_of_itself_is_no_riddle(handle: Callable[[Exception], Any], response: Any) -> None:
    fault = handle(ClientError(response, "GetItem"))

    assert (fault.kind, fault.code) == (FaultKind.PERMANENT, "")


def test_what_pynamodb_wraps_on_the_way_is_unwrapped() -> None:
    fault = handle_dynamodb_error(GetError("failed", ReadTimeoutError(endpoint_url=URL)))

    assert (fault.kind, fault.code) == (FaultKind.TIMEOUT, "ReadTimeoutError")


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["TransactionConflict", None], FaultKind.CONTENDED),
        ([None, "ThrottlingError"], FaultKind.THROTTLED),
        (["ProvisionedThroughputExceeded", "TransactionConflict"], FaultKind.THROTTLED),
        (["TransactionConflict", "ValidationError"], FaultKind.PERMANENT),
        (["TransactionConflict", "ConditionalCheckFailed"], FaultKind.CONTENDED),
        ([None, None], FaultKind.TRANSIENT),
        ([], FaultKind.TRANSIENT),
    ],
)
def test_a_cancelled_transaction_is_as_bad_as_its_worst_reason(reasons: list[str | None], kind: FaultKind) -> None:
    assert handle_dynamodb_error(a_cancellation(*reasons)).kind is kind


def test_a_cancelled_transaction_that_pynamodb_has_not_seen_gives_no_reason() -> None:
    assert handle_dynamodb_error(a_client_error("TransactionCanceledException")).kind is FaultKind.TRANSIENT


def test_a_fault_tells_a_log_its_kind_and_its_code() -> None:
    assert str(handle_s3_error(a_client_error("SlowDown", 503))) == "throttled: SlowDown"


@pytest.mark.parametrize("refusals", [DYNAMODB_REFUSALS, S3_REFUSALS])
def test_every_kind_of_fault_has_a_refusal(refusals: dict[FaultKind, type]) -> None:
    assert set(refusals) == set(FaultKind)
