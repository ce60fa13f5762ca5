"""Firefox, driven through Marionette, its remote protocol: numbered JSON messages over TCP.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html. Playwright drives only its own build.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTROL, ENTER, TAB = "\ue009", "\ue007", "\ue004"
TIMEOUT = 30
"""Seconds until a test gives up. Only a failing test waits that long."""
PREFERENCES = {
    "marionette.port": 0,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


def firefox() -> str | None:
    """The path of the browser: FIREFOX, or the system's."""
    return os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


@contextmanager
def running(profile: Path) -> Iterator[Firefox]:
    """Start a browser without a window, with a new profile."""
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [firefox() or "firefox", "--marionette", "--headless", "--no-remote", "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            port = next(
                int(found[1]) for line in process.stdout if (found := re.search(r"Listening on port (\d+)", line))
            )
            with socket.create_connection(("127.0.0.1", port), timeout=2 * TIMEOUT) as connection:
                yield Firefox(connection)
        finally:
            process.kill()


class StaleElementError(Exception):
    """The page has replaced the element since it was found."""


class Firefox:
    """One session of the browser."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._receive()
        self._command("NewSession")
        self._command("SetTimeouts", script=TIMEOUT * 1000)

    def open(self, url: str) -> None:
        self._command("Navigate", url=url)

    def open_tab(self, url: str) -> str:
        """Open another tab, which is now the current one, and return the handle of the former."""
        former: str = self._command("GetWindowHandle")
        self.switch(self._command("NewWindow", type="tab")["handle"])
        self.open(url)
        return former

    def switch(self, handle: str) -> None:
        self._command("SwitchToWindow", handle=handle, focus=False)

    def click(self, selector: str) -> None:
        """Click an element when it is there and enabled."""
        self.wait_until(f"document.querySelector({json.dumps(selector)})?.matches(':enabled, a')")
        found = self._command("FindElement", using="css selector", value=selector)
        try:
            self._command("ElementClick", id=next(iter(found.values())))
        except StaleElementError:
            self.click(selector)

    def press(self, *keys: str) -> None:
        """Press the keys of each text in turn, all held until the last is released: `press(*"Tech")`, `press("^z")`."""
        for held in keys:
            pressed = [{"type": "keyDown", "value": key} for key in held]
            released = [{"type": "keyUp", "value": key} for key in reversed(held)]
            self._command("PerformActions", actions=[{"type": "key", "id": "keys", "actions": pressed + released}])

    def wait_until(self, condition: str) -> None:
        """Return when an expression of JavaScript is true."""
        look = f"const done = arguments[0]; const look = () => ({condition}) ? done() : setTimeout(look, 10); look();"
        self._command("ExecuteAsyncScript", script=look, args=[])

    def _command(self, name: str, **parameters: Any) -> Any:
        message = json.dumps([0, 0, f"WebDriver:{name}", parameters]).encode()
        self._stream.write(b"%d:%b" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._receive()
        if error and error["error"] == "stale element reference":
            raise StaleElementError
        assert error is None, f"{name} {parameters}: {error}"
        return result.get("value", result)

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._stream.read(1)
        return json.loads(self._stream.read(int(length[:-1])))
