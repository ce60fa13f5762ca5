"""The compressed size of the dashboard, and the times of a return visit and of a save in Chromium (with windows)."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import CDPSession, Page, Playwright, sync_playwright
from rich.console import Console
from rich.table import Table

from entrypoints.dashboard import assets, modules
from tests.browser.conftest import LAUNCH
from tests.browser.service import serve
from tests.browser.steps import STORE, edit, given, ready
from tools.browser import WITH_WINDOWS, chromium

BUDGET = 45 * 1024
LATENCY = 300
ROUNDS = 9
VISIT = "(url) => { setTimeout(() => location.assign(url), 1000); }"
"""Visits when the developer tools are no longer attached."""
SECONDS_OF_A_VISIT = 3
LISTED = "performance.getEntriesByName('listed')[0].startTime"
SAVED = """() => new Promise((resolve) => {
    const start = performance.now();
    const editor = document.getElementById("editor");
    editor.addEventListener("close", () => resolve(performance.now() - start));
    document.getElementById("save").click();
})"""


def main() -> None:
    """Print the largest files, the total with its budget, and the times."""
    console = Console()
    console.print(sizes())
    console.print(times())


def sizes() -> Table:
    """The files of a first visit."""
    first = [*modules(), "theme.js", "dashboard.css", "icon.svg"]
    files = sorted(((name, assets()[name]) for name in first), key=lambda file: -len(file[1].compressed))
    table = Table("file", "KiB", title="Dashboard, compressed, without the page itself")
    for name, asset in files[:6]:
        table.add_row(name, f"{len(asset.compressed) / 1024:.1f}")
    total = sum(len(asset.compressed) for _, asset in files)
    table.add_row(f"all {len(files)} files, of {BUDGET / 1024:.0f}", f"{total / 1024:.1f}", end_section=True)
    return table


def times() -> Table:
    """A return visit and a save in Chromium."""
    with (
        # The browser may still write into its profile.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        sync_playwright() as playwright,
        serve(Path(folder)) as server,
    ):
        url = f"{server.url}/"
        visits = return_visits(playwright, Path(folder), url)
        slow_visits, saves = with_latency(playwright, url)
    table = Table("action", "ms", title=f"Dashboard, median of {ROUNDS}")
    table.add_row("return visit: navigation until the watchlists are in the page", f"{median(visits):.0f}")
    table.add_row(f"the same, {LATENCY} ms latency, with developer tools", f"{median(slow_visits):.0f}")
    table.add_row(f"save, {LATENCY} ms latency, with developer tools: click until confirmed", f"{median(saves):.0f}")
    return table


def executable(playwright: Playwright) -> str:
    """The path of the browser."""
    return chromium(WITH_WINDOWS) or playwright.chromium.executable_path


def return_visits(playwright: Playwright, folder: Path, url: str) -> list[float]:
    """Milliseconds of return visits while no developer tools are attached: they delay each of the page's files."""
    profile = folder / "profile"
    command = [executable(playwright), *LAUNCH, "--headless=new", "--remote-debugging-port=0"]
    visits: list[float] = []
    with subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as browser:
        try:
            port = debugging_port(profile, browser)
            with attached(playwright, port) as page:
                page.goto(url)
                page.wait_for_load_state("networkidle")
                page.evaluate(STORE, [["Tech", "Other"], ["AAPL"]])
                page.reload()
                ready(page)
                page.wait_for_load_state("networkidle")
            for _ in range(ROUNDS):
                with attached(playwright, port) as page:
                    page.goto("data:text/html,")
                    page.evaluate(VISIT, url)
                time.sleep(SECONDS_OF_A_VISIT)  # nothing may be attached that could tell when the visit is complete
                with attached(playwright, port) as page:
                    visits.append(page.evaluate(LISTED))
        finally:
            browser.terminate()
    return visits


def debugging_port(profile: Path, browser: subprocess.Popen[bytes]) -> int:
    """The port that the browser has chosen and written into its profile."""
    written = profile / "DevToolsActivePort"
    while not (written.exists() and (lines := written.read_text().splitlines())):
        if browser.poll() is not None:
            raise ChildProcessError(f"The browser ended with {browser.returncode}.")
        time.sleep(0.1)  # between two looks at the profile of a browser that is starting
    return int(lines[0])


@contextmanager
def attached(playwright: Playwright, port: int) -> Iterator[Page]:
    """The page of a running browser."""
    browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
    yield browser.contexts[0].pages[0]
    browser.close()


def with_latency(playwright: Playwright, url: str) -> tuple[list[float], list[float]]:
    """Milliseconds of return visits and of saves, with a latency that the browser adds to each request."""
    with (
        playwright.chromium.launch(executable_path=executable(playwright), args=LAUNCH) as browser,
        browser.new_context(base_url=url, reduced_motion="reduce") as context,
    ):
        page = context.new_page()
        given(page, "Tech", "Other")
        page.wait_for_load_state("networkidle")
        add_latency(context.new_cdp_session(page))
        visits, saves = zip(*(measure(page, number) for number in range(ROUNDS)), strict=True)
    return list(visits), list(saves)


def add_latency(session: CDPSession) -> None:
    """Delay each response of the network, but none of the browser's cache."""
    session.send("Network.enable")
    conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def measure(page: Page, number: int) -> tuple[float, float]:
    """Milliseconds of a return visit and of a save."""
    page.goto("about:blank")
    page.goto("/")
    visit: float = page.evaluate(LISTED)
    ready(page)
    page.wait_for_load_state("networkidle")
    name = "Tech" if number % 2 == 0 else "Technology"
    edit(page, name)
    page.get_by_label("Name", exact=True).fill("Technology" if name == "Tech" else "Tech")
    page.wait_for_load_state("networkidle")
    save: float = page.evaluate(SAVED)
    return visit, save


if __name__ == "__main__":
    main()
