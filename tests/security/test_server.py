"""gunicorn with `gunicorn.conf.py`: malformed requests, slow clients, shutdown, and failed starts of `make run`."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from verification.environment.servers import CONFIGURATION, Server, serving

ROOT = CONFIGURATION.parent
HANG = 60.0
"""Seconds after which a test assumes that the server does not answer."""
HOST = b"Host: localhost\r\n"
HEALTH = b"GET /api/v2/health HTTP/1.1\r\n" + HOST
VALIDATE = b"POST /api/v2/tickers/validate HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
BODY = b'{"symbols":[]}'
SECOND = b"GET /static/docs.css HTTP/1.1\r\n" + HOST + b"\r\n"
SLOW_APP = """
import time
from pathlib import Path

class App:
    def __init__(self):
        self.extensions = {"config_api": self}

    def close(self):
        Path("closed").touch()

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/slow":
            yield b"started"
            time.sleep(1)  # the request is in progress; the test waits for its end, not for this time
            yield b"finished"

app = App()
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log = tmp_path_factory.mktemp("server") / "log"
    with serving("entrypoints.wsgi:app", log=log, settings={"CONFIG_API_STORE": "memory"}, place=ROOT) as server:
        yield port_of(server)


@contextmanager
def started(directory: Path, *options: str, request_timeout: float) -> Iterator[Server]:
    """A server with our configuration except for the timeout of a request."""
    configuration = directory / "conf.py"
    changed = f"{CONFIGURATION.read_text(encoding='utf-8')}\nREQUEST_TIMEOUT = {request_timeout}\n"
    configuration.write_text(changed, encoding="utf-8")
    with serving(
        "entrypoints.wsgi:app",
        log=directory / "log",
        settings={"CONFIG_API_STORE": "memory"},
        place=ROOT,
        configuration=configuration,
        options=options,
    ) as server:
        yield server


def port_of(server: Server) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


def connect(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=HANG)
    connection.sendall(data)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def exchange(port: int, data: bytes) -> tuple[list[int], bytes]:
    """The statuses of all responses on one connection, and their bytes."""
    with connect(port, data) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = read_to_end(connection)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer)], answer


AMBIGUOUS_FRAMING = {
    "length and encoding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 14\r\nContent-Length: 0\r\n\r\n" + BODY,
    "list of lengths": b"Content-Length: 14, 14\r\n\r\n" + BODY,
    "signed length": b"Content-Length: +14\r\n\r\n" + BODY,
    "unknown encoding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "space before colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded header": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare line feed": b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"Host: other\r\n\r\n",
}


@pytest.mark.parametrize("framing", AMBIGUOUS_FRAMING)
def test_an_ambiguously_framed_request_is_refused_and_the_connection_closed(port: int, framing: str) -> None:
    (status,), _ = exchange(port, VALIDATE + AMBIGUOUS_FRAMING[framing] + SECOND)

    assert status in {400, 501}


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"POST /api/v2/configurations HTTP/1.1\r\n" + HOST, 401), (HEALTH, 200)],
    ids=["refused", "accepted"],
)
def test_an_unread_body_is_not_parsed_as_the_next_request(port: int, request_: bytes, status: int) -> None:
    statuses, answer = exchange(
        port, request_ + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + HEALTH + b"\r\n"
    )

    assert statuses == [status, 200]
    assert b"text/css" not in answer


@pytest.mark.parametrize("chunk", [b"0xe\r\n", b"0_e\r\n", b"e;a\nb\r\n", b"-e\r\n", b"ffffffffffffffffff\r\n"])
def test_an_invalid_chunk_size_is_a_client_error(port: int, chunk: bytes) -> None:
    statuses, _ = exchange(port, VALIDATE + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + BODY + b"\r\n0\r\n\r\n")

    assert set(statuses) == {400}


@pytest.mark.parametrize("header", [b"SCRIPT_NAME", b"PATH_INFO"])
def test_a_client_cannot_set_the_mount_path_by_a_header(port: int, header: bytes) -> None:
    path = b"GET //evil.example/docs HTTP/1.1\r\n" + HOST
    (status,), answer = exchange(port, path + header + b": //evil.example\r\nConnection: close\r\n\r\n")

    assert status == 404
    assert b'"/docs#not_found"' in answer


@pytest.mark.parametrize("sent", [b"GET / HT", VALIDATE + b"Content-Length: 14\r\n\r\n{"], ids=["header", "body"])
def test_other_clients_are_served_while_500_connections_send_half_a_request(tmp_path: Path, sent: bytes) -> None:
    # No idle connection is closed: otherwise a server that blocks would answer after a while.
    with started(tmp_path, "--keep-alive", "600", request_timeout=600) as server, ExitStack() as idle:
        for _ in range(500):
            idle.enter_context(connect(port_of(server), sent))

        statuses, _ = exchange(port_of(server), HEALTH + b"\r\n")

    assert statuses == [200]


def test_a_body_that_does_not_arrive_ends_in_an_error_and_a_closed_connection(tmp_path: Path) -> None:
    with (
        started(tmp_path, request_timeout=0.5) as server,
        connect(port_of(server), VALIDATE + b"Content-Length: 14\r\n\r\n{") as connection,
    ):
        answer = read_to_end(connection)

    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"malformed_json"' in answer


def test_a_client_that_does_not_read_its_responses_is_disconnected(tmp_path: Path) -> None:
    pipelined = (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 2000
    with started(tmp_path, request_timeout=0.5) as server, connect(port_of(server), pipelined) as connection:
        closed = select.poll()
        closed.register(connection, select.POLLRDHUP)

        assert closed.poll(HANG * 1000)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "SIGTERM"])
def test_a_request_in_progress_is_finished_before_the_server_exits(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text(SLOW_APP)
    with (
        # A signal to a worker that is still starting would be lost, and the server would wait for its timeout.
        serving("slow:app", log=tmp_path / "log", place=tmp_path, options=("--workers", "1")) as server,
        connect(port_of(server), b"GET /slow HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") as connection,
    ):
        answer = b""
        while b"started" not in answer:
            answer += connection.recv(65536)

        interrupt(server, number)
        answer += read_to_end(connection)

        assert b"finished" in answer
        assert server.process.wait(HANG) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "SIGTERM"])
def test_the_application_is_closed_when_an_idle_server_exits(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text(SLOW_APP)

    with serving("slow:app", log=tmp_path / "log", place=tmp_path, options=("--workers", "1")) as server:
        interrupt(server, number)
        assert server.process.wait(HANG) == 0

    assert (tmp_path / "closed").exists()


def interrupt(server: Server, number: signal.Signals) -> None:
    """A terminal sends Ctrl+C to each process; SIGTERM comes from a supervisor, which knows only the first one."""
    workers = server.workers() if number == signal.SIGINT else []
    for pid in [server.process.pid, *workers]:
        os.kill(pid, number)


def test_a_wrong_setting_ends_gunicorn() -> None:
    """gunicorn restarts a worker that fails, unless its exit status is 3."""
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONFIGURATION), "--bind", "127.0.0.1:0"]

    ended = subprocess.run(
        [*command, "entrypoints.wsgi:app"],
        cwd=ROOT,
        env=os.environ | {"CONFIG_API_STORE": "mysql"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=HANG,
        check=False,
    )

    assert ended.returncode
    assert "CONFIG_API_STORE: " in ended.stderr


def make_run(directory: Path, port: object, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-o", ".venv/.runtime", "run", f"BIN={Path(sys.executable).parent}", f"PORT={port}"],
        cwd=ROOT,
        env=os.environ | {"CONFIG_API_SQLITE_PATH": str(directory / "db.sqlite3")} | settings,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )


@pytest.mark.parametrize(
    ("port", "settings", "message"),
    [("http", {}, "PORT is a number"), (65535, {"CONFIG_API_STORE": "mysql"}, "CONFIG_API_STORE: ")],
)
def test_make_run_names_a_wrong_setting_once(
    tmp_path: Path, port: object, settings: dict[str, str], message: str
) -> None:
    ended = make_run(tmp_path, port, **settings)

    assert ended.returncode == 2
    assert ended.stderr.count(message) == 1
    assert "Traceback" not in ended.stderr


def test_make_run_reports_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = make_run(tmp_path, other.getsockname()[1])

    assert ended.returncode == 2
    assert "cannot be used (Address already in use)" in ended.stderr
