"""How gunicorn serves us when it is started in this directory, as `make run` does: what a command line cannot say."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from mmap import mmap
from threading import BoundedSemaphore, Thread
from time import monotonic, sleep
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

PATIENCE = 30.0
"""Seconds that one request may hold a thread, from its first byte to the last one of its answer; CONFIG_API_DEADLINE
takes at most 29."""

LINGERING = BoundedSemaphore(64)
"""Connections that may wait at once for their callers to close; those beyond are closed on the spot."""

GIVE_WAY = 0.001
"""Seconds that a worker leaves a new connection to one that has clearly less to do. What it holds waits as well, so
that callers who connect for every request pay a little for what those gain who keep their connections."""

SHARES = memoryview(mmap(-1, 128)).cast("H")
"""What each worker holds, known to all: one more than its connections, `FULL`, or 0 for a worker that takes none."""

FULL = 0xFFFF
"""The share of a worker whose threads are all in use, be it by few connections: new callers would wait there."""


class PatientWorker(ThreadWorker):
    """gunicorn's own threads, none of which a caller holds for good, and each worker with its share of the callers.

    gunicorn waits without end for the rest of a request that has begun, and for a caller who reads no answer:
    as many phones that lost their network as there are threads, and nobody is served any more. And of connections
    that come together, the worker that wakes up first takes all: its threads then get in each other's way, at a
    third of the rate, while the others sleep.
    """

    def init_process(self) -> None:
        """Serve until told to stop."""
        self._begun: dict[Any, float] = {}
        super().init_process()

    def notify(self) -> None:
        """Say that we live, before each look at what there is to do, and how much we have."""
        super().notify()
        SHARES[_place(self)] = self._share()

    def accept(self, listener: Any) -> None:
        """Take a new connection, if nobody takes it who has less to do."""
        if self._share() > min(filter(None, SHARES), default=FULL) + 1:
            sleep(GIVE_WAY)
        super().accept(listener)
        SHARES[_place(self)] = self._share()

    def _share(self) -> int:
        if not self.alive:
            return 0
        in_hand = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return FULL if in_hand >= self.cfg.threads else min(max(0, self.nr_conns) + 1, FULL - 1)

    def enqueue_req(self, conn: Any) -> None:
        """Give a request to a thread. gunicorn closes in the thread that accepts, up to 2 s long; we do it aside."""
        conn.close = partial(_close, conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve one request, in a thread."""
        self._begun[conn] = monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def murder_pending(self) -> None:
        """Hang up on who took too long; gunicorn asks once a second, for its own reasons."""
        super().murder_pending()
        for conn, begun in self._begun.copy().items():
            if monotonic() - begun > PATIENCE:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closes it


def _close(conn: Any, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - as gunicorn calls it
    if graceful and LINGERING.acquire(blocking=False):
        try:
            Thread(target=_linger, args=(conn,), daemon=True).start()
        except RuntimeError:  # no more threads
            LINGERING.release()
        else:
            return
    TConn.close(conn)


def _linger(conn: Any) -> None:
    try:
        TConn.close(conn, graceful=True)
    finally:
        LINGERING.release()


def _place(worker: Any) -> int:
    return int(worker.age % len(SHARES))


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - as gunicorn calls it
    """Expect nothing of a worker that is gone."""
    SHARES[_place(worker)] = 0


worker_class = PatientWorker
forwarder_headers = ""  # else whoever connects from this machine says where we are mounted: SCRIPT_NAME
