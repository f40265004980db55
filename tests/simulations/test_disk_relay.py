"""A relay's SQLite store on a disk that loses power or fails: what was acknowledged is there."""

import asyncio
from pathlib import Path

import pytest

from relay import sqlite_store
from simulations.disk.errors import ErrorPoint
from simulations.disk.mailboxes import (
    Day,
    relay_day,
    relay_error_points,
    relay_fault_at,
    relay_fault_of,
    relay_images,
)
from tests.simulations.disk_meeting import NORMAL, folder

__all__ = ["folder"]

IMAGES_MIN = 150
EVERY = 3
SYNCS = tuple(ErrorPoint("sync", n, "io", times) for n in range(4) for times in (1, 3, 1000))


@pytest.fixture(scope="module")
def day(folder: Path) -> Day:
    return asyncio.run(relay_day(folder, {}))


async def test_every_acknowledged_push_is_there_after_every_cut(day: Day) -> None:
    count = 0
    for image in relay_images(day, seed=1, share=0.12):
        assert await relay_fault_of(day, image) == "", image.name
        count += 1
    assert count >= IMAGES_MIN


async def test_a_push_that_does_not_wait_for_the_disk_is_found(folder: Path) -> None:
    (folder / "careless").mkdir()
    careless = await relay_day(folder / "careless", NORMAL)
    faults = [await relay_fault_of(careless, one) for one in relay_images(careless, 1, 0.03)]
    assert sum(1 for fault in faults if "mailboxes at" in fault) > 5


def test_a_relay_survives_each_call_that_fails(day: Day) -> None:
    points = list(relay_error_points(day))
    assert len(points) > 100
    for point in (*points[::EVERY], *SYNCS):
        assert asyncio.run(relay_fault_at(day, point)) == "", point.name


async def test_a_log_that_is_only_in_memory_is_found_when_nothing_folds_it(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "_FOLD", "PRAGMA user_version")
    assert any([await relay_fault_at(day, point) for point in SYNCS])
