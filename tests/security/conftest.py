"""The fixtures of the API tests."""

from __future__ import annotations

from tests.api.conftest import ann, client, clock, issuer, lines, make_app, members, seconds

__all__ = ["ann", "client", "clock", "issuer", "lines", "make_app", "members", "seconds"]
