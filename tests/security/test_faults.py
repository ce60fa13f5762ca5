"""The fault injection endpoint, which requires no token."""

from __future__ import annotations

import pytest

from tests.api.conftest import V2, MakeApp


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_the_endpoint_is_404_unless_the_settings_enable_it(make_app: MakeApp, method: str) -> None:
    client = make_app().test_client()

    assert client.open(f"{V2}/_faults", method=method, json={}).status_code == 404


def test_fault_injection_is_logged_at_the_start(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app()
    assert not caplog.records

    make_app(settings={"faults": True})

    assert [vars(record)["event"] for record in caplog.records] == ["fault injection is enabled"]
