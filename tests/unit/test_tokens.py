from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.identity.anonymous import CLOCK_SKEW, AnonymousTokens
from adapters.identity.verifier import MAX_TOKEN, TokenVerifier
from domain.errors import ExpiredToken, IdentityUnavailable, InvalidToken
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


def test_each_session_has_a_new_user(tokens: AnonymousTokens) -> None:
    assert len({tokens.issue()[0].user_id for _ in range(100)}) == 100


def test_a_token_is_valid_until_it_expires(tokens: AnonymousTokens, clock: Clock) -> None:
    user, token, _ = tokens.issue()

    clock.now = user.session_expires_at - timedelta(microseconds=1)
    assert tokens.identify(token) == user
    clock.now = user.session_expires_at
    with pytest.raises(ExpiredToken):
        tokens.identify(token)


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


def test_the_newest_key_signs_and_older_keys_verify(clock: Clock) -> None:
    before = AnonymousTokens([OLD], clock=clock)
    during = AnonymousTokens([NEW, OLD], clock=clock)
    after = AnonymousTokens([NEW], clock=clock)
    old_user, old_token, _ = before.issue()
    new_user, new_token, _ = during.issue()

    assert during.identify(old_token) == old_user
    assert after.identify(new_token) == new_user
    with pytest.raises(InvalidToken):
        after.identify(old_token)


def test_a_token_changed_at_any_position_is_refused(tokens: AnonymousTokens) -> None:
    token = tokens.issue()[1]
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(InvalidToken):
            tokens.identify(changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "~",
        "~~",
        "~~~",
        "a~b~c",
        "anon_1~~",
        "anon_1~AAAA",
        ".",
        "..",
        "x" * 100,
        "\x00",
        " ",
        "anon_1~____________~",
    ],
)
def test_a_malformed_token_is_refused(tokens: AnonymousTokens, token: str) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier(tokens).identify(token)


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
