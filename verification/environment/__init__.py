"""What surrounds the service in tests: an AWS emulator, faults, an issuer, and gunicorn, all on loopback."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""The time of day in tests."""
