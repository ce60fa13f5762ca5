"""Member tokens of an issuer on loopback."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.identity import issuer as issuer_keys
from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.issuer import MAX_AGE, MAX_STALE_AGE, MIN_FETCH_INTERVAL
from adapters.identity.oidc import MemberTokens
from adapters.identity.verifier import TokenVerifier
from domain.deadline import within
from domain.errors import IdentityUnavailable
from tests.api.conftest import V2, AClock, MakeApp, a_body, a_session
from tests.builders import NOW
from tests.support.issuer import (
    AUDIENCE,
    DISCOVERY,
    KEYS,
    Issuer,
    a_weak_rsa_key,
    an_ec_key,
    an_rsa_key,
    public_jwk,
    running_issuer,
    segment,
)

Ask = Callable[[str], TestResponse]


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def members(issuer: Issuer, clock: AClock, seconds: Seconds) -> MemberTokens:
    return MemberTokens(issuer.url, AUDIENCE, clock=clock, rng=random.Random(1), monotonic=seconds)


@pytest.fixture
def client(make_app: MakeApp, members: MemberTokens, clock: AClock) -> FlaskClient:
    anonymous = AnonymousTokens(["a key of at least thirty-two characters"], clock=clock)
    return make_app(identities=TokenVerifier(anonymous, members)).test_client()


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    return lambda token: client.get(f"{V2}/auth/me", headers={"Authorization": f"Bearer {token}"})


def of_member(issuer: Issuer, subject: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token(sub=subject)}"}


def test_a_member_may_hold_more_than_an_anonymous_user(issuer: Issuer, ask: Ask) -> None:
    me = ask(issuer.token())

    assert me.status_code == 200
    assert me.json["auth_type"] == "member"
    assert me.json["is_anonymous"] is False
    assert me.json["limits"]["max_configurations"] == 5
    assert me.json["session_expires_at"] == "2026-11-23T13:00:00Z"


def test_es256_is_accepted_like_rs256(issuer: Issuer, ask: Ask) -> None:
    issuer.keys["ec-1"] = an_ec_key()

    assert ask(issuer.token("ec-1")).json == ask(issuer.token("rsa-1")).json


def test_all_tokens_of_a_member_identify_the_same_user(issuer: Issuer, ask: Ask) -> None:
    def user(**claims: Any) -> str:
        return str(ask(issuer.token(**claims)).json["user_id"])

    assert user() == user(exp=NOW + timedelta(minutes=1))
    assert user(sub="bob") != user()
    assert user().startswith("member_")


def test_a_member_with_an_anonymous_users_id_as_subject_does_not_see_that_users_data(
    client: FlaskClient, issuer: Issuer
) -> None:
    anonymous = a_session(client)
    user_id = client.get(f"{V2}/auth/me", headers=anonymous).json["user_id"]
    client.post(f"{V2}/configurations", json=a_body(), headers=anonymous)

    theirs = client.get(f"{V2}/configurations", headers=of_member(issuer, user_id))

    assert theirs.json["configurations"] == []


def test_members_have_their_own_limit(client: FlaskClient, issuer: Issuer) -> None:
    ann = of_member(issuer, "ann")

    statuses = [client.post(f"{V2}/configurations", json=a_body(), headers=ann).status_code for _ in range(6)]

    assert statuses == [201] * 5 + [409]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere.example"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": ["another-service"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"exp": [1]},
        {"nbf": NOW + timedelta(minutes=5)},
        {"nbf": "never"},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(issuer: Issuer, ask: Ask, claims: dict[str, Any]) -> None:
    answer = ask(issuer.token(**claims))

    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_has_its_own_code(issuer: Issuer, ask: Ask) -> None:
    assert ask(issuer.token(exp=NOW)).json["code"] == "expired_token"
    assert ask(issuer.token(exp=NOW + timedelta(seconds=1))).status_code == 200


def test_a_subject_with_a_lone_surrogate_is_accepted(issuer: Issuer, ask: Ask) -> None:
    assert ask(issuer.token(sub="\ud800")).status_code == 200


def test_a_token_signed_by_another_issuer_is_refused(issuer: Issuer, ask: Ask) -> None:
    with running_issuer() as other:
        other.keys["rsa-1"] = an_ec_key()
        forged = other.token(iss=issuer.url)

    assert ask(forged).json["code"] == "invalid_token"


def test_hs256_with_the_published_key_is_refused(issuer: Issuer, ask: Ask) -> None:
    public = issuer.keys["rsa-1"].public_key()
    for pem in (
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(issuer.published()["keys"][0]).encode(),
    ):
        claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "eve", "exp": NOW + timedelta(hours=1)}
        head = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa-1'})}.{segment(claims | {'exp': 1890000000})}"
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), pem)

        assert ask(f"{head}.{segment(signature)}").json["code"] == "invalid_token"
    assert issuer.asked == []  # what is signed that way is not worth a fetch


def test_a_published_symmetric_key_is_not_used(issuer: Issuer, ask: Ask) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    issuer.extra_keys = [{"kty": "oct", "kid": "hmac", "alg": "HS256", "k": segment(secret)}]
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "eve", "exp": NOW + timedelta(hours=1)}

    assert ask(jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "hmac"})).status_code == 401
    signed = issuer.token("rsa-1", headers={"kid": "hmac"})
    assert ask(signed).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS512", "PS256", "EdDSA", "", None, 7])
def test_no_other_algorithm_is_accepted(issuer: Issuer, ask: Ask, algorithm: Any) -> None:
    header, payload, signature = issuer.token().split(".")
    other = segment({"alg": algorithm, "typ": "JWT", "kid": "rsa-1"})

    assert ask(f"{other}.{payload}.").status_code == 401
    assert ask(f"{other}.{payload}.{signature}").status_code == 401
    assert header != other


@pytest.mark.parametrize(
    "token",
    [
        "..",
        "a.b.c",
        "e30.e30.",
        f"{segment([])}.{segment({})}.",
        f"{segment({'alg': 'RS256', 'kid': 7})}.{segment({})}.c2ln",
        f"{segment(b'[' * 3000)}.e30.c2ln",
        f"{segment({'alg': 'RS256', 'crit': ['exp'], 'exp': 1})}.{segment({})}.c2ln",
        "x" * 4000 + "." + "y" * 4000 + "." + "z" * 1000,
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
        ({"aud": None, "token_use": "access", "client_id": "another-client"}, 401),
        ({"aud": None, "token_use": "access", "client_id": [AUDIENCE]}, 401),
        ({"aud": None, "token_use": "access"}, 401),
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


def test_keys_are_cached(issuer: Issuer, ask: Ask) -> None:
    for subject in ("ann", "bob", "cy"):
        assert ask(issuer.token(sub=subject)).status_code == 200

    assert issuer.asked == [DISCOVERY, KEYS]


def test_a_new_key_is_found_after_rotation(issuer: Issuer, ask: Ask, seconds: Seconds) -> None:
    ask(issuer.token())

    issuer.keys["rsa-2"] = an_ec_key()
    seconds.now += MIN_FETCH_INTERVAL

    assert ask(issuer.token("rsa-2")).status_code == 200


def test_a_withdrawn_key_is_accepted_until_the_cache_expires(issuer: Issuer, ask: Ask, seconds: Seconds) -> None:
    token = issuer.token()
    ask(token)

    issuer.keys = {"rsa-2": an_ec_key()}
    seconds.now += MAX_AGE
    assert ask(token).status_code == 200
    seconds.now += 1
    assert ask(token).status_code == 401


def test_unknown_key_ids_cause_at_most_one_fetch_per_cooldown(issuer: Issuer, ask: Ask, seconds: Seconds) -> None:
    for number in range(50):
        assert ask(issuer.token(headers={"kid": f"made-up-{number}"})).status_code == 401
        seconds.now += MIN_FETCH_INTERVAL / 50

    assert issuer.asked.count(KEYS) <= 2


def test_a_token_without_a_key_id_is_verified_if_there_is_only_one_key(
    issuer: Issuer, ask: Ask, seconds: Seconds
) -> None:
    key = issuer.keys["rsa-1"]
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "ann", "exp": NOW + timedelta(hours=1)}
    token = jwt.encode(claims, key, algorithm="RS256")

    assert ask(token).status_code == 200
    issuer.keys["rsa-2"] = an_ec_key()
    seconds.now += MAX_AGE + 1
    assert ask(token).status_code == 401


@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (404, b"{}"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"issuer": "http://elsewhere.example"}'),
        (200, b'{"keys": [{"kty": "RSA"}]}'),
        (200, b"[" * 100_000),
        (200, b" " * 300_000),
    ],
    ids=lambda answer: f"{answer[0]} {answer[1][:20].decode()}",
)
def test_a_failing_issuer_is_503_not_401(issuer: Issuer, ask: Ask, path: str, answer: tuple[int, bytes]) -> None:
    issuer.answers[path] = answer

    refused = ask(issuer.token())

    assert (refused.status_code, refused.json["code"]) == (503, "identity_unavailable")
    assert 1 <= int(refused.headers["Retry-After"]) <= 7


@pytest.mark.parametrize("uri", [None, 7, "", "file:///etc/passwd", "ftp://127.0.0.1/keys"])
def test_keys_are_read_over_http_only(issuer: Issuer, ask: Ask, uri: Any) -> None:
    issuer.answers[DISCOVERY] = (200, json.dumps({"issuer": issuer.url, "jwks_uri": uri}).encode())

    assert ask(issuer.token()).status_code == 503


def test_a_failing_issuer_is_asked_once_per_cooldown(issuer: Issuer, ask: Ask, seconds: Seconds) -> None:
    issuer.answers[KEYS] = (500, b"")
    for _ in range(20):
        assert ask(issuer.token()).status_code == 503

    assert issuer.asked.count(KEYS) == 1

    issuer.answers.clear()
    seconds.now += MIN_FETCH_INTERVAL
    assert ask(issuer.token()).status_code == 200


def test_cached_keys_stay_in_use_for_an_hour_while_the_issuer_fails(issuer: Issuer, ask: Ask, seconds: Seconds) -> None:
    token = issuer.token()
    ask(token)
    issuer.answers[DISCOVERY] = (500, b"")

    seconds.now += MAX_STALE_AGE
    assert ask(token).status_code == 200
    assert ask(issuer.token(headers={"kid": "unknown"})).status_code == 503
    seconds.now += 1
    assert ask(token).status_code == 503


def test_a_fetch_ends_at_the_deadline_of_the_request(
    issuer: Issuer, clock: AClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.hanging.set()
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT", 30)
    members = MemberTokens(issuer.url, AUDIENCE, clock=clock, rng=random.Random(1))

    with within(0.2), pytest.raises(IdentityUnavailable):
        members.identify(issuer.token())
    assert issuer.asked == [DISCOVERY]
    with within(0), pytest.raises(IdentityUnavailable):
        members.identify(issuer.token())


def test_a_token_with_a_cached_key_does_not_wait_for_a_fetch(
    issuer: Issuer, members: MemberTokens, seconds: Seconds
) -> None:
    token = issuer.token()
    members.identify(token)
    asked_again = threading.Event()
    ordinary = issuer.answer_to

    def answer_to(path: str) -> tuple[int, bytes]:
        asked_again.set()
        return ordinary(path)

    issuer.answer_to = answer_to  # type: ignore[method-assign]  # the test wants to know when it is asked
    issuer.hanging.set()
    seconds.now += MAX_AGE + 1
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(members.identify, token)
        assert asked_again.wait(5)

        assert members.identify(token).user_id.startswith("member_")

        assert not waiting.done()
        issuer.released.set()
        assert waiting.result(5).user_id.startswith("member_")


@pytest.mark.parametrize(
    ("break_issuer", "subject", "words"),
    [
        (lambda _: None, None, ""),
        (lambda issuer: setattr(issuer, "url", f"{issuer.url}/"), "issuer", "CONFIG_API_OIDC_ISSUER"),
        (lambda issuer: issuer.answers.update({DISCOVERY: (404, b"")}), "issuer", "404"),
        (lambda issuer: issuer.answers.update({DISCOVERY: (200, b"<html>")}), "issuer", "no JSON"),
        (lambda issuer: issuer.answers.update({KEYS: (500, b"")}), "issuer keys", "500"),
        (lambda issuer: issuer.keys.clear(), "issuer keys", "no key"),
    ],
    ids=["well", "slash", "404", "html", "500", "no keys"],
)
def test_examine_reports_differences_between_issuer_and_settings(
    issuer: Issuer, clock: AClock, break_issuer: Callable[[Issuer], None], subject: str | None, words: str
) -> None:
    members = MemberTokens(issuer.url, AUDIENCE, clock=clock, rng=random.Random(1))
    identities = TokenVerifier(AnonymousTokens(["k" * 32], clock=clock), members)
    break_issuer(issuer)

    findings = list(identities.examine())

    failed = [finding for finding in findings if not finding.passed]
    assert [finding.subject for finding in failed] == ([] if subject is None else [subject])
    assert all(words in f"{finding.detail} {finding.remedy}" for finding in failed)
    assert findings[-1].subject in {"issuer", "issuer keys"}


def test_examine_reports_nothing_without_an_issuer(clock: AClock) -> None:
    assert list(TokenVerifier(AnonymousTokens(["k" * 32], clock=clock)).examine()) == []


def test_pyjwt_is_not_imported_for_anonymous_tokens() -> None:
    script = """
import sys, datetime
from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.verifier import TokenVerifier
from adapters.identity.oidc import MemberTokens
clock = lambda: datetime.datetime.now(datetime.UTC)
members = MemberTokens("https://issuer.example", "config-api", clock=clock, rng=None)
identities = TokenVerifier(AnonymousTokens(["k" * 32], clock=clock), members)
identities.identify(identities.issue_anonymous()[1])
assert not {"jwt", "cryptography"} & set(sys.modules), sorted(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
