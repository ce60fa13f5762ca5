"""Member tokens of an issuer on loopback: signatures and claims."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from tests.api.conftest import Ask
from tests.builders import NOW
from verification.environment.issuer import AUDIENCE, Issuer, a_weak_rsa_key, an_ec_key, an_rsa_key, public_jwk, segment


def test_a_member_may_hold_more_than_an_anonymous_user(issuer: Issuer, ask: Ask) -> None:
    me = ask(issuer.token())

    assert me.status_code == 200
    assert me.json["auth_type"] == "member"
    assert me.json["is_anonymous"] is False
    assert me.json["limits"]["max_configurations"] == 5
    assert me.json["session_expires_at"] == "2026-11-23T13:00:00Z"


def test_all_tokens_of_a_member_identify_the_same_user(issuer: Issuer, ask: Ask) -> None:
    def user(**claims: Any) -> str:
        return str(ask(issuer.token(**claims)).json["user_id"])

    assert user() == user(exp=NOW + timedelta(minutes=1))
    assert user(sub="bob") != user()
    assert user().startswith("member_")


@pytest.mark.parametrize(
    "claims",
    [
        *({"iss": "http://elsewhere.example"}, {"iss": None}, {"jti": 7}),
        *({"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": ["ann"]}, {"sub": {"ann": 1}}, {"sub": True}),
        *({"exp": None}, {"exp": "tomorrow"}, {"exp": 1e300}, {"exp": 1e17}, {"exp": [1]}, {"exp": {}}),
        *({"exp": float("nan")}, {"nbf": NOW + timedelta(minutes=5)}, {"nbf": "never"}, {"nbf": -1e17}, {"nbf": True}),
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(issuer: Issuer, ask: Ask, claims: dict[str, Any]) -> None:
    answer = ask(issuer.token(**claims))

    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_issued_in_the_future_is_refused_temporarily(issuer: Issuer, ask: Ask) -> None:
    tomorrow = NOW + timedelta(days=1)

    answer = ask(issuer.token(iat=tomorrow, nbf=tomorrow, exp=tomorrow + timedelta(hours=1)))

    assert (answer.status_code, answer.json["code"]) == (503, "identity_unavailable")


def test_an_expired_token_has_its_own_code(issuer: Issuer, ask: Ask) -> None:
    assert ask(issuer.token(exp=NOW)).json["code"] == "expired_token"
    assert ask(issuer.token(exp=NOW + timedelta(seconds=1))).status_code == 200


def test_hs256_with_the_published_key_is_refused(issuer: Issuer, ask: Ask) -> None:
    public = issuer.keys["rsa-1"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "eve", "exp": 1890000000}
    head = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa-1'})}.{segment(claims)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), pem)

    assert ask(f"{head}.{segment(signature)}").json["code"] == "invalid_token"
    assert issuer.asked == []  # what is signed that way is not worth a fetch


def test_a_published_symmetric_key_is_not_used(issuer: Issuer, ask: Ask) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    issuer.extra_keys = [{"kty": "oct", "kid": "hmac", "alg": "HS256", "k": segment(secret)}]
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "eve", "exp": NOW + timedelta(hours=1)}

    assert ask(jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "hmac"})).status_code == 401
    assert ask(issuer.token(headers={"kid": "hmac"})).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS512", "PS256", "EdDSA", "", None, 7])
def test_no_other_algorithm_is_accepted(issuer: Issuer, ask: Ask, algorithm: Any) -> None:
    _, payload, signature = issuer.token().split(".")
    other = segment({"alg": algorithm, "typ": "JWT", "kid": "rsa-1"})

    assert ask(f"{other}.{payload}.").status_code == 401
    assert ask(f"{other}.{payload}.{signature}").status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        *("..", "a.b.c", "e30.e30."),
        f"{segment([])}.{segment({})}.",
        f"{segment({'alg': 'RS256', 'kid': 7})}.{segment({})}.c2ln",
        f"{segment(b'[' * 3000)}.e30.c2ln",
        f"{segment({'alg': 'RS256', 'crit': ['exp'], 'exp': 1})}.{segment({})}.c2ln",
    ],
    ids=lambda token: token[:20],
)
def test_a_malformed_jwt_is_refused(ask: Ask, token: str) -> None:
    assert (ask(token).status_code, ask(token).json["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_each_key_of_a_key_id_is_tried(issuer: Issuer, ask: Ask, kid: str) -> None:
    issuer.keys["ec-1"] = an_ec_key()
    issuer.extra_keys = [public_jwk(key, kid) for key in (an_ec_key(), an_rsa_key())]

    assert ask(issuer.token(kid)).status_code == 200


@pytest.mark.parametrize(
    "malformed",
    [
        *(None, 7, "key", [], {}, {"kty": "RSA"}, {"kty": []}, {"kty": "oct", "k": 1}),
        *({"alg": ["RS256"]}, {"alg": {}}, {"alg": 7}, {"alg": "RS1"}, {"use": []}, {"use": "enc"}, {"kid": ["a"]}),
        *({"n": 7}, {"n": ""}, {"e": "!"}, {"crv": []}, {"d": "AQAB"}),
    ],
    ids=str,
)
def test_a_malformed_key_is_skipped(issuer: Issuer, ask: Ask, malformed: Any) -> None:
    if isinstance(malformed, dict) and "kty" not in malformed:
        malformed = public_jwk(issuer.keys["rsa-1"], "rsa-1") | malformed
    issuer.extra_keys = [malformed]

    assert ask(issuer.token()).status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": None, "token_use": "access", "client_id": AUDIENCE}, 200),
        ({"aud": None, "token_use": "access", "client_id": "another-member_client"}, 401),
        ({"aud": None, "token_use": "access", "client_id": [AUDIENCE]}, 401),
        ({"aud": None, "token_use": "access"}, 401),
        ({"aud": None}, 401),
        ({"aud": None, "token_use": "id", "client_id": AUDIENCE}, 401),
        ({"aud": None, "client_id": AUDIENCE}, 401),
        ({"aud": None, "azp": AUDIENCE, "token_use": "access"}, 401),
        ({"aud": "another-service", "token_use": "access", "client_id": AUDIENCE}, 401),
        ({"aud": [], "token_use": "access", "client_id": AUDIENCE}, 401),
        ({"aud": ["another-service", AUDIENCE]}, 200),
        ({"aud": [["config-api"]]}, 401),
        ({"aud": f"{AUDIENCE}-2"}, 401),
    ],
    ids=str,
)
def test_a_token_without_an_audience_is_accepted_only_as_an_access_token_of_our_client(
    issuer: Issuer, ask: Ask, claims: dict[str, Any], status: int
) -> None:
    assert ask(issuer.token(**claims)).status_code == status


def test_a_key_that_is_too_short_is_not_used(issuer: Issuer, ask: Ask) -> None:
    issuer.keys = {"weak": a_weak_rsa_key()}
    with pytest.warns(match="1024"):  # PyJWT minds signing with it, too
        token = issuer.token("weak")

    assert ask(token).json["code"] == "invalid_token"
