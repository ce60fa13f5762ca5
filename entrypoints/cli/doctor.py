"""`doctor`: checks everything that the service needs, and names the remedy for what fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from domain.errors import TryLater
from domain.operations import Finding
from domain.ticker_list import TickerSource
from entrypoints.application import Application, current_application


@click.command()
@with_appcontext
def doctor() -> None:
    """Check settings, store, table, clock, issuer and ticker list; exits with 1 if a check fails."""
    from rich.console import Console  # noqa: PLC0415 no Lambda loads what only commands need
    from rich.text import Text  # noqa: PLC0415 as above

    console = Console(soft_wrap=True)
    failed = 0
    for finding in _findings(current_application()):
        failed += not finding.passed
        mark, style = ("ok  ", "green") if finding.passed else ("FAIL", "bold red")
        console.print(Text.assemble((mark, style), (f" {finding.subject}: ", "bold"), finding.detail))
        if finding.remedy:
            console.print(Text(f"    {finding.remedy}"))
    sys.exit(1 if failed else 0)


def _findings(app: Application) -> Iterator[Finding]:
    # Wrong settings stop the start, before this command runs.
    yield Finding("settings", f"{app.settings.store} store, {app.settings.deadline.total_seconds():g} s a request.")
    table = app.table()
    if table is not None:
        yield from table.examine()
    yield _store(app)
    yield _ticker_list(app)
    yield from app.identities.examine()


def _store(app: Application) -> Finding:
    try:
        app.store.check()
    except TryLater as error:
        return Finding("store", str(error), "The log has the cause; the findings above may too.")
    return Finding("store", "can be reached.")


def _ticker_list(app: Application) -> Finding:
    freshness = app.ticker_list.current().freshness
    detail = f"{freshness.count} symbols, {freshness.source}, version {freshness.version}, as of {freshness.as_of}."
    is_not_authoritative = app.settings.ticker_bucket is not None and freshness.source is not TickerSource.S3
    return Finding(
        "ticker list",
        detail,
        "The list in S3 cannot be read: check CONFIG_API_TICKER_BUCKET and CONFIG_API_TICKER_KEY, or publish one."
        if is_not_authoritative
        else None,
    )
