"""The operator's commands for the list, and the weekly job, on a real S3."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from click.testing import Result
from flask import Flask

from adapters.tickers.files import PublicTickerFiles
from entrypoints import jobs
from entrypoints.application import KEY
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.support.fault_proxy import FaultProxy, Trouble, always
from tests.unit.test_ticker_files import nasdaq_listed, other_listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
SYMBOLS = [f"S{number:02}" for number in range(30)]


def a_nasdaq_file(*symbols: str) -> bytes:
    return nasdaq_listed(*(f"{symbol}|{symbol} [Inc.] - Common Stock|Q|N|N|100|N|N" for symbol in symbols))


@pytest.fixture(scope="module")
def s3(aws: str) -> S3Client:
    return boto3.client("s3", endpoint_url=aws, region_name="us-east-1")


@pytest.fixture
def app(proxy: FaultProxy, s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> Flask:
    bucket = f"tickers-{uuid4()}"
    s3.create_bucket(Bucket=bucket)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    settings = Settings(store=StoreKind.MEMORY, ticker_bucket=bucket, ticker_ttl=timedelta(hours=1))
    return create_app(settings, on_lambda=True)


@pytest.fixture
def run(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tickers …` in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(args=["tickers", *arguments])

    return run


def publish(run: Run, *symbols: str) -> None:
    Path("before.txt").write_bytes(a_nasdaq_file(*symbols))
    assert run("build", "before.txt", "-o", "before.json").exit_code == 0
    assert run("publish", "before.json").exit_code == 0


def test_a_list_is_built_looked_at_and_published(app: Flask, run: Run) -> None:
    publish(run, *SYMBOLS)
    Path("nasdaqlisted.txt").write_bytes(a_nasdaq_file(*SYMBOLS[1:], "NEW"))
    Path("otherlisted.txt").write_bytes(other_listed("BRK.B|Berkshire Hathaway Inc.|N|BRK.B|N|100|N|BRK.B"))

    built = run("build", "nasdaqlisted.txt", "otherlisted.txt", "--successor", "s00=new", "-o", "new.json")
    diff = run("diff", "new.json")
    published = run("publish", "new.json")
    again = run("diff", "new.json")

    assert built.output.startswith("new.json: 31 traded, ")
    assert diff.output.endswith("2 added, 1 delisted.\n")
    assert all(words in diff.output for words in ("BRK.B", "Berkshire Hathaway Inc., NYSE", "S00 [Inc.]", "now NEW"))
    assert published.output.startswith("Published 20")
    assert again.output == "Nothing would change.\n"
    listings = create_app(app.extensions[KEY].settings, on_lambda=True).extensions[KEY].ticker_list.current()
    assert (listings.find("BRK.B").is_active, listings.find("S00").successor) == (True, "NEW")


def test_a_long_diff_is_cut_and_counted(run: Run) -> None:
    publish(run, *SYMBOLS)
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS, "N1", "N2", "N3"))
    run("build", "now.txt", "-o", "new.json")

    output = run("diff", "new.json", "--limit", "1").output

    assert "N1" in output
    assert "N2" not in output
    assert output.endswith("3 added.\n1 are shown; --limit 3 shows all.\n")


def test_half_a_list_is_published_by_force_only(run: Run) -> None:
    publish(run, *SYMBOLS)
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS[:15]))
    run("build", "now.txt", "-o", "new.json")

    refused, forced = run("publish", "new.json"), run("publish", "new.json", "--force")

    assert (refused.exit_code, forced.exit_code) == (1, 0)
    assert "Refused: it lacks 15 of 30 symbols, such as S15." in refused.output


def test_who_built_on_an_older_list_is_told_to_build_again(run: Run) -> None:
    publish(run, *SYMBOLS)
    for name, new in (("ours", "OURS"), ("theirs", "THEIRS")):
        Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS, new))
        run("build", "now.txt", "-o", f"{name}.json")

    first, second = run("publish", "theirs.json"), run("publish", "ours.json", "--force")

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "Another list was published since this one was built" in second.output


def test_a_broken_list_in_the_bucket_can_be_replaced(app: Flask, run: Run, s3: S3Client) -> None:
    settings = app.extensions[KEY].settings
    s3.put_object(Bucket=settings.ticker_bucket, Key=settings.ticker_key, Body=b"<html>")

    publish(run, *SYMBOLS)

    stored = create_app(settings, on_lambda=True).extensions[KEY].ticker_list.current()
    assert stored.find("S07") is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "missing.txt"], "No such file"),
        (["build", "http://127.0.0.1:9/"], "refused"),
        (["build", "page.html"], "Refused: page.html: it is not nasdaqlisted.txt"),
        (["build", "now.txt", "--successor", "S00"], "is not of the form FB=META"),
        (["build", "now.txt", "--successor", "S00=S01"], "Refused: S00 is not a delisted symbol"),
        (["diff", "page.html"], "Refused: it is not JSON"),
        (["publish", "page.html"], "Refused: it is not JSON"),
    ],
)
def test_what_cannot_be_done_ends_in_a_sentence(run: Run, arguments: list[str], words: str) -> None:
    Path("page.html").write_bytes(b"<html>")
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS))

    result = run(*arguments)

    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_bucket_out_of_reach_ends_in_a_sentence(run: Run, proxy: FaultProxy) -> None:
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS))
    proxy.plan = always(Trouble.THROTTLED)

    result = run("build", "now.txt")

    assert (result.exit_code, result.output) == (1, "Error: The bucket cannot be reached: throttled: SlowDown\n")


def test_symbols_that_cannot_be_spelled_are_counted(run: Run) -> None:
    Path("now.txt").write_bytes(nasdaq_listed("A*B|Odd|Q|N|N|100|N|N", "AAPL|Apple Inc.|Q|N|N|100|N|N"))

    assert "1 symbols of the sources are invalid" in run("build", "now.txt").output


@pytest.mark.parametrize(
    ("symbol", "exit_code", "words"),
    [
        ("brk-b", 0, "BRK.B: BERKSHIRE HATHAWAY INC, NYSE.\n"),
        ("FB", 1, "FB: Facebook, Inc., NASDAQ, delisted 2022-06-09, now META.\n"),
        ("ZZZZ", 1, "ZZZZ: not in the list.\n"),
        ("not a symbol", 1, "not a symbol: not in the list.\n"),
    ],
)
def test_show_tells_what_the_list_in_use_says(run: Run, symbol: str, exit_code: int, words: str) -> None:
    result = run("show", symbol)

    assert (result.exit_code, result.output.startswith(words)) == (exit_code, True)
    assert "bundled" in result.output
    assert ("503 tickers_unavailable" in result.output) == (exit_code == 1)


@pytest.fixture
def job(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], dict[str, str]]:
    """Run the weekly job with this content of the only default source."""

    def job(content: bytes) -> dict[str, str]:
        path = tmp_path / "public.txt"
        path.write_bytes(content)
        monkeypatch.setattr(PublicTickerFiles, "default_sources", (str(path),))
        with app.app_context():
            return jobs.refresh(app.extensions[KEY].ticker_list_service())

    return job


def test_the_job_publishes_what_changed(
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
def test_the_job_alarms_rather_than_publishes(
    run: Run, job: Callable[[bytes], dict[str, str]], caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    publish(run, *SYMBOLS)

    assert job(content) == {"status": "refused"}

    alarm = caplog.records[-1]
    assert (alarm.levelname, alarm.message) == ("ERROR", "ticker list not published")
    assert alarm.__dict__["kind"] == "TickerListRefused"
    assert reason in alarm.__dict__["reason"]
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS))
    run("build", "now.txt", "-o", "same.json")
    assert run("diff", "same.json").output == "Nothing would change.\n"


def test_the_job_alarms_when_the_bucket_is_out_of_reach(
    job: Callable[[bytes], dict[str, str]], proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.plan = always(Trouble.INTERNAL_ERROR)

    assert job(a_nasdaq_file(*SYMBOLS)) == {"status": "refused"}

    assert caplog.records[-1].__dict__["kind"] == "TickersUnavailable"


def test_what_is_published_is_the_contracts_document_alone(app: Flask, run: Run, s3: S3Client) -> None:
    publish(run, *SYMBOLS)

    settings = app.extensions[KEY].settings
    stored = s3.get_object(Bucket=settings.ticker_bucket, Key=settings.ticker_key)["Body"].read()
    assert set(json.loads(gzip.decompress(stored))) == {"version", "updated_at", "symbols"}
