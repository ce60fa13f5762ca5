"""What every test has: no network but loopback, no AWS account by accident."""

from __future__ import annotations

from hypothesis import settings

import verification.environment.credentials  # noqa: F401 replaces a developer's credentials before botocore is imported

# A busy machine is no failure: what takes long is measured elsewhere.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
