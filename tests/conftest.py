"""What tests of several rooms need."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.marker import STATE_VARIABLE

LONGEST = (
    *("test_two_phones.py", "test_second_reckoning.py", "test_cli_pairing.py"),
    *("test_cli_running.py", "test_lock_changes.py"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, the longest files come first: none waits alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Markers of the tests' phones lie apart from those of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_VARIABLE, str(folder))
        yield folder


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
