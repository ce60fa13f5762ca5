"""Importing this module replaces a developer's AWS account, region and settings by made-up ones.

Import it before anything that imports botocore.
"""

from __future__ import annotations

import os

for _name in [name for name in os.environ if name.startswith(("AWS_", "CONFIG_API_"))]:
    del os.environ[_name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_REGION="us-east-1",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
