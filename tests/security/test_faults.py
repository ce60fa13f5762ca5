"""The endpoint that makes the store fail, and needs no token."""

from __future__ import annotations

import pytest

from tests.api.conftest import V2, MakeApp


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_it_is_not_there_unless_the_settings_ask_for_it(make_app: MakeApp, method: str) -> None:
    client = make_app().test_client()

    assert client.open(f"{V2}/_faults", method=method, json={}).status_code == 404


def test_fault_injection_is_logged_at_the_start(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app()
    assert not caplog.records

    make_app(settings={"faults": True})

    assert [vars(record)["event"] for record in caplog.records] == ["fault injection is enabled"]
