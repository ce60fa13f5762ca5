"""The operator's commands for the list, and the weekly job, on an emulated S3."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from adapters.tickers.files import PublicTickerFiles
from entrypoints import jobs
from entrypoints.application import KEY, close
from entrypoints.bootstrap import create_app
from tests.faults.conftest import SYMBOLS, Run, a_list, a_nasdaq_file, list_in_use, publish
from verification.environment.fault_proxy import Fault, FaultProxy, always

pytestmark = pytest.mark.slow


def test_a_list_is_built_compared_and_published(app: Flask, run: Run) -> None:
    publish(run, *SYMBOLS)
    Path("nasdaqlisted.txt").write_bytes(a_nasdaq_file(*SYMBOLS[1:], "NEW"))

    built = run("build", "nasdaqlisted.txt", "--successor", "s00=new", "-o", "new.json")
    diff = run("diff", "new.json")
    published = run("publish", "new.json")
    again = run("diff", "new.json")

    assert "tickers diff new.json" in built.output
    assert all(words in diff.output for words in ("NEW [Inc.], NASDAQ", "now NEW", "1 added, 1 delisted."))
    assert "Published" in published.output
    assert "Nothing would change" in again.output
    former = list_in_use(app).find("S00")
    assert former is not None
    assert former.successor == "NEW"


def test_a_long_diff_is_cut_and_its_changes_are_counted(run: Run) -> None:
    publish(run, *SYMBOLS)
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS, "N1", "N2", "N3"))
    run("build", "now.txt", "-o", "new.json")

    output = run("diff", "new.json", "--limit", "1").output

    assert "N1" in output
    assert "N2" not in output
    assert "3 added." in output
    assert "--limit 3 shows all" in output


def test_a_list_that_lost_half_of_its_symbols_is_published_only_with_force(
    run: Run, put: Callable[[bytes], None]
) -> None:
    put(a_list("1", SYMBOLS))
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS[:15]))
    run("build", "now.txt", "-o", "new.json")

    refused, forced = run("publish", "new.json"), run("publish", "new.json", "--force")

    assert (refused.exit_code, forced.exit_code) == (1, 0)
    assert "Refused: it lacks 15 of 30 symbols" in refused.output


def test_a_list_with_an_outdated_base_is_refused(run: Run) -> None:
    publish(run, *SYMBOLS)
    for name, new in (("ours", "OURS"), ("theirs", "THEIRS")):
        Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS, new))
        run("build", "now.txt", "-o", f"{name}.json")

    first, second = run("publish", "theirs.json"), run("publish", "ours.json", "--force")

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "Another list was published" in second.output


def test_an_invalid_list_in_the_bucket_can_be_replaced(app: Flask, run: Run, put: Callable[[bytes], None]) -> None:
    put(b"<html>")

    publish(run, *SYMBOLS)

    assert list_in_use(app).find("S07") is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "missing.txt"], "missing.txt cannot be read: No such file"),
        (["build", "http://127.0.0.1:9/"], "http://127.0.0.1:9/ cannot be read: Connection refused"),
        (["build", "http://no.invalid/"], "Files can be named instead: tickers build nasdaqlisted.txt"),
        (["build", "page.html"], "Refused: page.html: it is not nasdaqlisted.txt"),
        (["build", "now.txt", "--successor", "S00"], "is not of the form FB=META"),
        (["build", "now.txt", "--successor", "S00=S01"], "Refused: S00 is not a delisted symbol"),
        (["diff", "page.html"], "Refused: it is not JSON"),
        (["publish", "page.html"], "Refused: it is not JSON"),
    ],
)
def test_an_expected_error_is_one_sentence(run: Run, arguments: list[str], words: str) -> None:
    Path("page.html").write_bytes(b"<html>")
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS))

    result = run(*arguments)

    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output


def test_an_unreachable_bucket_is_named(run: Run, proxy: FaultProxy) -> None:
    Path("now.txt").write_bytes(a_nasdaq_file(*SYMBOLS))
    proxy.plan = always(Fault.THROTTLED)

    result = run("build", "now.txt")

    assert result.exit_code == 1
    assert "The bucket cannot be reached: throttled" in result.output


def test_a_command_loads_the_list_only_if_it_uses_it(app: Flask, proxy: FaultProxy) -> None:
    proxy.calls.clear()

    command_line = create_app(app.extensions[KEY].settings, on_command_line=True)

    assert proxy.operations == []
    command_line.test_cli_runner().invoke(args=["tickers", "show", "AAPL"])
    assert set(proxy.operations) == {"GetObject"}
    close(command_line)


def test_a_command_before_the_bucket_exists_logs_nothing(proxy: FaultProxy) -> None:
    environ = {"CONFIG_API_STORE": "memory", "CONFIG_API_TICKER_BUCKET": "missing", "AWS_REGION": "us-east-1"}

    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "entrypoints.wsgi", "tickers", "--help"],
        cwd=Path(__file__).parents[2],
        env=os.environ | environ | {"AWS_ENDPOINT_URL_S3": proxy.endpoint},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    assert proxy.operations == []


@pytest.mark.parametrize(
    ("symbol", "exit_code", "words"),
    [
        ("brk-b", 0, "BRK.B: Berkshire Hathaway Inc, NYSE."),
        ("FB", 1, "delisted 2022-06-09, now META."),
        ("not a symbol", 1, "not a symbol: not in the list."),
    ],
)
def test_show_describes_the_entry_in_the_list_in_use(run: Run, symbol: str, exit_code: int, words: str) -> None:
    result = run("show", symbol)

    assert result.exit_code == exit_code
    assert words in result.output
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
            return jobs.build_and_publish(app.extensions[KEY].ticker_list_service())

    return job


def test_the_job_publishes_a_list_only_if_it_changed(run: Run, job: Callable[[bytes], dict[str, str]]) -> None:
    publish(run, *SYMBOLS)

    statuses = [job(a_nasdaq_file(*SYMBOLS, "NEW")), job(a_nasdaq_file(*SYMBOLS, "NEW"))]

    assert statuses == [{"status": "published"}, {"status": "unchanged"}]


def test_the_job_logs_an_error_and_publishes_nothing_if_the_list_is_refused(
    app: Flask, put: Callable[[bytes], None], job: Callable[[bytes], dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    put(a_list("1", SYMBOLS))

    assert job(a_nasdaq_file(*SYMBOLS[:20])) == {"status": "refused"}

    alarm = caplog.records[-1]
    assert (alarm.levelname, vars(alarm)["kind"]) == ("ERROR", "TickerListRefused")
    assert "it lacks 10 of 30 symbols" in vars(alarm)["reason"]
    assert list_in_use(app).freshness.version == "1"


def test_the_job_logs_an_error_if_the_bucket_is_unreachable(
    job: Callable[[bytes], dict[str, str]], proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.plan = always(Fault.INTERNAL_ERROR)

    assert job(a_nasdaq_file(*SYMBOLS)) == {"status": "refused"}

    assert vars(caplog.records[-1])["kind"] == "TickersUnavailable"
