"""What tests/properties/test_tokens.py and tests/api do not reach: the clock, and what is not even parsed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.identity.anonymous import CLOCK_SKEW, AnonymousTokens
from adapters.identity.verifier import MAX_TOKEN, TokenVerifier
from domain.errors import IdentityUnavailable, InvalidToken
from domain.events import Event
from domain.limits import User
from domain.operations import Finding
from tests.support.ticker_sources import FakeClock


@pytest.fixture
def tokens(clock: FakeClock) -> AnonymousTokens:
    return AnonymousTokens(["k" * 32], clock=clock)


class ANeverAskedVerifier:
    def identify(self, token: str) -> User:
        raise AssertionError(token)

    def sign_in(self) -> None:
        return None

    def examine(self) -> Iterator[Finding]:
        yield from ()


def test_a_clock_that_is_set_back_ends_no_session(
    tokens: AnonymousTokens, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(timedelta(microseconds=123_456))
    user, token, made_at = tokens.issue()
    assert made_at == clock.now.replace(microsecond=0)

    clock.now = made_at - CLOCK_SKEW
    assert tokens.identify(token) == user
    clock.now -= timedelta(seconds=1)
    with pytest.raises(IdentityUnavailable):
        tokens.identify(token)
    assert [vars(record)["event"] for record in caplog.records] == [Event.CLOCK_BEHIND]
    clock.now = made_at
    assert tokens.identify(token) == user


@pytest.mark.parametrize(
    "token",
    ["a" * (MAX_TOKEN + 1), "ä~b~c", "\ud800~b~c", "a.b." + "c" * MAX_TOKEN],
    ids=lambda token: ascii(token)[:9],
)
def test_a_token_that_is_too_long_or_not_ascii_is_not_parsed(tokens: AnonymousTokens, token: str) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier(tokens, ANeverAskedVerifier()).identify(token)
