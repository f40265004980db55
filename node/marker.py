"""How far this phone's own chain had come, kept outside its home.

A home that is restored from a backup, or copied, does not know it: everything in it is as it was.
So after every commit the position of the phone's own chain is noted in a folder that a backup of
the home does not take along: MKUTANO_STATE, else XDG_STATE_HOME/mkutano, else
~/.local/state/mkutano. One file for each device and group, two sectors of 512 bytes:

    mkutano marker 1
    device / group      hex
    write               number of this writing; the higher of the two sectors counts
    position, chain     the newest change of this device that was stored here
    sought, its chain   one that was here once, or that others know of, and is not here; or 0
    check               first 16 bytes of SHA-256 of the lines before, hex

Sectors are written in turn, in place, without a sync: a killed process loses nothing, a power cut
loses at most the newest positions, and then the marker says less than the ledger, which is
harmless. It never says more than was stored.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from node.private_file import FILE_MODE, FOLDER_MODE, sync_folder
from replication.change import CHAIN_START

STATE_VARIABLE: Final = "MKUTANO_STATE"
SECTOR_BYTES: Final = 512
"""What storage writes whole or not at all."""

_FORM: Final = re.compile(
    r"mkutano marker 1\ndevice ([0-9a-f]{64})\ngroup ([0-9a-f]{64})\nwrite ([0-9]{1,18})\n"
    r"position ([0-9]{1,10}) ([0-9a-f]{64})\nsought ([0-9]{1,10}) ([0-9a-f]{64})\n"
    r"check ([0-9a-f]{32})\n *\n"
)


class Mark(NamedTuple):
    """A position in this device's own chain; 0 for none."""

    n: int = 0
    chain: bytes = CHAIN_START


class Marks(NamedTuple):
    """What a marker says."""

    position: Mark = Mark()
    sought: Mark = Mark()


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where markers lie."""
    said = environment.get(STATE_VARIABLE)
    if said:
        return Path(said)
    base = environment.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "mkutano"


class Marker:
    """The marker of one device in one group. No storage error here ever stops the books."""

    def __init__(self, folder: Path, device: bytes, group: bytes) -> None:
        self._device, self._group = device.hex(), group.hex()
        self.path = folder / f"{self._device[:16]}-{self._group[:16]}.marker"
        self._writing = 0

    def read(self) -> Marks | None:
        """What it says; None when there is none that can be read."""
        try:
            with self.path.open("rb") as file:
                content = file.read(2 * SECTOR_BYTES)
        except OSError:
            return None
        sectors = (content[:SECTOR_BYTES], content[SECTOR_BYTES:])
        found = [row for row in map(self._decoded, sectors) if row is not None]
        if not found:
            return None
        self._writing, marks = max(found)
        return marks

    def can_be_kept(self) -> bool:
        """Whether this phone lets us keep a marker at all."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return os.access(self.path.parent, os.W_OK)

    def write(self, marks: Marks) -> None:
        """Note where the chain stands; call after the commit."""
        self._writing += 1
        sector = self._encoded(marks)
        with contextlib.suppress(OSError):
            is_new = not self.path.exists()
            if is_new:
                self.path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                os.pwrite(file, sector, self._writing % 2 * SECTOR_BYTES)
                if is_new:  # once: an empty file would pass for a lost marker
                    os.fsync(file)
                    sync_folder(self.path.parent)
            finally:
                os.close(file)

    def _encoded(self, marks: Marks) -> bytes:
        text = (
            f"mkutano marker 1\ndevice {self._device}\ngroup {self._group}\n"
            f"write {self._writing}\nposition {marks.position.n} {marks.position.chain.hex()}\n"
            f"sought {marks.sought.n} {marks.sought.chain.hex()}\n"
        )
        text += f"check {_check(text)}\n"
        return text.encode().ljust(SECTOR_BYTES - 1) + b"\n"

    def _decoded(self, sector: bytes) -> tuple[int, Marks] | None:
        """Number of the writing and what it says; None for a torn, foreign or empty sector."""
        text = sector.decode("ascii", "replace")
        match = _FORM.fullmatch(text)
        if match is None or match[8] != _check(text[: match.start(8) - len("check ")]):
            return None
        if (match[1], match[2]) != (self._device, self._group):
            return None
        position = Mark(int(match[4]), bytes.fromhex(match[5]))
        return int(match[3]), Marks(position, Mark(int(match[6]), bytes.fromhex(match[7])))


def _check(text: str) -> str:
    return sha256(text.encode("ascii", "replace")).hexdigest()[:32]
