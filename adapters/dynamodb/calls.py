"""How the modules of the store make calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Call(Protocol):
    """Makes a call to DynamoDB, and retries it."""

    def __call__(self, operation: str, attempt: Callable[[], T]) -> T:
        """Return the result of `attempt`. `operation` is its name in the log."""
