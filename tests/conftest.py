"""What every test has: no network but loopback, no AWS account by accident."""

from __future__ import annotations

import os

from hypothesis import settings

# Before anything imports botocore: no test may find a developer's credentials or region.
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

# A busy machine is no failure: what takes long is measured elsewhere.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
