"""The issuer's keys: when they are fetched, cached and refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest

from adapters.identity import issuer as issuer_keys
from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.issuer import MAX_AGE, MAX_STALE_AGE, MIN_FETCH_INTERVAL
from adapters.identity.oidc import MemberTokens
from adapters.identity.verifier import TokenVerifier
from domain.deadline import within
from domain.errors import IdentityUnavailable
from tests.api.conftest import AClock, Ask, Seconds
from tests.builders import NOW
from verification.environment.issuer import AUDIENCE, DISCOVERY, KEYS, Issuer, an_ec_key

HANG = 60.0
"""Seconds after which a test assumes that what it waits for does not come."""


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
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "ann", "exp": NOW + timedelta(hours=1)}
    token = jwt.encode(claims, issuer.keys["rsa-1"], algorithm="RS256")

    assert ask(token).status_code == 200
    issuer.keys["rsa-2"] = an_ec_key()
    seconds.now += MAX_AGE + 1
    assert ask(token).status_code == 401


@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (302, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"issuer": "http://elsewhere.example"}'),
        (200, b'{"keys": [{"kty": "RSA"}]}'),
    ],
    ids=str,
)
def test_a_failing_issuer_is_503_not_401(issuer: Issuer, ask: Ask, path: str, answer: tuple[int, bytes]) -> None:
    issuer.answers[path] = answer

    refused = ask(issuer.token())

    assert (refused.status_code, refused.json["code"]) == (503, "identity_unavailable")
    assert 1 <= int(refused.headers["Retry-After"]) <= 7


@pytest.mark.parametrize("uri", [None, 7, "file:///etc/passwd", "ftp://127.0.0.1/keys"])
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


def test_a_fetch_ends_at_the_deadline_of_the_request(members: MemberTokens, issuer: Issuer) -> None:
    with within(0), pytest.raises(IdentityUnavailable):
        members.identify(issuer.token())

    assert issuer.asked == []


def test_a_token_with_a_cached_key_does_not_wait_for_a_fetch(
    issuer: Issuer, members: MemberTokens, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token()
    members.identify(token)
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT", HANG)
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
        assert asked_again.wait(HANG)

        assert members.identify(token).user_id.startswith("member_")

        assert not waiting.done()
        issuer.released.set()
        assert waiting.result(HANG).user_id.startswith("member_")


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
