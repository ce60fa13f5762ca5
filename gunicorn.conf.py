"""Settings of gunicorn for `make run`: the gevent worker, limits on slow clients, and a clean shutdown."""

from __future__ import annotations

import errno
from typing import Any

import gevent
from gevent.lock import RLock

REQUEST_TIMEOUT = 30.0
"""Seconds from the end of a request's header to the end of its response; CONFIG_API_DEADLINE is at most 29."""

# One greenlet per connection: a client that sends nothing, or half a request, does not occupy a thread.
worker_class = "gevent"

# One process per core of a small machine; they share the SQLite database.
workers = 2

# Connections of one worker, idle ones included. Each needs a file descriptor, and the usual limit of a process is 1024.
worker_connections = 800

# Seconds to wait for the complete header of the next request, on new and on idle connections.
keepalive = 5

# Seconds after which a worker whose event loop does not respond is replaced.
timeout = 30

# Seconds that requests in progress have to finish after SIGTERM or Ctrl+C: as long as a request may take.
graceful_timeout = 30

# The default lets any client on this machine set SCRIPT_NAME and PATH_INFO by request headers.
forwarder_headers = ""

# The default creates a control socket in the home directory, which may be read-only.
control_socket_disable = True

_requests: dict[Any, gevent.Timeout] = {}
"""The requests in progress in this worker, and the timeout of each."""

_closing = RLock()
"""Held while the application is closed. Ctrl+C reaches a worker twice: from the terminal and from gunicorn."""

_quitting: list[gevent.Greenlet] = []
"""The greenlets that run gunicorn's handler of Ctrl+C: it exits the worker soon after `worker_int` returns."""


def pre_request(worker: Any, request: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Bound the whole request: gunicorn itself waits without limit for a body, and for a client to read."""
    # ECONNRESET is the error of a client that disconnects, which gunicorn and Werkzeug handle without a stack trace.
    error = ConnectionResetError(errno.ECONNRESET, "The request took too long.")
    _requests[request] = gevent.Timeout.start_new(REQUEST_TIMEOUT, error)


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Cancel the timeout of the request."""
    _requests.pop(request).close()


def worker_int(worker: Any) -> None:
    """Finish the requests in progress on Ctrl+C, as on SIGTERM, and close the application."""
    _quitting.append(gevent.getcurrent())
    while _requests:
        gevent.sleep(0.05)
    _close_application(worker)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Close the application, unless Ctrl+C has closed it."""
    _close_application(worker)
    # Otherwise gunicorn's handler of Ctrl+C would exit the worker a second time, in the middle of its exit.
    gevent.killall(_quitting)


def _close_application(worker: Any) -> None:
    """Close the store, the clients and the threads of the application. Done again, it has no effect."""
    # A worker that could not load its application has no `wsgi`.
    extensions = getattr(getattr(worker, "wsgi", None), "extensions", {})
    with _closing:
        if application := extensions.get("config_api"):
            application.close()
