"""The compressed size of the dashboard, and its speed on a slow network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from entrypoints.dashboard import assets, modules
from tests.browser.conftest import LAUNCH, chromium
from tests.browser.service import serve
from tests.browser.steps import edit, given, ready

BUDGET = 45 * 1024
LATENCY = 300
ROUNDS = 9
SHOWN = """new MutationObserver(() => {
    if (document.querySelector("article")) globalThis.shown ??= performance.now();
}).observe(document, { childList: true, subtree: true })"""
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
    """A return visit and a save in Chromium, with a latency that the browser adds to each request."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium(), args=LAUNCH) as browser,
        browser.new_context(base_url=server.url, reduced_motion="reduce") as context,
    ):
        page = context.new_page()
        given(page, "Tech", "Other")
        page.wait_for_load_state("networkidle")
        context.add_init_script(SHOWN)
        add_latency(context.new_cdp_session(page))
        visits, saves = zip(*(measure(page, number) for number in range(ROUNDS)), strict=True)
    table = Table("action", "ms", title=f"Dashboard, {LATENCY} ms latency, median of {ROUNDS}")
    table.add_row("return visit: navigation until the watchlists are visible", f"{median(visits):.0f}")
    table.add_row("save: click until it is confirmed", f"{median(saves):.0f}")
    return table


def add_latency(session: CDPSession) -> None:
    """Delay each response of the network, but none of the browser's cache."""
    session.send("Network.enable")
    conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def measure(page: Page, number: int) -> tuple[float, float]:
    """Milliseconds of a return visit and of a save."""
    page.goto("about:blank")
    page.goto("/")
    visit: float = page.evaluate("shown")
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
