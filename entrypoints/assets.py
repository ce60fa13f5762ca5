"""Bodies that are the same for all users: compressed, with an ETag, and 304 for those who have them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

REVALIDATED = "no-cache"
"""A cache may keep it, and asks each time whether it has changed."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A body, plain and compressed."""

    body: bytes
    compressed: bytes
    content_type: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> Asset:
        """Compress a body."""
        return cls(body, gzip.compress(body, mtime=0), content_type)

    def respond(self, cache_control: str = REVALIDATED, *, policy: str = "") -> Response:
        """The response to the current request, in an encoding that it accepts.

        `policy` is the content security policy of a page. A stored page with another policy is outdated too.
        """
        compress = request.accept_encodings["gzip"] > 0
        response = Response(self.compressed if compress else self.body, content_type=self.content_type)
        if compress:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = cache_control
        response.vary.add("Accept-Encoding")
        if policy:
            response.headers["Content-Security-Policy"] = policy
        tag = hashlib.sha256(policy.encode() + response.get_data()).hexdigest()[:16]
        response.set_etag(tag)
        if request.if_none_match.contains_weak(tag):
            response.status_code = HTTPStatus.NOT_MODIFIED
        return response
