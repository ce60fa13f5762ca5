"""Everything at once: many users, several clients each, three calls in ten failing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from domain.configurations import Configuration
from tests.builders import a_configuration
from tests.faults.history import DEADLINE, LIMIT, ConfigurationList, Outcome, Record, Request, play, violations
from tests.support.fault_proxy import FaultProxy, at_random
from tests.support.ministack import a_dynamodb_store, read_state


@pytest.mark.slow
def test_no_promise_breaks_while_three_calls_in_ten_fail(proxy: FaultProxy, aws: str, table: str) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 shown when the test fails
    stores = [a_dynamodb_store(proxy.endpoint, table, seed=seed + number) for number in range(4)]
    proxy.plan = at_random(0.3, seed=seed)

    record = play(
        stores, lambda user: ConfigurationList(*read_state(aws, table, user)), seed=seed, users=8, requests_each=20
    )

    assert violations(record) == []
    assert record.settled_share() > 0.99  # 0.999 is for the soak, whose sample is large enough
    assert record.p99() < DEADLINE


# --- the checker detects each violation ---


def a_request(kind: str, outcome: Outcome, at: float, *saw: Configuration, **fields: Any) -> Request:
    """A request of a second, sent at `at`."""
    values = {"id": f"{kind}-{at:g}", "config_id": "a"} | fields
    return Request(user="ann", kind=kind, started=at, ended=at + 1, outcome=outcome, saw=saw, **values)


def with_log(*entries: str, config_id: str = "a", **fields: Any) -> Configuration:
    values = {"revision": entries[-1], "request_fingerprint": ""} | fields
    return a_configuration("ann", config_id=config_id, name=" ".join(entries), **values)


def judged(*requests: Request, left: tuple[Configuration, ...] = (), counted: int | None = None) -> list[str]:
    shelf = ConfigurationList(len(left) if counted is None else counted, left)
    return violations(Record(requests=list(requests), shelves={"ann": shelf}))


CREATED = with_log("create-0")
CREATE = a_request("create", Outcome.ADDED, 0, CREATED)
UPDATED = with_log("create-0", "update-2")
UPDATE = a_request("update", Outcome.DONE, 2, UPDATED)


def test_the_judge_has_nothing_against_an_honest_record() -> None:
    verdict = judged(
        CREATE,
        UPDATE,
        a_request("list", Outcome.DONE, 4, UPDATED),
        a_request("create", Outcome.REPLAYED, 6, UPDATED),
        a_request("delete", Outcome.DONE, 8),
        a_request("get", Outcome.GONE, 10),
        a_request("create", Outcome.UNSETTLED, 12),
    )

    assert verdict == []


@pytest.mark.parametrize(
    ("crime", "verdict"),
    [
        ("2 counted, 1 stored", judged(CREATE, left=(CREATED,), counted=2)),
        (
            "4 stored, 3 allowed",
            judged(
                *[a_request("create", Outcome.ADDED, n, config_id=f"{n}") for n in range(LIMIT + 1)],
                left=tuple(with_log(f"create-{n}", config_id=f"{n}") for n in range(LIMIT + 1)),
            ),
        ),
        ("a: 0 left", judged(CREATE)),
        ("was answered full and took effect", judged(a_request("create", Outcome.FULL, 0), left=(CREATED,))),
        ("didn't see update", judged(CREATE, UPDATE, left=(CREATED,))),
        ("took effect 2 times", judged(CREATE, UPDATE, left=(with_log("create-0", "update-2", "update-2"),))),
        (
            "was answered outdated and took effect",
            judged(CREATE, a_request("update", Outcome.OUTDATED, 2), left=(UPDATED,)),
        ),
        (
            "insisted on another revision",
            judged(CREATE, a_request("update", Outcome.DONE, 2, UPDATED, expected="else"), left=(UPDATED,)),
        ),
        (
            "names two states",
            judged(CREATE, UPDATE, left=(with_log("create-0", "update-2", revision="create-0"),)),
        ),
        ("saw a, which was not there", judged(CREATE, a_request("delete", Outcome.DONE, 2), left=(CREATED,))),
        (
            "get get-4 didn't see update",
            judged(CREATE, UPDATE, a_request("get", Outcome.DONE, 4, CREATED), left=(UPDATED,)),
        ),
        ("lacks a", judged(CREATE, a_request("list", Outcome.DONE, 2), left=(CREATED,))),
        ("found nothing, though it was there", judged(CREATE, a_request("get", Outcome.GONE, 2), left=(CREATED,))),
        (
            "a: 0 left",
            judged(CREATE, a_request("delete", Outcome.DONE, 2), a_request("delete", Outcome.DONE, 2.5)),
        ),
        (
            "refused, though there was room",
            judged(CREATE, a_request("create", Outcome.FULL, 2, config_id="b"), left=(CREATED,)),
        ),
        (
            "another request's configuration",
            judged(CREATE, a_request("create", Outcome.REPLAYED, 2, CREATED, body="b"), left=(CREATED,)),
        ),
        (
            "no part of the other",
            judged(
                CREATE,
                UPDATE,
                a_request("update", Outcome.DONE, 2.5, with_log("create-0", "update-2.5")),
                left=(UPDATED,),
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "seen",
)
def test_the_judge_sees(crime: str, verdict: list[str]) -> None:
    assert any(crime in sentence for sentence in verdict), verdict
