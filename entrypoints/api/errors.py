"""Errors that only HTTP can raise. `problems.py` maps them to responses, together with the domain's errors."""

from __future__ import annotations

from domain.errors import DomainError


class MalformedJson(DomainError):
    """The body is not JSON in UTF-8 (RFC 8259), or it cannot be read to its end."""


class PayloadTooLarge(DomainError):
    """The body has more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The body may have at most {max_bytes} bytes.")


class UnsupportedMediaType(DomainError):
    """The body has a media type or an encoding that the operation does not accept."""


class Unauthenticated(DomainError):
    """The request carries no credentials."""
