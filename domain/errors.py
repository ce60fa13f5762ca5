"""What the domain refuses, and the data that helps whoever was refused.

No error knows a status code: `entrypoints/api/problems.py` holds the one table that
turns each of these into HTTP, and a test walks the subclasses to see that none is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: where (`tickers.1`), what (`too_long`), and a sentence for people."""

    field: str
    code: str
    detail: str
    successor: str | None = None


class DomainError(Exception):
    """A refusal with a reason. Its message is safe to show to the caller."""


class RequestRefused(DomainError):
    """What the caller sent cannot be accepted, and would not be on a second try."""


class ValidationFailed(RequestRefused):
    """Fields are wrong; `problems` names all of them at once."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.detail}" if p.field else p.detail for p in problems))
        self.problems = problems


class UnknownTicker(ValidationFailed):
    """Every problem is a symbol that an authoritative list doesn't hold."""


class DelistedTicker(ValidationFailed):
    """Every problem is a symbol that is no longer traded."""

    @property
    def successor(self) -> str | None:
        """The symbol that replaced the first delisted one, where there is one."""
        return self.problems[0].successor


class InvalidToken(DomainError):
    """The token is malformed, forged, foreign or wrongly signed."""


class ExpiredToken(DomainError):
    """The token was ours and is past its time."""


class NotFound(DomainError):
    """There is no such thing, or it is somebody else's: the two look the same."""

    def __init__(self, detail: str = "There is no such configuration.") -> None:
        super().__init__(detail)


class LimitReached(DomainError):
    """The user holds as many configurations as they may."""

    def __init__(self, max_allowed: int) -> None:
        super().__init__(f"You already have {max_allowed} of {max_allowed} configurations. Delete one to make room.")
        self.max_allowed = max_allowed


class RevisionMismatch(DomainError):
    """The stored configuration is at another revision than the caller expects."""

    def __init__(self) -> None:
        super().__init__("The configuration was changed since you read it. Read it again, then decide.")


class IdempotencyKeyReused(DomainError):
    """The idempotency key was used before, with another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Use a new key for a new request.")


class DeletedSince(DomainError):
    """The create with this idempotency key was carried out, and its configuration was deleted at `deleted_at`."""

    def __init__(self, config_id: str, deleted_at: datetime) -> None:
        super().__init__("This request created a configuration that was deleted since. Use a new Idempotency-Key.")
        self.config_id = config_id
        self.deleted_at = deleted_at


class TryLater(DomainError):
    """Nothing is wrong with the request; the same one may succeed after `retry_after`."""

    def __init__(self, detail: str, *, retry_after: timedelta) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Throttled(TryLater):
    """The store refused for its load, and the retries are used up."""


class Contended(TryLater):
    """One user's concurrent writes kept colliding, and the retries are used up."""


class StoreUnavailable(TryLater):
    """The store is down, slow, unreachable, broken or denies us."""


class TickersUnavailable(TryLater):
    """A symbol cannot be judged now: the list at hand is not authoritative."""


class IdentityUnavailable(TryLater):
    """A member's token cannot be checked now: the issuer's keys are out of reach."""


class TickerListRefused(Exception):
    """A ticker list that is not to be gone by. Nobody's request fails for it; its message completes "refused: …"."""


class PublishedMeanwhile(Exception):
    """Somebody else published a ticker list since ours was compared with the last one."""
