"""The checks before `zappa deploy` and `zappa update`, and the environment variables of the function.

`zappa_settings.json` names `prepare` as the callback that Zappa calls before it builds or uploads anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from click import ClickException

# Zappa loads this file by its path, without the project on the import path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from entrypoints.settings import PREFIX, SECRET, Settings, SettingsError, StoreKind

STORE, TABLE, SECRET_KEYS = (f"{PREFIX}{name}" for name in ("STORE", "TABLE", "SECRET_KEYS"))
DROP_KEYS = "DROP_SECRET_KEYS"
"""The variable that confirms that tokens signed with a removed key become invalid."""

Variables = Mapping[str, str]


def prepare(cli: Any) -> None:
    """Give the function the `CONFIG_API_*` variables of the shell. Raises ClickException if they are wrong."""
    if cli.command not in {"deploy", "update"}:
        return
    shell = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    declared = dict(cli.aws_environment_variables)
    deployed = _deployed(cli, cli.api_stage)
    others = {stage: _deployed(cli, stage) for stage in cli.zappa_settings if stage not in {"base", cli.api_stage}}
    environment = {**deployed, **declared, **shell}
    refusals = [
        *_contradictions(shell, declared, deployed),
        *_shared_with_another_stage(environment, others),
        *_dropped_keys(environment, deployed, confirmed=os.environ.get(DROP_KEYS) == "1"),
        *_invalid_settings(environment),
    ]
    if refusals:
        raise ClickException("\n  ".join([f"Nothing was uploaded to the stage {cli.api_stage}:", *refusals]))
    cli.aws_environment_variables.update(shell)
    # Zappa would create a bucket with a random name for each upload.
    if "s3_bucket" not in cli.stage_config:
        account = cli.zappa.sts_client.get_caller_identity()["Account"]
        cli.s3_bucket_name = f"config-api-zappa-{account}-{cli.zappa.aws_region}"
    for name in sorted(name for name in environment if name.startswith(PREFIX)):
        source = "shell" if name in shell else "zappa_settings.json" if name in declared else "deployed function"
        sys.stdout.write(f"{name}={_shown(name, environment[name])}  ({source})\n")


def _contradictions(shell: Variables, declared: Variables, deployed: Variables) -> Iterator[str]:
    """The shell may be prepared for another stage."""
    stage = {name: deployed[name] for name in (STORE, TABLE) if name in deployed} | dict(declared)
    for name in sorted(shell.keys() & stage.keys()):
        if shell[name] != stage[name]:
            yield (
                f"{name} is {_shown(name, shell[name])} in your shell and {_shown(name, stage[name])} in this stage. "
                "Use a shell for this stage, or change zappa_settings.json."
            )


def _shared_with_another_stage(environment: Variables, others: Mapping[str, Variables]) -> Iterator[str]:
    for stage, other in others.items():
        if environment.get(TABLE) and environment.get(TABLE) == other.get(TABLE):
            yield f"{TABLE} is the table of the stage {stage}. Name another one."
        if _keys(environment) & _keys(other):
            yield f"{SECRET_KEYS} contains a key of the stage {stage}: its tokens would be valid here. Create another."


def _dropped_keys(environment: Variables, deployed: Variables, *, confirmed: bool) -> Iterator[str]:
    if _keys(deployed) - _keys(environment) and not confirmed:
        yield (
            f"{SECRET_KEYS} lacks a key that the function uses, and all sessions that it signed would end. Put the new "
            f"key in front of the old one, or set {DROP_KEYS}=1 when the old key is 30 days out of use, or stolen."
        )


def _invalid_settings(environment: Variables) -> Iterator[str]:
    try:
        settings = Settings.of(environment)
    except SettingsError as error:
        for name, problem in error.problems.items():
            yield f"{name} {problem}."
    else:
        if settings.store is StoreKind.SQLITE:
            yield f"{STORE} is sqlite, and a function has no disk for it: use dynamodb."


def _deployed(cli: Any, stage: str) -> Variables:
    """The environment variables of the function of a stage; none if there is no such function."""
    name = f"{cli.project_name}-{stage}"
    try:
        configuration = cli.zappa.lambda_client.get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return {}
        # An operator of one stage may have no access to the others; Zappa itself needs access to this one.
        if stage != cli.api_stage:
            sys.stdout.write(f"The function {name} cannot be read, so its table and keys were not compared.\n")
            return {}
        raise ClickException(f"The function {name} cannot be read: {error}") from error
    variables: Variables = configuration.get("Environment", {}).get("Variables", {})
    return variables


def _keys(environment: Variables) -> set[str]:
    return {key.strip() for key in environment.get(SECRET_KEYS, "").split(",") if key.strip()}


def _shown(name: str, value: str) -> str:
    if name.removeprefix(PREFIX) not in SECRET:
        return value
    count = len(value.split(","))
    return f"<{count} secret key{'' if count == 1 else 's'}>"
