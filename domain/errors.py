"""The errors of the domain. They carry data, and no HTTP status codes.

    DomainError                  a request failed; the message is safe to show to the caller
     +- ValidationFailed         fields are wrong
     |   +- UnknownTicker
     |   +- DelistedTicker
     +- InvalidToken, ExpiredToken
     +- NotFound
     +- LimitReached
     +- DeletedSince
     +- NotAnonymous, NotAMember
     +- RevisionMismatch
     +- IdempotencyKeyReused
     +- TryLater                 the same request may succeed later
         +- Throttled, Contended
         +- StoreUnavailable, TickersUnavailable, IdentityUnavailable
    TickerListRefused            operators and jobs only
    PublishedMeanwhile           operators and jobs only

`entrypoints/api/problems.py` maps each DomainError to HTTP; a test checks that none is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: its path (`tickers.1`), a code (`too_long`), and a sentence for people."""

    field: str
    code: str
    detail: str
    successor: str | None = None


class DomainError(Exception):
    """A request failed. The message is safe to show to the caller."""


class ValidationFailed(DomainError):
    """Fields are wrong; `problems` has all of them."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.detail}" if p.field else p.detail for p in problems))
        self.problems = problems


class UnknownTicker(ValidationFailed):
    """Every problem is a symbol that an authoritative list does not contain."""


class DelistedTicker(ValidationFailed):
    """Every problem is a symbol that is no longer traded."""

    @property
    def successor(self) -> str | None:
        """The symbol that replaced the first delisted one, if there is one."""
        return self.problems[0].successor


class InvalidToken(DomainError):
    """The token is malformed, forged, from another issuer, or wrongly signed."""


class ExpiredToken(DomainError):
    """The token is genuine and has expired."""


class NotFound(DomainError):
    """It does not exist, or belongs to another user: the caller cannot tell the two apart."""

    def __init__(self, detail: str = "There is no such configuration.") -> None:
        super().__init__(detail)


class LimitReached(DomainError):
    """The user has the maximum number of configurations, or would have more after `adopting` that many."""

    def __init__(self, max_allowed: int, *, adopting: int = 0) -> None:
        detail = f"You already have {max_allowed} of {max_allowed} configurations. Delete one to make room."
        if adopting:
            detail = f"With {adopting} more you would have more than {max_allowed} configurations. Nothing was moved."
        super().__init__(detail)
        self.max_allowed = max_allowed


class NotAnonymous(DomainError):
    """The call is for anonymous users, and a member makes it."""

    def __init__(self) -> None:
        super().__init__("Only an anonymous session is renewed here. A member gets new tokens from the issuer.")


class NotAMember(DomainError):
    """The call is for members, and an anonymous user makes it."""

    def __init__(self) -> None:
        super().__init__("Sign in first: only a member can do this.")


class RevisionMismatch(DomainError):
    """The stored configuration has another revision than the caller expects."""

    def __init__(self) -> None:
        super().__init__("The configuration was changed since you read it. Read it again, then decide.")


class IdempotencyKeyReused(DomainError):
    """The idempotency key was used before, for another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Use a new key for a new request.")


class DeletedSince(DomainError):
    """The create with this idempotency key was carried out, and its configuration was deleted at `deleted_at`."""

    def __init__(self, config_id: str, deleted_at: datetime) -> None:
        super().__init__("This request created a configuration that was deleted since. Use a new Idempotency-Key.")
        self.config_id = config_id
        self.deleted_at = deleted_at


class TryLater(DomainError):
    """The request is valid; the same one may succeed after `retry_after`."""

    def __init__(self, detail: str, *, retry_after: timedelta) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Throttled(TryLater):
    """The store is overloaded, and the retries are used up."""


class Contended(TryLater):
    """Concurrent writes of one user kept conflicting, and the retries are used up."""


class StoreUnavailable(TryLater):
    """The store is down, slow, unreachable or damaged, or denies access."""


class TickersUnavailable(TryLater):
    """A symbol cannot be validated now: the current list is not authoritative."""


class IdentityUnavailable(TryLater):
    """A token cannot be verified, and nobody can sign in: the issuer cannot be read, or the clock is wrong."""


class TickerListRefused(Exception):
    """A ticker list is unusable. No request fails because of it; the message completes "refused: …"."""


class PublishedMeanwhile(Exception):
    """Another publisher has replaced the ticker list that this one was compared with."""
