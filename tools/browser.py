"""Find the browser for the tests, or install one where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def is_installed() -> bool:
    """Whether there is a Chromium: named by CHROMIUM, on the path, or Playwright's own."""
    if os.environ.get("CHROMIUM") or any(shutil.which(name) for name in NAMES):
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def install() -> None:
    """Try Debian's package, then Playwright's own download."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing chromium for the browser tests …")
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
            check=False,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    if not is_installed():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if not is_installed():
    install()
if not is_installed():
    sys.exit(
        "The browser tests need Chromium. Install it (sudo apt-get install chromium), "
        "or name one: CHROMIUM=/path/to/chromium make test"
    )
