"""Commands that hang off Flask's own: `flask --app entrypoints.wsgi …`."""

from __future__ import annotations

from entrypoints.cli.openapi import openapi

COMMANDS = (openapi,)
