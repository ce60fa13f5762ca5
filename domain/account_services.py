"""The use cases of an account: what users do with their session and with all that they hold."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from domain.adoption import Adoption
from domain.configurations import Configuration
from domain.errors import (
    ExpiredToken,
    FieldProblem,
    InvalidToken,
    NotAMember,
    NotAnonymous,
    ValidationFailed,
)
from domain.limits import RENEWAL_AGE, RETENTION, SESSION, ConfigurationLimits, User, UserKind
from domain.ports import Clock, ConfigurationStore, IdentityProvider
from domain.services import ConfigurationList


class AccountService:
    """What a user can do with their account."""

    def __init__(
        self, *, store: ConfigurationStore, identities: IdentityProvider, limits: ConfigurationLimits, clock: Clock
    ) -> None:
        self._store = store
        self._identities = identities
        self._limits = limits
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

    def adopt(
        self, user: User, anonymous_token: str, config_ids: Collection[str] | None = None
    ) -> tuple[tuple[Configuration, ...], ConfigurationList]:
        """Move what an anonymous user holds, or those of `config_ids`, to a member: what moved, and all they have then.

        Raises NotAMember, ValidationFailed, LimitReached, TryLater.
        """
        if user.kind is not UserKind.MEMBER:
            raise NotAMember
        adoption = Adoption(self._identify_anonymous(anonymous_token).user_id, user.user_id, config_ids)
        limit = self._limits.of(user.kind)
        adopted = self._store.adopt(adoption, limit=limit, now=self._clock())
        return adopted, ConfigurationList(self._store.list(user.user_id), limit)

    def erase(self, user: User) -> None:
        """Delete all that the user holds. Raises TryLater."""
        self._store.erase(user.user_id, now=self._clock())

    # Never InvalidToken or ExpiredToken: the caller would take their own token for refused.
    def _identify_anonymous(self, token: str) -> User:
        try:
            user = self._identities.identify(token)
        except ExpiredToken as error:
            raise _refused("expired_token", str(error)) from None
        except InvalidToken as error:
            raise _refused("invalid_token", str(error)) from None
        if user.kind is not UserKind.ANONYMOUS:
            raise _refused("not_anonymous", "This is the token of a member.")
        return user


def _refused(code: str, detail: str) -> ValidationFailed:
    return ValidationFailed((FieldProblem("anonymous_token", code, detail),))
