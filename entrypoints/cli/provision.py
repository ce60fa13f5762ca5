"""`provision`: creates what the service needs in AWS."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from entrypoints.cli.table import require_table


@click.command()
@with_appcontext
def provision() -> None:
    """Create the DynamoDB table, time to live and point-in-time recovery where they are missing; safe to repeat."""
    with require_table() as table:
        for step in table.provision():
            click.echo(step)
