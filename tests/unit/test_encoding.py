"""The JSON format of responses and log lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from entrypoints.encoding import to_ascii_json, to_json
from entrypoints.settings import Settings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ODD = ["\ud83d", "a\udfffb"]
"""Lone surrogates, which UTF-8 cannot encode."""


@pytest.mark.parametrize("beside", ["plain", "ü\u2028", *ODD], ids=ascii)
@pytest.mark.parametrize(
    ("moment", "text"),
    [(NOON, "2026-11-24T12:00:00Z"), (NOON + timedelta(microseconds=5), "2026-11-24T12:00:00.000005Z")],
)
def test_a_time_has_the_same_format_beside_any_text(moment: datetime, text: str, beside: str) -> None:
    value = {"at": moment, "text": beside}

    assert json.loads(to_json(value)) == json.loads(to_ascii_json(value)) == {"at": text, "text": beside}


@pytest.mark.parametrize("beside", ["plain", *ODD], ids=ascii)
def test_a_dataclass_is_written_as_its_repr(beside: str) -> None:
    written = to_json([Settings(secret_keys=("a secret",)), beside])

    assert json.loads(written) == [str(Settings()), beside]


def test_another_time_zone_keeps_its_offset() -> None:
    east = NOON.astimezone(timezone(timedelta(seconds=30)))

    assert json.loads(to_json([east, ODD[0]]))[0] == east.isoformat()


@pytest.mark.parametrize("value", [object, {1, 2}, 2**70], ids=str)
def test_unknown_types_are_written_as_text(value: object) -> None:
    assert json.loads(to_json([value])) == [value if isinstance(value, int) else str(value)]
