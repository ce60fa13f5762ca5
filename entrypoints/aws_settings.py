"""Wrong settings of botocore, the library for AWS: its variables and its files, `~/.aws/config` by default.

botocore finds most of them when it builds a client, and its messages do not name the variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from entrypoints.settings import SettingsError

_NAME = re.compile("AWS_[A-Z_]+")
_FILES = {"AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE"}


@contextmanager
def reported_aws_settings(variables: Mapping[str, str]) -> Iterator[None]:
    """Raise SettingsError, which names the variable, where a client cannot be built inside.

    `variables` are those whose name begins with `AWS_`, without empty ones and credentials.
    """
    from botocore.exceptions import BotoCoreError, NoRegionError  # noqa: PLC0415 - 225 ms that only AWS needs

    problems = dict(_problems(variables))
    if problems:
        raise SettingsError(problems)
    try:
        yield
    except NoRegionError as error:
        problem = "is required: the region of the table and of the bucket, such as eu-central-1"
        raise SettingsError({"AWS_REGION": problem}) from error
    except (BotoCoreError, ValueError, OSError) as error:
        message = str(error)
        raise SettingsError({_name(message, variables): message}) from error


def _problems(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What botocore notices only when it sends a request, or reports without the value."""
    for name, value in variables.items():
        if name.startswith("AWS_ENDPOINT_URL") and not _is_endpoint(value):
            yield name, f"takes a URL such as http://127.0.0.1:4566, not {value!r}"
        if name in _FILES and not Path(value).exists():
            yield name, f"takes the path of a file, and there is none at {value!r}"


def _is_endpoint(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _name(message: str, variables: Mapping[str, str]) -> str:
    """The variable of which botocore complains: named in its message, or with its value in the message."""
    named = _NAME.search(message)
    if named:
        return named[0]
    # AWS_REGION before AWS_DEFAULT_REGION, which may have been copied from it.
    quoted = [
        name
        for name in sorted(variables, reverse=True)
        if re.search(rf"(?<![\w.-]){re.escape(variables[name])}(?![\w.-])", message)
    ]
    file = "AWS_SHARED_CREDENTIALS_FILE" if "credentials" in message else "AWS_CONFIG_FILE"
    return max(quoted, key=lambda name: len(variables[name]), default=file)
