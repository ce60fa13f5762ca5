"""Names of log events. Metrics, alarms and searches use them, so a message may be reworded at any time.

A log call passes one in its `extra`: `log.warning("gave up", extra={"event": Event.GAVE_UP, …})`. Every log call at
WARNING or above has one, and docs/operations.md lists it.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """The value is public: operators search for it and alert on it. Add values, but do not change one."""

    REQUEST = "request"
    CREATE = "create"
    INTERNAL_ERROR = "internal error"
    SETTINGS_WRONG = "the settings are wrong"
    FAULT_INJECTION_ENABLED = "fault injection is enabled"

    RETRYING = "retrying"
    GAVE_UP = "gave up"
    PERMANENT_FAULT = "permanent fault"
    ITEM_UNREADABLE = "unreadable item left out"
    DELETE_NOT_COUNTED = "deleted what was never counted"
    QUOTA_MALFORMED = "malformed quota item repaired"
    DATABASE_FAILED = "the database failed"
    PURGED = "expired rows deleted"
    PURGE_REFUSED = "expired rows kept"

    TICKER_LIST_LOADED = "ticker list loaded"
    TICKER_LIST_FRESH = "ticker list is fresh again"
    TICKER_LIST_STALE = "ticker list is not fresh"
    TICKER_REFRESH_FAILED = "ticker list could not be refreshed"
    TICKER_LIST_PUBLISHED = "ticker list published"
    TICKER_LIST_UNCHANGED = "ticker list unchanged"
    TICKER_LIST_NOT_PUBLISHED = "ticker list not published"

    EVENT_REFUSED = "event refused"
    JOB_FAILED = "job failed"
    CLOCK_BEHIND = "the clock is behind"
    ISSUER_UNREACHABLE = "issuer out of reach"
