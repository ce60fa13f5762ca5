"""The ticker list as an object in S3: read if it changed, replaced if nobody else did meanwhile."""

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

from adapters.aws.errors import AWS_ERRORS, ErrorKind, ServiceError, classify_s3_error
from adapters.aws.retry import Sleep, s3_retry
from domain.deadline import Monotonic
from domain.errors import PublishedMeanwhile, TickerListRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.0
"""Seconds; the second is the longest gap between two pieces of an answer."""
ATTEMPT = 2.5
"""Seconds for one whole answer, however steadily it drips (the `attempt` of the retry policy)."""
MAX_BYTES = 32 * 2**20
"""Of the object, and of what it unpacks to."""

_CHUNK = 2**18
_INTENDED = {"losses": "intended"}
"""Metadata of a list that was published although it lacks many symbols of the one before."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The object as it is stored. `losses_intended` if its publisher insisted on a much smaller list."""

    etag: str
    stored: bytes
    gzipped: bool
    losses_intended: bool

    def body(self) -> bytes:
        """The list itself. Raises TickerListRefused for damaged gzip, and for a bomb without unpacking it."""
        if not self.gzipped:
            return self.stored
        unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            body = unpack.decompress(self.stored, MAX_BYTES + 1)
        except zlib.error as error:
            raise TickerListRefused("it is no whole gzip file") from error
        if len(body) > MAX_BYTES:
            raise TickerListRefused(f"it unpacks to more than {MAX_BYTES} bytes")
        if not unpack.eof:
            raise TickerListRefused("it is no whole gzip file")
        return body


class S3Tickers:
    """One object in one bucket. Every call may raise TickersUnavailable; transient faults are retried before."""

    def __init__(
        self,
        bucket: str,
        key: str,
        *,
        rng: random.Random,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._where: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._clock = clock
        self._retry = s3_retry(clock=clock, sleep=sleep, rng=rng)
        self._client: S3Client = boto3.client(
            "s3",
            config=Config(
                retries={"total_max_attempts": 1}, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
            ),
        )

    def fetch(self, etag: str | None = None) -> Fetched | None:
        """The object, or None if it still is the one of `etag`: one conditional GET, no HEAD before it."""
        return self._call("GetObject", lambda: self._get(etag))

    def fetch_if_any(self) -> Fetched | None:
        """The object, or None if there is none yet."""

        def get() -> Fetched | None:
            try:
                return self._get(None)
            except ClientError as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise

        return self._call("GetObject", get)

    def publish(self, body: bytes, *, replacing: str | None, losses_intended: bool = False) -> None:
        """Put the list in the place of the one with the ETag `replacing`, or as the first one.

        Repeating it after a lost answer is safe: what is stored then is ours, and that is success.
        Raises PublishedMeanwhile.
        """
        condition: dict[str, Any] = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"}
        stored = gzip.compress(body, mtime=0)

        def put() -> bool:
            try:
                self._client.put_object(
                    **self._where,
                    **condition,
                    Body=stored,
                    ContentType="application/json",
                    ContentEncoding="gzip",
                    Metadata=_INTENDED if losses_intended else {},
                )
            except ClientError as error:
                if _status(error) == HTTPStatus.PRECONDITION_FAILED or (replacing and _code(error) == "NoSuchKey"):
                    return False
                raise
            return True

        if not self._call("PutObject", put):
            found = self.fetch_if_any()
            if found is None or found.stored != stored:
                raise PublishedMeanwhile

    def _get(self, etag: str | None) -> Fetched | None:
        condition: dict[str, Any] = {"IfNoneMatch": etag} if etag else {}
        try:
            found = self._client.get_object(**self._where, **condition)
        except ClientError as error:
            if _status(error) == HTTPStatus.NOT_MODIFIED:
                return None
            raise
        return Fetched(
            found["ETag"],
            self._read(found["Body"]),
            gzipped="gzip" in found.get("ContentEncoding", ""),
            losses_intended=found["Metadata"].items() >= _INTENDED.items(),
        )

    def _read(self, stream: Any) -> bytes:
        end, read = self._clock() + ATTEMPT, bytearray()
        while chunk := stream.read(_CHUNK):
            read += chunk
            if len(read) > MAX_BYTES:  # enough for whoever looks at it to refuse it
                break
            if self._clock() > end:
                raise ServiceError(ErrorKind.TIMEOUT, "SlowAnswer")
        return bytes(read)

    def _call(self, operation: str, act: Callable[[], T]) -> T:
        def attempt() -> T:
            try:
                return act()
            except AWS_ERRORS as error:
                raise classify_s3_error(error) from error

        try:
            return self._retry(operation, attempt)
        finally:
            # The next call is minutes away, maybe in another process (gunicorn forks) or after a Lambda's
            # freeze: no connection is worth being kept, or safe to be.
            self._client.close()


def _status(error: ClientError) -> int | None:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


def _code(error: ClientError) -> str | None:
    return error.response.get("Error", {}).get("Code")
