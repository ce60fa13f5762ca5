"""The application of the API's tests, for those that attack it."""

from __future__ import annotations

from tests.api.conftest import ann, bob, client, clock, make_app

__all__ = ["ann", "bob", "client", "clock", "make_app"]
