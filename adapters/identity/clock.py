"""Genuine tokens whose time of issue is in the future: the clock of this host or of the issuer was set back."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from domain.errors import IdentityUnavailable
from domain.events import Event
from domain.times import random_between

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=5), timedelta(seconds=30)


def clock_is_behind(issued_at: datetime, now: datetime, rng: random.Random) -> IdentityUnavailable:
    """The error for such a token. It is temporary: the token is accepted when the clock is right again."""
    seconds = round((issued_at - now).total_seconds())
    log.error("the clock is behind", extra={"event": Event.CLOCK_BEHIND, "seconds": seconds})
    return IdentityUnavailable(
        "The token cannot be verified now, because its time of issue is in the future.",
        retry_after=random_between(*RETRY_AFTER, rng),
    )
