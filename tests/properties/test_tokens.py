"""A valid token identifies the user it was issued to; everything else is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.oidc import CLOCK_SKEW, MemberTokens
from adapters.identity.verifier import TokenVerifier
from adapters.memory import MemoryStore
from domain.errors import ExpiredToken, InvalidToken
from domain.limits import SESSION
from entrypoints.bootstrap import create_app
from tests.api.conftest import SETTINGS, V2, AClock
from tests.builders import NOW, AFixedList
from verification.environment.issuer import AUDIENCE, Issuer, an_ec_key, running_issuer, segment

Ask = Callable[[str], TestResponse]

KEYS = [letter * 32 for letter in "abcd"]
KEY_RINGS = st.lists(st.sampled_from(KEYS), min_size=1, unique=True)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def a_token(clock: AClock) -> str:
    return AnonymousTokens(KEYS, clock=clock).issue()[1]


TOKENS = [a_token(AClock()) for _ in range(2)]
END = len(TOKENS[0]) - 1
PLACES = st.integers(0, END)


def is_invalid(token: str) -> bool:
    try:
        TokenVerifier(AnonymousTokens(KEYS, clock=AClock())).identify(token)
    except InvalidToken:
        return True
    return False


# --- anonymous --------------------------------------------------------------------------------------------------------


@given(KEY_RINGS, KEY_RINGS, st.timedeltas(timedelta(0), 2 * SESSION) | st.just(SESSION))
def test_a_token_is_valid_until_it_expires_wherever_its_key_is_configured(
    issuing: list[str], reading: list[str], later: timedelta
) -> None:
    clock = AClock()
    user, token, made_at = AnonymousTokens(issuing, clock=clock).issue()
    reader = AnonymousTokens(reading, clock=clock)
    clock.now = made_at + later

    outcome: object
    try:
        outcome = reader.identify(token)
    except (InvalidToken, ExpiredToken) as refusal:
        outcome = type(refusal)

    if issuing[0] not in reading:
        assert outcome is InvalidToken
    else:
        assert outcome == (user if later < SESSION else ExpiredToken)


@given(PLACES, st.characters())
@example(END, chr(ord(TOKENS[0][END]) + 1))  # of the same bits, but for two that are not used
def test_a_token_with_a_changed_character_is_invalid(place: int, character: str) -> None:
    token = TOKENS[0]
    assume(token[place] != character)

    assert is_invalid(token[:place] + character + token[place + 1 :])


@given(PLACES, st.text(min_size=1, max_size=3))
@example(END + 1, "=")
@example(END, "!")
def test_a_token_with_an_insertion_is_invalid(place: int, text: str) -> None:
    token = TOKENS[0]

    assert is_invalid(token[:place] + text + token[place:])


@given(PLACES, PLACES)
def test_a_token_with_a_deletion_is_invalid(one: int, other: int) -> None:
    start, end = sorted((one, other))

    assert is_invalid(TOKENS[0][:start] + TOKENS[0][end + 1 :])


@given(PLACES, PLACES, st.timedeltas(timedelta(minutes=-1), timedelta(days=1)))
def test_parts_of_two_tokens_do_not_make_a_valid_one(one: int, other: int, apart: timedelta) -> None:
    clock = AClock()
    clock.now += apart
    begins, ends = a_token(clock), TOKENS[1]
    spliced = begins[:one] + ends[other:]
    assume(spliced not in {begins, ends})

    assert is_invalid(spliced)


@given(st.text() | st.text("anon_~AZaz09-", max_size=120))
def test_arbitrary_text_is_not_a_valid_token(text: str) -> None:
    assert is_invalid(text)


# --- members ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        issuer.keys["ec-1"] = an_ec_key()
        yield issuer


@pytest.fixture(scope="module")
def ask(issuer: Issuer) -> Ask:
    """Sends a token to `/auth/me` with a fixed clock, so that cached keys stay fresh."""
    clock = AClock()
    members = MemberTokens(issuer.url, AUDIENCE, clock=clock, rng=random.Random(1), monotonic=lambda: 1000.0)
    app = create_app(
        replace(SETTINGS, rate_user=""),
        store=MemoryStore(),
        ticker_list=AFixedList(),
        identities=TokenVerifier(AnonymousTokens(KEYS, clock=clock), members),
        clock=clock,
    )
    client = app.test_client()
    return lambda token: client.get(f"{V2}/auth/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def good(issuer: Issuer) -> dict[str, Any]:
    """The claims of a token that is valid for an hour."""
    return {"iss": issuer.url, "aud": AUDIENCE, "sub": "ann", "exp": seconds(NOW + timedelta(hours=1))}


GOOD_HEADER = {"alg": "ES256", "kid": "ec-1"}
MOMENTS = st.sampled_from([-3600, -61, -60, -1, 0, 1, 59, 60, 61, 3600]).map(lambda off: seconds(NOW) + off)
CLAIMS = st.dictionaries(
    st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "azp"]),
    JSON | MOMENTS | st.just("config-api") | st.lists(st.just("config-api") | JSON, max_size=3),
    max_size=3,
)
FAR = 1e17
"""Seconds beyond the year 9999, the last that `datetime` supports."""


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def signed(issuer: Issuer, header: Any, claims: Any) -> str:
    """A header and a payload, signed by the issuer."""
    message = f"{segment(header)}.{segment(claims)}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(message.encode(), issuer.keys["ec-1"])
    return f"{message}.{segment(signature)}"


def is_refused(answer: TestResponse) -> bool:
    assert answer.status_code in {200, 401, 503}, answer.get_data(as_text=True)
    if answer.status_code == 401:
        assert answer.json is not None
        assert answer.json["code"] in {"invalid_token", "expired_token"}
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    return answer.status_code != 200


@given(claims=CLAIMS)
@example(claims={"exp": FAR})
@example(claims={"nbf": -FAR})
@example(claims={"nbf": True})
@example(claims={"exp": float("nan")})
def test_claims_are_accepted_only_if_each_is_valid(
    issuer: Issuer, ask: Ask, good: dict[str, Any], claims: dict[str, Any]
) -> None:
    claims = good | claims

    refused = is_refused(ask(signed(issuer, GOOD_HEADER, claims)))

    assert refused == (not _is_good(claims, issuer.url))


@given(claims=JSON)
@example(claims=b"[" * 3000)
@example(claims=b"{\xff}")
@example(claims=b"")
def test_a_signed_payload_without_claims_is_refused(issuer: Issuer, ask: Ask, claims: Any) -> None:
    assert is_refused(ask(signed(issuer, GOOD_HEADER, claims)))


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c"]),
        JSON | st.sampled_from(["none", "HS256", "RS256", "rsa-1", ["exp"], ["b64"]]),
        max_size=3,
    )
)
@example(header={"b64": False, "crit": ["b64"]})
def test_a_header_is_accepted_only_with_the_key_id_and_algorithm(
    issuer: Issuer, ask: Ask, good: dict[str, Any], header: dict[str, Any]
) -> None:
    header = GOOD_HEADER | header

    refused = is_refused(ask(signed(issuer, header, good)))

    if not refused:
        assert (header["alg"], header["kid"]) == ("ES256", "ec-1")
        assert set(header.get("crit", ())) <= {"b64"}, "critical headers must be understood (RFC 7515 §4.1.11)"


@given(header=JSON)
def test_a_signed_token_without_a_header_object_is_refused(
    issuer: Issuer, ask: Ask, good: dict[str, Any], header: Any
) -> None:
    assert is_refused(ask(signed(issuer, header, good)))


@given(data=st.data())
def test_a_token_changed_after_signing_is_refused(
    issuer: Issuer, ask: Ask, good: dict[str, Any], data: st.DataObject
) -> None:
    token = signed(issuer, GOOD_HEADER, good)
    end = token.rindex(".")
    place = data.draw(st.integers(0, end - 1))
    changed = data.draw(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E).map(
            lambda character: token[:place] + character + token[place + 1 :]
        )
        | st.just(token[: place + 1])
        | st.just(token[:place] + token[place + 1 :])
    )
    assume(changed != token)

    assert is_refused(ask(changed))


@given(header=JSON, claims=CLAIMS)
def test_a_signature_is_valid_only_for_its_own_payload(
    issuer: Issuer, ask: Ask, good: dict[str, Any], header: Any, claims: dict[str, Any]
) -> None:
    token = signed(issuer, GOOD_HEADER, good)
    first, second, signature = token.split(".")
    other = segment(good | claims)
    assume(other != second)

    assert is_refused(ask(f"{first}.{other}.{signature}"))
    assert is_refused(ask(f"{segment(header)}.{second}.{signature}"))


def _is_good(claims: dict[str, Any], issuer: str) -> bool:
    """The claims that the service checks, as RFC 7519 §4.1 defines them."""
    aud, sub, exp, nbf = claims["aud"], claims["sub"], claims["exp"], claims.get("nbf", 0)
    audiences = aud if isinstance(aud, list) else [aud]
    return (
        claims["iss"] == issuer
        and all(isinstance(each, str) for each in audiences)
        and AUDIENCE in audiences
        and isinstance(sub, str)
        and sub != ""
        and _is_time(exp)
        and exp > seconds(NOW)
        and _is_time(nbf)
        and nbf <= seconds(NOW + CLOCK_SKEW)
        and isinstance(claims.get("jti", ""), str)
    )


def _is_time(value: Any) -> bool:
    """A JSON number, not a boolean, between the years 1 and 9999."""
    first, last = datetime.min.replace(tzinfo=NOW.tzinfo), datetime.max.replace(tzinfo=NOW.tzinfo)
    return type(value) in {int, float} and seconds(first) <= value <= seconds(last)
