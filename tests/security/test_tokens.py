"""Forged tokens, and side channels of their refusal."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.identity.anonymous import CACHED_TOKENS, AnonymousTokens
from adapters.identity.oidc import MemberTokens
from domain.errors import InvalidToken
from tests.api.conftest import AClock
from tests.builders import NOW
from verification.environment.issuer import Issuer, an_ec_key, running_issuer

OLD, NEW = "old-" * 10, "new-" * 10


@pytest.fixture
def eve() -> Iterator[Issuer]:
    """The attacker's issuer: another key with the same id."""
    with running_issuer() as issuer:
        issuer.keys = {"rsa-1": an_ec_key()}
        yield issuer


def test_a_signature_is_compared_in_constant_time_and_with_every_key(
    clock: AClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    tokens = AnonymousTokens([NEW, OLD], clock=clock)
    signed, mark, _ = tokens.issue()[1].rpartition("~")
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)))

    with pytest.raises(InvalidToken):
        tokens.identify(signed + mark + "A" * 43)

    assert [guessed for guessed, _ in compared] == [bytes(32)] * 2
    assert len({right for _, right in compared}) == 2


def test_the_token_cache_is_bounded_and_has_no_refused_tokens(clock: AClock) -> None:
    tokens = AnonymousTokens([NEW], clock=clock)
    remembered = tokens._verify_cached.cache_info
    for number in range(50):
        with pytest.raises(InvalidToken):
            tokens.identify(f"anon_{number}~AAAA~{'A' * 43}")
    assert remembered().currsize == 0

    for _ in range(CACHED_TOKENS + 10):
        tokens.identify(tokens.issue()[1])

    assert remembered().currsize == CACHED_TOKENS


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c", "kid"])
def test_keys_named_in_a_token_header_are_ignored(
    issuer: Issuer, eve: Issuer, members: MemberTokens, header: str
) -> None:
    key = eve.published()["keys"][0]
    places: dict[str, Any] = {"jku": f"{eve.url}/keys", "x5u": f"{eve.url}/keys", "jwk": key, "x5c": [key["x"]]}
    forged = eve.token(headers={header: places.get(header, f"{eve.url}/keys")}, iss=issuer.url)

    with pytest.raises(InvalidToken):
        members.identify(forged)

    assert eve.asked == []


@pytest.mark.parametrize(
    "subject",
    ["a#CONFIG#b", "ann\nkey", "USER#ann", "anon_0b8e5a1c2f4d4c3b9a6e7d5f1e2c3b4a", "\x00", "\ud800", "x" * 4000],
    ids=ascii,
)
def test_a_user_id_has_a_fixed_format_whatever_the_subject(
    issuer: Issuer, members: MemberTokens, clock: AClock, subject: str
) -> None:
    member = members.identify(issuer.token(sub=subject, exp=NOW + timedelta(minutes=1)))
    anonymous = AnonymousTokens([NEW], clock=clock).issue()[0]

    assert re.fullmatch("member_[0-9a-f]{32}", member.user_id)
    assert re.fullmatch("anon_[0-9a-f]{32}", anonymous.user_id)
