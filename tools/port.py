"""Check the port of `make run` before the server starts."""

from __future__ import annotations

import socket
import sys

MAX_PORT = 65_535
FIRST_UNPRIVILEGED_PORT = 1_024

text = sys.argv[1]
if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PORT):
    sys.exit(f"PORT is a number from 1 to {MAX_PORT}, not {text!r}: make run PORT=8000")
port = int(text)
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError as error:
        another = port + 1 if FIRST_UNPRIVILEGED_PORT <= port < MAX_PORT else 8000
        sys.exit(f"Port {port} cannot be used ({error.strerror}). Choose another: make run PORT={another}")
