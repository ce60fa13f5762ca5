"""`quotas`: compares the counter of each user with the stored configurations."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from domain.operations import Quota
from entrypoints.cli.table import require_table

quotas = AppGroup("quotas", help="The counters that enforce the limit of each user.")


@quotas.command()
@click.option(
    "--apply", is_flag=True, help="Correct the counters that differ; users may create and delete at the same time."
)
def reconcile(*, apply: bool) -> None:
    """Compare every user's counter with the number of stored configurations.

    Exits with 1 if a counter differs and was not corrected. A table that an earlier service filled
    has no counters: run this with --apply before the first request.
    """
    from rich.console import Console  # noqa: PLC0415 no Lambda loads what only commands need
    from rich.progress import Progress  # noqa: PLC0415 as above

    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    with require_table() as table, bar as progress:
        task = progress.add_task("Scanning the table", total=table.item_count() or None)
        users, left = 0, 0
        for quota in table.quotas():
            users += 1
            progress.advance(task, quota.stored + 1)
            for key in quota.unreadable:
                click.echo(f"{quota.user_id}: {key} cannot be read; repair or delete this item")
            if not quota.drifts:
                continue
            after = table.repair(quota.user_id) if apply else quota
            left += after.drifts
            click.echo(_describe(quota, after if apply else None))
    click.echo(f"{users} users, {left} counts drift.")
    sys.exit(1 if left else 0)


def _describe(quota: Quota, after: Quota | None) -> str:
    counted = "malformed count" if quota.counted is None else f"{quota.counted} counted"
    found = f"{quota.user_id}: {counted}, {quota.stored} stored"
    if after is None:
        return found
    return f"{found}; still drifts, run it again" if after.drifts else f"{found}; set to {after.counted}"
