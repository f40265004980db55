"""What tests of the book share: two officers who write apart, each of them ahead in turn."""

from __future__ import annotations

import pytest

from tests.model.apart import Apart
from tests.strategies import Village

ORDERS = [("secretary", "treasurer"), ("treasurer", "secretary")]


@pytest.fixture(params=ORDERS, ids=["secretary-first", "treasurer-first"])
def apart(request: pytest.FixtureRequest) -> Apart:
    """A village, its secretary and its treasurer; one of them is ahead in the shared order."""
    village = Village()
    behind = getattr(village, request.param[1])
    behind.lamport += 100
    return village, village.secretary, village.treasurer
