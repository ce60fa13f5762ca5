"""Exit with a message if the Python that runs this is not supported. Runs on every Python 3."""

import pathlib
import re
import sys

PYPROJECT = pathlib.Path(__file__).resolve().parent.parent / "pyproject.toml"


def supported_versions() -> "list[str]":
    """The minor versions that pyproject.toml claims, such as `["3.11", "3.12"]`."""
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    version = "{}.{}".format(*sys.version_info[:2])
    if version not in supported_versions():
        supported = supported_versions()
        sys.exit(
            "Python {} ({}) is not supported. Supported: {}.\n"
            "Choose one with PYTHON, for example: make run PYTHON=python{}".format(
                version, sys.executable, ", ".join(supported), supported[-1]
            )
        )
