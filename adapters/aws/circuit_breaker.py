"""A circuit breaker: stops calls to a service that does not respond."""

from __future__ import annotations

from threading import Lock

from domain.deadline import Monotonic


class CircuitBreaker:
    """Counts consecutive timeouts, and allows or refuses requests. Safe for threads; times in seconds.

    * Closed: every request is allowed. The breaker opens after `threshold` consecutive timeouts over at
      least `window` seconds. A response, even an error, starts the count again. So a stall of one second
      does not open it, however many requests share the stall.
    * Open: every request is refused for `probe_interval` after a timeout.
    * Half-open: then one request, the probe, is allowed. A response closes the breaker, a timeout opens it
      again. A probe whose result is not recorded within `probe_timeout` is given up.
    """

    def __init__(
        self, *, threshold: int, window: float, probe_interval: float, probe_timeout: float, clock: Monotonic
    ) -> None:
        self._threshold = threshold
        self._window = window
        self._probe_interval = probe_interval
        self._probe_timeout = probe_timeout
        self._clock = clock
        self._timeouts = 0
        # The first timeout sets all three before they are read.
        self._first_timeout = self._last_timeout = self._next_probe = 0.0  # pragma: no mutate - never read
        self._lock = Lock()

    @property
    def is_closed(self) -> bool:
        """Whether every request is allowed."""
        return self._timeouts < self._threshold or self._last_timeout - self._first_timeout < self._window

    def allows_request(self) -> bool:
        """Whether a request may be sent now. If the breaker is half-open, this request is the probe."""
        with self._lock:
            if self.is_closed:
                return True
            now = self._clock()
            if now < self._next_probe:
                return False
            self._next_probe = now + self._probe_timeout + self._probe_interval
            return True

    def record_response(self) -> None:
        """The service responded, with a result or with an error."""
        with self._lock:
            self._timeouts = 0

    def record_timeout(self) -> None:
        """The service did not respond in time."""
        with self._lock:
            self._last_timeout = self._clock()
            if self._timeouts == 0:
                self._first_timeout = self._last_timeout
            self._timeouts += 1
            self._next_probe = self._last_timeout + self._probe_interval
