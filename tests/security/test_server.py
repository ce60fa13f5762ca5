"""gunicorn as `make run` starts it, and callers who do not speak HTTP as they should."""

from __future__ import annotations

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.ministack import free_port
from tests.support.servers import WORKERS, serving

ROOT = Path(__file__).parents[2]
HOST = b"Host: localhost\r\n"
HEALTH = b"GET /api/v2/health HTTP/1.1\r\n" + HOST
VALIDATE = b"POST /api/v2/tickers/validate HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
BODY = b'{"symbols":[]}'
SECOND = b"GET /docs.css HTTP/1.1\r\n" + HOST + b"\r\n"
THREADS = 2
WHO = """
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(str(os.getpid()))))])
    return [str(os.getpid()).encode()]
"""

pytestmark = pytest.mark.slow


@contextmanager
def served(folder: Path, *, patience: float) -> Iterator[int]:
    """The port of a server with our gunicorn.conf.py, but for its patience."""
    port = free_port()
    ours = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    (folder / "conf.py").write_text(re.sub(r"(?m)^PATIENCE = .*", f"PATIENCE = {patience}", ours), encoding="utf-8")
    command = ["gunicorn", "--config", str(folder / "conf.py"), "--bind", f"127.0.0.1:{port}", "--log-level", "info"]
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--threads", str(THREADS), "entrypoints.wsgi:app"],
        env={"CONFIG_API_STORE": "memory", "PATH": os.environ["PATH"]},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        assert any("Booting worker" in line for line in server.stderr)
        try:
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served(tmp_path_factory.mktemp("server"), patience=30) as port:
        yield port


def answers(port: int, data: bytes) -> tuple[list[int], bytes]:
    """The statuses of all that is answered until the server hangs up, and its bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as caller:
        caller.sendall(data)
        caller.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: caller.recv(65536), b""))
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer)], answer


@pytest.mark.parametrize(
    "request_",
    [
        VALIDATE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
        VALIDATE + b"Content-Length: 14\r\nContent-Length: 0\r\n\r\n" + BODY + SECOND,
        VALIDATE + b"Content-Length: 14, 14\r\n\r\n" + BODY + SECOND,
        VALIDATE + b"Content-Length: +14\r\n\r\n" + BODY + SECOND,
        VALIDATE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
        VALIDATE + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
        VALIDATE + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SECOND,
        VALIDATE + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
        HEALTH + b"Host: other\r\n\r\n" + SECOND,
    ],
    ids=["both", "two lengths", "a list", "a sign", "unknown", "a blank", "folded", "a bare line feed", "two hosts"],
)
def test_a_request_whose_end_could_be_read_in_two_ways_is_the_last_of_its_connection(
    port: int, request_: bytes
) -> None:
    statuses, _ = answers(port, request_)

    assert len(statuses) == 1
    assert statuses[0] in {400, 501}


def test_the_body_of_a_request_that_nobody_read_is_not_the_next_request(port: int) -> None:
    for refused in (b"POST /api/v2/configurations HTTP/1.1\r\n" + HOST, HEALTH):
        statuses, answer = answers(
            port, refused + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + HEALTH + b"\r\n"
        )

        assert statuses in ([401, 200], [200, 200])
        assert b"text/css" not in answer


@pytest.mark.parametrize("chunk", [b"0xe\r\n", b"0_e\r\n", b"e;a\nb\r\n", b"-e\r\n", b"ffffffffffffffffff\r\n"])
def test_a_chunk_of_a_size_that_is_none_is_the_callers_fault(port: int, chunk: bytes) -> None:
    statuses, _ = answers(port, VALIDATE + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + BODY + b"\r\n0\r\n\r\n")

    assert set(statuses) == {400}


@pytest.mark.parametrize("header", [b"SCRIPT_NAME", b"PATH_INFO", b"REMOTE_ADDR", b"X_FORWARDED_FOR"])
def test_no_caller_says_where_we_are_mounted(port: int, header: bytes) -> None:
    path = b"GET //evil.example/docs HTTP/1.1\r\n" + HOST
    (status,), answer = answers(port, path + header + b": //evil.example\r\nConnection: close\r\n\r\n")

    assert status == 404
    assert b'"/docs#not_found"' in answer


def test_callers_who_send_half_a_request_hold_no_thread_for_good(tmp_path: Path) -> None:
    with served(tmp_path, patience=0.5) as port, ExitStack() as callers:
        for half in (b"GET / HT", VALIDATE + b"Content-Length: 14\r\n\r\n{") * THREADS:
            callers.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(half)

        statuses, _ = answers(port, HEALTH + b"\r\n")

    assert statuses == [200]


def test_callers_who_never_hang_up_keep_nobody_waiting(port: int) -> None:
    with ExitStack() as lingering:
        callers = [
            lingering.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(10)
        ]
        for caller in callers:  # gunicorn by itself waits two seconds for each, and serves nobody meanwhile
            caller.sendall(HEALTH + b"Connection: close\r\n\r\n")
        assert all(caller.recv(64) for caller in callers)

        with socket.create_connection(("127.0.0.1", port), timeout=8) as another:
            another.sendall(HEALTH + b"\r\n")
            answer = another.recv(64)

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_new_caller_is_served_by_the_worker_that_has_fewer(tmp_path: Path) -> None:
    (tmp_path / "who.py").write_text(WHO)
    with serving("who:app", log=tmp_path / "log", place=tmp_path) as server, ExitStack() as callers:

        def who_answers() -> int:
            caller = callers.enter_context(closing(HTTPConnection(urlsplit(server.url).netloc, timeout=10)))
            caller.request("GET", "/")
            return int(caller.getresponse().read())

        held: Counter[int] = Counter()
        while len(held) < WORKERS:
            held[who_answers()] += 1
        idle, busy = held
        os.kill(idle, signal.SIGSTOP)
        while held[busy] < held[idle] + 50:
            held[who_answers()] += 1
        os.kill(idle, signal.SIGCONT)

        assert [who_answers() for _ in range(40)].count(idle) >= 27


@pytest.mark.parametrize(
    ("worker", "share"),
    [
        ({"nr_conns": 0}, 1),
        ({"nr_conns": 40, "keepalived_conns": range(30), "pending_conns": range(3)}, 41),
        ({"nr_conns": 8}, 0xFFFF),
        ({"nr_conns": 70_000, "keepalived_conns": range(70_000)}, 0xFFFE),
        ({"nr_conns": 3, "alive": False}, 0),
        ({"nr_conns": -2}, 1),
    ],
    ids=["idle", "with quiet callers", "with every thread in use", "with a crowd", "leaving", "miscounted"],
)
def test_a_worker_draws_callers_by_what_it_can_do_for_them(worker: dict[str, Any], share: int) -> None:
    usual = {"alive": True, "keepalived_conns": (), "pending_conns": (), "cfg": SimpleNamespace(threads=8)}
    conf = runpy.run_path(str(ROOT / "gunicorn.conf.py"))

    assert conf["PatientWorker"]._share(SimpleNamespace(**usual | worker)) == share
