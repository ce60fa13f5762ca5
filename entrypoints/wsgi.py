"""The WSGI application. Reads the environment."""

from __future__ import annotations

import os
import sys

from entrypoints import logs
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, SettingsError
from entrypoints.unready import create_unready_app

on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
# Set by Flask's own command line.
on_command_line = "FLASK_RUN_FROM_CLI" in os.environ

# Lambda and the other SDKs use AWS_REGION; botocore reads the older name only.
if os.environ.get("AWS_REGION"):
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]

try:
    settings = Settings.of(os.environ)
    # Commands print for people: routine log lines appear only if a lower level is set.
    logs.configure("WARNING" if on_command_line and settings.log_level == "INFO" else settings.log_level)
    app = create_app(settings, on_lambda=on_lambda, on_command_line=on_command_line)
except SettingsError as error:
    if not on_lambda:
        sys.stderr.write(f"{error}\n")
        # gunicorn ends when a worker exits with 3; after any other status it starts another worker, without end.
        sys.exit(3)
    # If a Lambda function exits at start, the gateway answers 502 and the log does not name the setting.
    logs.configure("INFO")
    app = create_unready_app(error)
