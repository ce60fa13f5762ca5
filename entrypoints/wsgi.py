"""The WSGI application, and the only file that reads the environment."""

from __future__ import annotations

import os
import sys

from entrypoints import logs
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, SettingsError

try:
    settings = Settings.of(os.environ)
except SettingsError as error:
    sys.exit(str(error))
logs.configure(settings.log_level)
app = create_app(settings)
