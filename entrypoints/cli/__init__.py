"""Commands that hang off Flask's own: `flask --app entrypoints.wsgi …`."""

from __future__ import annotations

from entrypoints.cli.doctor import doctor
from entrypoints.cli.openapi import openapi
from entrypoints.cli.provision import provision
from entrypoints.cli.quotas import quotas
from entrypoints.cli.tickers import tickers

COMMANDS = (doctor, openapi, provision, quotas, tickers)
