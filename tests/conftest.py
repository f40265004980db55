"""What tests of several rooms need."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def hledger() -> str:
    """The program hledger; without it the tests are skipped, and fail in CI."""
    found = shutil.which("hledger")
    if found is None:
        reason = "hledger is not installed; on Debian: apt install hledger"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return found
