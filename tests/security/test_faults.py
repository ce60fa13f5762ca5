"""The fault injection endpoint, which requires no token."""

from __future__ import annotations

import pytest

from tests.api.conftest import V2, MakeApp, a_session


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_the_endpoint_is_404_unless_the_settings_enable_it(make_app: MakeApp, method: str) -> None:
    client = make_app().test_client()

    assert client.open(f"{V2}/_faults", method=method, json={}).status_code == 404


def test_fault_injection_is_logged_at_the_start(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app()
    assert not caplog.records

    make_app(settings={"faults": True})

    assert [vars(record)["event"] for record in caplog.records] == ["fault injection is enabled"]


def test_planned_faults_are_replaced_used_up_and_shown(make_app: MakeApp) -> None:
    client = make_app(settings={"faults": True}).test_client()

    planned = client.put(f"{V2}/_faults", json={"throttled": 2, "methods": ["list"]})
    refused = client.get(f"{V2}/configurations", headers=a_session(client))
    left = client.get(f"{V2}/_faults")
    wrong = client.put(f"{V2}/_faults", json={"throttled": -1})

    assert (planned.status_code, planned.json["throttled"]) == (200, 2)
    assert (refused.status_code, refused.json["code"]) == (429, "throttled")
    assert (left.status_code, left.json["throttled"]) == (200, 1)
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (400, "throttled")
