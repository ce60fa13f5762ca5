"""The use cases of an account: what users do with their session and with all that they hold."""

from __future__ import annotations

from datetime import datetime

from domain.errors import NotAnonymous
from domain.limits import RENEWAL_AGE, RETENTION, SESSION, User, UserKind
from domain.ports import Clock, ConfigurationStore, IdentityProvider


class AccountService:
    """What a user can do with their account."""

    def __init__(self, *, store: ConfigurationStore, identities: IdentityProvider, clock: Clock) -> None:
        self._store = store
        self._identities = identities
        self._clock = clock

    # What is stored is extended before the new token exists anywhere else: a response that is lost does no harm.
    def renew(self, user: User, token: str) -> tuple[User, str, datetime]:
        """The same user with a token for another session, and its time of issue; what they hold lives as long.

        A token younger than `RENEWAL_AGE` is returned as it is, and nothing is written. Raises NotAnonymous, TryLater.
        """
        if user.kind is not UserKind.ANONYMOUS:
            raise NotAnonymous
        issued_at = user.session_expires_at - SESSION
        if self._clock() - issued_at < RENEWAL_AGE:
            return user, token, issued_at
        renewed, new_token, issued_at = self._identities.issue_anonymous(user.user_id)
        self._store.extend(user.user_id, expires_at=renewed.session_expires_at + RETENTION)
        return renewed, new_token, issued_at
