"""The weekly job, on an emulated S3."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from adapters.tickers.files import PublicTickerFiles
from entrypoints import jobs
from entrypoints.application import KEY
from verification.environment.fault_proxy import Fault, FaultProxy, always

if TYPE_CHECKING:
    pass
from tests.faults.ticker_lists import SYMBOLS, Run, a_list, a_nasdaq_file, list_in_use, publish

pytestmark = pytest.mark.slow


@pytest.fixture
def job(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], dict[str, str]]:
    """Run the weekly job with this content of the only default source."""

    def job(content: bytes) -> dict[str, str]:
        path = tmp_path / "public.txt"
        path.write_bytes(content)
        monkeypatch.setattr(PublicTickerFiles, "default_sources", (str(path),))
        with app.app_context():
            return jobs.build_and_publish(app.extensions[KEY].ticker_list_service())

    return job


def test_the_job_publishes_a_list_only_if_it_changed(
    run: Run, job: Callable[[bytes], dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    publish(run, *SYMBOLS)
    caplog.set_level(logging.INFO, logger="entrypoints.jobs")

    statuses = [job(a_nasdaq_file(*SYMBOLS, "NEW")), job(a_nasdaq_file(*SYMBOLS, "NEW"))]

    assert statuses == [{"status": "published"}, {"status": "unchanged"}]
    records = [record for record in caplog.records if record.name == "entrypoints.jobs"]
    assert [record.message for record in records] == ["ticker list published", "ticker list unchanged"]
    assert records[0].__dict__["changes"] == {"added": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_nasdaq_file(*SYMBOLS[:20]), "it lacks 10 of 30 symbols"),
        (a_nasdaq_file(*SYMBOLS)[:-60], "incomplete"),
        (b"<html>", "it is not nasdaqlisted.txt"),
    ],
)
def test_the_job_logs_an_error_and_publishes_nothing_if_the_list_is_refused(
    app: Flask,
    put: Callable[[bytes], None],
    job: Callable[[bytes], dict[str, str]],
    caplog: pytest.LogCaptureFixture,
    content: bytes,
    reason: str,
) -> None:
    put(a_list("1", SYMBOLS))

    assert job(content) == {"status": "refused"}

    alarm = caplog.records[-1]
    assert (alarm.levelname, alarm.message) == ("ERROR", "ticker list not published")
    assert alarm.__dict__["kind"] == "TickerListRefused"
    assert reason in alarm.__dict__["reason"]
    assert list_in_use(app).freshness.version == "1"


def test_the_job_logs_an_error_if_the_bucket_is_unreachable(
    job: Callable[[bytes], dict[str, str]], proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.plan = always(Fault.INTERNAL_ERROR)

    assert job(a_nasdaq_file(*SYMBOLS)) == {"status": "refused"}

    assert caplog.records[-1].__dict__["kind"] == "TickersUnavailable"
