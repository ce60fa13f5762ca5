from __future__ import annotations

from tests.contract.conftest import stage

__all__ = ["stage"]
