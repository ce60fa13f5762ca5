"""How gunicorn serves us when it is started in this directory, as `make run` does: what a command line cannot say."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

PATIENCE = 30.0
"""Seconds that one request may hold a thread, from its first byte to the last one of its answer; CONFIG_API_DEADLINE
takes at most 29."""

LINGERING = BoundedSemaphore(64)
"""Connections that may wait at once for their callers to close; those beyond are closed on the spot."""


class PatientWorker(ThreadWorker):
    """gunicorn's own threads, none of which a caller holds for good.

    gunicorn waits without end for the rest of a request that has begun, and for a caller who reads no answer:
    as many phones that lost their network as there are threads, and nobody is served any more.
    """

    def init_process(self) -> None:
        """Serve until told to stop."""
        self._begun: dict[Any, float] = {}
        super().init_process()

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
        Thread(target=_linger, args=(conn,), daemon=True).start()
    else:
        TConn.close(conn)


def _linger(conn: Any) -> None:
    try:
        TConn.close(conn, graceful=True)
    finally:
        LINGERING.release()


worker_class = PatientWorker
forwarder_headers = ""  # else whoever connects from this machine says where we are mounted: SCRIPT_NAME
