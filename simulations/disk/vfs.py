"""SQLite's door to simulated disks: one VFS for all of them, told apart by the number in a name.

SQLite's own rules for a VFS are in sqlite.org/c3ref/vfs.html and io_methods.html. Time stands still
here and chance comes from the disk's seed, so that the same run writes the same bytes. The disk
says what Linux says of its own: sectors of 4096 bytes, and no byte changed beside those written
(SQLITE_IOCAP_POWERSAFE_OVERWRITE), which is also what tearing at 512 bytes keeps to.
"""

from __future__ import annotations

import itertools
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import apsw

from simulations.disk.files import SimulatedFile

if TYPE_CHECKING:
    from simulations.disk.disk import SimulatedDisk

VFS_NAME: Final = "simulated-disk"
_NOW_JULIAN_MS: Final = 212_633_856_000_000
_SECTOR_BYTES: Final = 4096
_JOURNALS: Final = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL

_disks: WeakValueDictionary[int, SimulatedDisk] = WeakValueDictionary()
_numbers = itertools.count(1)


def number_of(disk: SimulatedDisk) -> int:
    """A number for a new disk; it is forgotten with the disk."""
    number = next(_numbers)
    _disks[number] = disk
    return number


def connection_to(disk: SimulatedDisk, name: str, may_create: bool) -> apsw.Connection:
    """SQLite's connection to a database on a disk. Raises apsw's errors."""
    disk.connects += 1
    _switch.seed = sha256(f"{disk.seed} {disk.connects}".encode()).digest() * 8
    apsw.randomness(0)  # SQLite's generator begins anew, from our seed
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if may_create else 0)
    return apsw.Connection(f"/{disk.number}{name}", flags, VFS_NAME, 256)


def _place(name: str) -> tuple[SimulatedDisk, str]:
    number, _, rest = name[1:].partition("/")
    return _disks[int(number)], f"/{rest}"


class _Silent:
    """Errors that SQLite can't hand on are its own to swallow: no word about them."""

    def excepthook(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etraceback: TracebackType | None,
    ) -> bool:
        return True


class _Switch(_Silent, apsw.VFS):
    def __init__(self) -> None:
        super().__init__(VFS_NAME, None, True, 1024, exclude={"xDlOpen", "xSetSystemCall"})
        self.seed = bytes(256)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:
        flags[1] = flags[0]
        if name is None:
            return _Handle(None, "", SimulatedFile(), False)
        disk, path = _place(name.filename() if isinstance(name, apsw.URIFilename) else name)
        file = disk.open(path, bool(flags[0] & apsw.SQLITE_OPEN_CREATE))
        return _Handle(disk, path, file, bool(flags[0] & _JOURNALS))

    def xAccess(self, pathname: str, flags: int) -> bool:
        disk, path = _place(pathname)
        return path in disk.files

    def xDelete(self, filename: str, syncdir: bool) -> None:
        disk, path = _place(filename)
        disk.delete(path, bool(syncdir))

    def xFullPathname(self, name: str) -> str:
        return name

    def xRandomness(self, numbytes: int) -> bytes:
        return self.seed[:numbytes]

    def xSleep(self, microseconds: int) -> int:
        return microseconds

    def xCurrentTime(self) -> float:
        return _NOW_JULIAN_MS / 86_400_000

    def xCurrentTimeInt64(self) -> int:
        return _NOW_JULIAN_MS

    def xGetLastError(self) -> tuple[int, str | None]:
        return 0, None


class _Handle(_Silent):
    """An opened file; without a disk it is SQLite's own temporary one, which nothing befalls."""

    __slots__ = ("_content", "_disk", "_file", "_name", "_syncs_folder")

    def __init__(
        self, disk: SimulatedDisk | None, name: str, file: SimulatedFile, is_journal: bool
    ) -> None:
        self._disk, self._name, self._file = disk, name, file
        self._syncs_folder = is_journal  # os_unix.c: UNIXFILE_DIRSYNC, once for each opening
        self._content = file.content

    def xRead(self, amount: int, offset: int) -> bytearray:
        content = self._content[offset : offset + amount]
        if self._disk is not None:
            left = len(content)
            while self._disk.called("read") and left > 1:  # SQLite's own VFS asks for the rest too
                left -= left // 2
        return content

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk is None:
            self._file.write(bytes(data), offset)
            self._file.pending.clear()
        else:
            self._disk.write(self._name, self._file, bytes(data), offset)

    def xTruncate(self, newsize: int) -> None:
        if self._disk is None:
            self._file.truncate(newsize)
        else:
            self._disk.truncate(self._name, self._file, newsize)

    def xSync(self, flags: int) -> None:
        if self._disk is not None:
            self._disk.sync(self._name, self._file, self._syncs_folder)
            self._syncs_folder = False

    def xFileSize(self) -> int:
        return len(self._content)

    def xLock(self, level: int) -> None:
        if self._file.holder not in (None, self):
            raise apsw.exception_for(apsw.SQLITE_BUSY)
        self._file.holder = self

    def xUnlock(self, level: int) -> None:
        if level == apsw.SQLITE_LOCK_NONE and self._file.holder is self:
            self._file.holder = None

    def xCheckReservedLock(self) -> bool:
        return self._file.holder not in (None, self)

    def xClose(self) -> None:
        self.xUnlock(apsw.SQLITE_LOCK_NONE)

    def xSectorSize(self) -> int:
        return _SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False


_switch: Final = _Switch()
