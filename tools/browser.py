"""Find the browser for the tests, or install one where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

WITH_WINDOWS = ("chromium", "chromium-browser", "google-chrome")
HEADLESS = "chromium-headless-shell"
"""Chromium without windows: it takes half the processor time."""


def chromium(names: Sequence[str] = (HEADLESS, *WITH_WINDOWS)) -> str | None:
    """The path of the browser: CHROMIUM, the system's, or None for the one that Playwright installs."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def is_installed() -> bool:
    """Whether there is a Chromium: named by CHROMIUM, on the path, or Playwright's own."""
    if chromium():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def install() -> None:
    """Try Debian's packages, then Playwright's own download."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing chromium for the browser tests …")
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        for package in (HEADLESS, "chromium"):
            if not chromium():
                subprocess.run(
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
                    check=False,
                    stdout=subprocess.DEVNULL,
                    env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                )
    if not is_installed():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__":
    if not is_installed():
        install()
    if not is_installed():
        sys.exit(
            f"The browser tests need Chromium. Install it (sudo apt-get install {HEADLESS}), "
            "or name one: CHROMIUM=/path/to/chromium make test"
        )
