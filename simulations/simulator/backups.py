"""Copies of phones that people keep, and what putting one back, or using it beside, comes to.

A copy has the home and the disk; the markers lie outside the home (node/marker.py), so a copy of
the whole phone has them and a copy of the home alone has not.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from simulations.disk import SimulatedDisk

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone


Markers = Literal["kept", "copied", "gone"]
"""Those of the phone stay, those of the copy come, or there are none."""


class Backup(NamedTuple):
    """A phone as it was."""

    folder: Path
    disk: SimulatedDisk
    key: bytes
    """Of the device that it was."""


def back_up(phone: "Phone", number: int) -> Backup:
    """Copy a phone, running or not."""
    folder = phone.folder.with_name(f"{phone.name}.copy{number}")
    shutil.copytree(phone.folder, folder)
    (folder / "home" / "lock").unlink(missing_ok=True)
    (folder / "home" / "local.json").unlink(missing_ok=True)
    return Backup(folder, _moved(phone.disk.copy(), phone.folder, folder), phone.key)


def put_back(phone: "Phone", backup: Backup, markers: Markers) -> None:
    """Lay a copy over a phone that is off."""
    shutil.rmtree(phone.home, ignore_errors=True)
    shutil.copytree(backup.folder / "home", phone.home)
    if markers != "kept":
        shutil.rmtree(phone.folder / "state", ignore_errors=True)
    if markers == "copied" and (backup.folder / "state").exists():
        shutil.copytree(backup.folder / "state", phone.folder / "state")
    phone.disk = _moved(backup.disk.copy(), backup.folder, phone.folder)


def empty(phone: "Phone", number: int) -> None:
    """Everything on a phone that is off is gone."""
    if phone.folder.exists():
        phone.folder.rename(phone.folder.with_name(f"{phone.name}.gone{number}"))
    phone.disk = SimulatedDisk(phone.clock.random_number())


def _moved(disk: SimulatedDisk, old: Path, new: Path) -> SimulatedDisk:
    """The same files under the names that they have in another folder."""
    for name in list(disk.files):
        if name.startswith(f"{old}/"):
            disk.files[f"{new}{name.removeprefix(str(old))}"] = disk.files.pop(name)
    return disk
