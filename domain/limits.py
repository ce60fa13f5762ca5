"""Users, and how many configurations they may have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_TICKERS = 5
"""Distinct tickers in one configuration, for every user."""

SESSION = timedelta(days=30)
"""How long an anonymous token is valid."""

RENEWAL_AGE = timedelta(days=10)
"""The age from which an anonymous token is renewed. Each renewal writes, so younger ones are not."""

RETENTION = timedelta(days=7)
"""How long the data of an anonymous user is kept after the end of the session.

Longer than the delay of DynamoDB's time to live (48 hours): an item is deleted only when its owner can no longer read
it, so the counter never differs from what the owner sees.
"""


class UserKind(StrEnum):
    """How a user is authenticated."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class User:
    """The user that a token identifies."""

    user_id: str
    kind: UserKind
    session_expires_at: datetime

    def data_expires_at(self, now: datetime) -> datetime | None:
        """When the data that this user creates at `now` may be deleted; None (never) for a member.

        Not before the end of any session of this user: the token of this request may have been renewed since.
        """
        return now + SESSION + RETENTION if self.kind is UserKind.ANONYMOUS else None


@dataclass(frozen=True, slots=True)
class ConfigurationLimits:
    """The maximum number of configurations for each kind of user."""

    anonymous: int = 2
    member: int = 5

    def of(self, kind: UserKind) -> int:
        """The maximum for a user of this kind."""
        return self.member if kind is UserKind.MEMBER else self.anonymous
