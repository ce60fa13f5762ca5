"""Who may hold how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_TICKERS = 5
"""Distinct tickers in one configuration, for everybody."""

RETENTION = timedelta(days=7)
"""How long an anonymous user's data outlives the session that owns it.

Longer than DynamoDB's time to live is late (48 hours), so that whatever is deleted by itself
was out of its owner's reach before, and a counter never disagrees with what its owner can see.
"""


class UserKind(StrEnum):
    """How a user came to us."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class User:
    """Whoever is asking, as their token says it."""

    user_id: str
    kind: UserKind
    session_expires_at: datetime

    @property
    def data_expires_at(self) -> datetime | None:
        """When what this user writes may go by itself: never, for a member."""
        return self.session_expires_at + RETENTION if self.kind is UserKind.ANONYMOUS else None


@dataclass(frozen=True, slots=True)
class ConfigurationLimits:
    """How many configurations each kind of user may hold at once."""

    anonymous: int = 2
    member: int = 5

    def of(self, kind: UserKind) -> int:
        """The largest number of configurations for a user of this kind."""
        return self.member if kind is UserKind.MEMBER else self.anonymous
