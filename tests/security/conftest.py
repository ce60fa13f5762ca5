"""The fixtures of the API tests."""

from __future__ import annotations

from tests.api.conftest import ann, bob, client, clock, make_app

__all__ = ["ann", "bob", "client", "clock", "make_app"]
