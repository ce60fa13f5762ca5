from __future__ import annotations

from tests.contract.conftest import backend

__all__ = ["backend"]
