from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.identity.anonymous import CLOCK_SKEW, AnonymousTokens
from adapters.identity.verifier import MAX_TOKEN, TokenVerifier
from domain.errors import IdentityUnavailable, InvalidToken
from domain.events import Event
from domain.limits import User, UserKind
from domain.operations import Finding
from tests.builders import a_user

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
OLD, NEW = "old-" * 10, "new-" * 10


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> AnonymousTokens:
    return AnonymousTokens([NEW], clock=clock)


class AVerifier:
    """Accepts every token."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.user = a_user("member_ann", UserKind.MEMBER)

    def identify(self, token: str) -> User:
        self.asked.append(token)
        return self.user

    def sign_in(self) -> None:
        return None

    def examine(self) -> Iterator[Finding]:
        yield Finding("issuer", "is a test double.")


def test_a_token_identifies_the_user_it_was_issued_to(tokens: AnonymousTokens) -> None:
    user, token, made_at = tokens.issue()

    assert tokens.identify(token) == user
    assert user.kind is UserKind.ANONYMOUS
    assert user.user_id.startswith("anon_")
    assert made_at == NOW.replace(microsecond=0)
    assert user.session_expires_at == made_at + timedelta(days=30)


def test_a_clock_that_is_set_back_ends_no_session(
    tokens: AnonymousTokens, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    user, token, made_at = tokens.issue()

    clock.now = made_at - CLOCK_SKEW
    assert tokens.identify(token) == user
    clock.now -= timedelta(seconds=1)
    with pytest.raises(IdentityUnavailable):
        tokens.identify(token)
    assert [vars(record)["event"] for record in caplog.records] == [Event.CLOCK_BEHIND]
    clock.now = made_at
    assert tokens.identify(token) == user


@pytest.mark.parametrize("token", ["a" * (MAX_TOKEN + 1), "ä~b~c", "\ud800~b~c", "a.b." + "c" * MAX_TOKEN])
def test_a_token_that_is_too_long_or_not_ascii_is_not_parsed(tokens: AnonymousTokens, token: str) -> None:
    members = AVerifier()

    with pytest.raises(InvalidToken):
        TokenVerifier(tokens, members).identify(token)
    assert members.asked == []


def test_the_token_format_selects_the_verifier(tokens: AnonymousTokens) -> None:
    members = AVerifier()
    identities = TokenVerifier(tokens, members)
    user, token, _ = identities.issue_anonymous()

    assert identities.identify(token) == user
    assert identities.identify("e30.e30.c2ln") == members.user
    assert members.asked == ["e30.e30.c2ln"]


def test_a_jwt_is_refused_without_an_issuer(tokens: AnonymousTokens) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier(tokens).identify("e30.e30.c2ln")
