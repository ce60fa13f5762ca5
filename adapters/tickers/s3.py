"""The ticker list as an object in S3, read and replaced with conditional requests."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.aws.errors import AWS_ERRORS, ErrorKind, ServiceError, classify_s3_error, error_code, error_status
from adapters.aws.retry import S3, Sleep, s3_retry
from adapters.tickers.json_format import TickerListDocument, encode
from domain.deadline import Monotonic
from domain.errors import PublishedMeanwhile, TickerListRefused
from domain.ticker_list import MAX_BYTES, PublishedTickerList, TickerListCandidate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.0
"""Seconds; the read timeout limits the time between two chunks of a response."""

_CHUNK = 2**18
_LOSSES_INTENDED = {"losses": "intended"}
"""Metadata of a list that was published although it lost more symbols than usual."""


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """The object as it is stored. `losses_intended`: its publisher forced a much smaller list."""

    etag: str
    stored: bytes
    gzipped: bool
    losses_intended: bool

    def body(self) -> bytes:
        """The document. Raises TickerListRefused for damaged gzip, or if it is too large, uncompressed."""
        if not self.gzipped:
            return self.stored
        unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            body = unpack.decompress(self.stored, MAX_BYTES + 1)
        except zlib.error as error:
            raise TickerListRefused("it is not a complete gzip file") from error
        if len(body) > MAX_BYTES:
            raise TickerListRefused(f"it is larger than {MAX_BYTES} bytes, uncompressed")
        if not unpack.eof:
            raise TickerListRefused("it is not a complete gzip file")
        return body


class S3TickerList:
    """One object in one bucket. Transient faults are retried; then every method may raise TickersUnavailable."""

    def __init__(
        self,
        bucket: str,
        key: str,
        *,
        rng: random.Random,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._object: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._clock = clock
        self._retry = s3_retry(clock=clock, sleep=sleep, rng=rng)
        self._client: S3Client = boto3.client(
            "s3",
            config=Config(
                retries={"total_max_attempts": 1}, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
            ),
        )

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def fetch(self, etag: str | None = None) -> FetchedObject | None:
        """The object, or None if its ETag still is `etag`, with one conditional GET."""
        return self._call("GetObject", lambda: self._get(etag))

    def fetch_if_any(self) -> FetchedObject | None:
        """The object, or None if there is none."""

        def get() -> FetchedObject | None:
            try:
                return self._get(None)
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise

        return self._call("GetObject", get)

    def published(self) -> PublishedTickerList | None:
        fetched = self.fetch_if_any()
        if fetched is None:
            return None
        try:
            return PublishedTickerList(fetched.etag, TickerListDocument.parse(fetched.body()).listings())
        except TickerListRefused:
            # An operator must be able to replace an invalid list.
            return PublishedTickerList(fetched.etag, {})

    def replace(self, candidate: TickerListCandidate, *, losses_intended: bool) -> None:
        body = encode(candidate.version, candidate.updated_at, candidate.listings)
        self.publish(body, replacing=candidate.based_on, losses_intended=losses_intended)

    def publish(self, body: bytes, *, replacing: str | None, losses_intended: bool = False) -> None:
        """Put the document in place of the object whose ETag is `replacing` (None: if there is none).

        Raises PublishedMeanwhile.
        """
        condition: dict[str, Any] = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"}
        stored = gzip.compress(body, mtime=0)

        def put() -> bool:
            try:
                self._client.put_object(
                    **self._object,
                    **condition,
                    Body=stored,
                    ContentType="application/json",
                    ContentEncoding="gzip",
                    Metadata=_LOSSES_INTENDED if losses_intended else {},
                )
            except ClientError as error:
                if error_status(error) == HTTPStatus.PRECONDITION_FAILED or (
                    replacing and error_code(error) == "NoSuchKey"
                ):
                    return False
                raise
            return True

        if not self._call("PutObject", put):
            # After a lost response the retry fails its own condition: then the stored object is ours.
            found = self.fetch_if_any()
            if found is None or found.stored != stored:
                raise PublishedMeanwhile

    def _get(self, etag: str | None) -> FetchedObject | None:
        condition: dict[str, Any] = {"IfNoneMatch": etag} if etag else {}
        ends_at = self._clock() + S3.attempt_timeout
        try:
            found = self._client.get_object(**self._object, **condition)
        except ClientError as error:
            if error_status(error) == HTTPStatus.NOT_MODIFIED:
                return None
            raise
        return FetchedObject(
            found["ETag"],
            self._read(found["Body"], ends_at),
            gzipped="gzip" in found.get("ContentEncoding", ""),
            losses_intended=found["Metadata"].items() >= _LOSSES_INTENDED.items(),
        )

    def _read(self, stream: Any, ends_at: float) -> bytes:
        read = bytearray()
        while chunk := stream.read(_CHUNK):
            read += chunk
            if len(read) > MAX_BYTES:
                # The parser refuses it for its size.
                break
            if self._clock() > ends_at:
                raise ServiceError(ErrorKind.TIMEOUT, "SlowResponse")
        return bytes(read)

    def _call(self, operation: str, request: Callable[[], T]) -> T:
        def attempt() -> T:
            try:
                return request()
            except AWS_ERRORS as error:
                raise classify_s3_error(error) from error

        try:
            return self._retry(operation, attempt)
        finally:
            # The next call comes minutes later, maybe in a forked process or after a Lambda was frozen,
            # when an open connection is not usable any more.
            self._client.close()
