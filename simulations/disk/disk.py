"""The simulated disk: named files, what was done to them, faults to come, and what a cut leaves.

Names follow POSIX: a new file is in its folder for good once the folder is synced, which SQLite
does with the first sync of a journal or log that it opened, and a file that was removed may be back
after a cut until then.
Every call that a program makes is counted by its kind; a fault hits the n-th call of a kind.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple

import apsw

from simulations.disk.connection import Door
from simulations.disk.files import SimulatedFile, Way
from simulations.disk.vfs import number_of

WAYS: Final[tuple[Way, ...]] = ("dropped", "subset", "torn", "shuffled")
"""What a power cut makes of writes that were not synced."""

PROCESS_ENDED: Final[Way] = "process"
"""No power cut: the program was killed, and the system kept what it had been given."""

Call = Literal["open", "read", "write", "sync", "truncate", "delete", "any"]
Fault = Literal["io", "full", "short", "open"]
"""EIO; no space left; fewer bytes than there are; the file can't be opened."""


class Done(NamedTuple):
    """One thing that a program did to a file, for `replay`."""

    kind: Literal["open", "write", "truncate", "sync", "delete"]
    name: str
    offset: int = 0
    """Of a write; the size of a truncation; 1 where the folder was synced with it."""
    data: bytes = b""


class _Planned(NamedTuple):
    kind: Call
    calls: int
    fault: Fault
    times: int


class SimulatedDisk:
    """Files in memory under their names.

    `seed` is where SQLite's own chance on this disk begins (the salts of its log). A file that a
    program opens and that is not here yet is taken over from the real disk, as if it were stable.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.files: dict[str, SimulatedFile] = {}
        self.ghosts: dict[str, SimulatedFile] = {}
        """Removed, but a power cut could bring them back."""
        self.calls: Counter[str] = Counter()
        """How often each kind of call was made: open, read, write, sync, truncate, delete."""
        self.faults: Counter[str] = Counter()
        """How many calls were made to fail, by kind and fault, such as "sync io"."""
        self.log: list[Done] | None = None
        """Everything that is done, once `record` was called."""
        self.watch: Callable[[Done], None] | None = None
        """Called after each of them, if set."""
        self.instead: dict[str, str] = {}
        """Statements that are run in the place of others: how a fault is planted."""
        self.connects = 0
        self._is_full = False
        self._planned: _Planned | None = None
        self.number = number_of(self)
        self.connect = Door(self)
        """Opens a database here; what `Node`, `Store` and the relay's store take as their
        factory."""

    # Before a run

    def put(self, path: Path, content: bytes) -> None:
        """Lay a file on the platter."""
        self.files[str(path)] = SimulatedFile(content, is_named=True)

    def adopt(self, path: Path) -> None:
        """Take a database of the real disk over, with its log; what is here already stays."""
        for end in ("", "-wal", "-journal"):
            real = path.with_name(path.name + end)
            if str(real) not in self.files and str(path) + end not in self.ghosts:
                try:
                    self.put(real, real.read_bytes())
                except OSError:
                    continue

    def content(self, path: Path) -> bytes | None:
        """What a program reads in this file now; None when there is none."""
        file = self.files.get(str(path))
        return None if file is None else bytes(file.content)

    def write_out(self, path: Path) -> None:
        """Lay a database of this disk on the real one, for programs that read only there."""
        for end in ("", "-wal", "-journal"):
            real = path.with_name(path.name + end)
            content = self.content(real)
            if content is None:
                real.unlink(missing_ok=True)
            else:
                real.write_bytes(content)

    # Faults

    def fail(self, kind: Call, after_calls: int, fault: Fault = "io", times: int = 1) -> None:
        """Make calls of this kind fail: the first after `after_calls` more, and `times` in all."""
        self._planned = _Planned(kind, after_calls, fault, times)

    def heal(self) -> None:
        """No planned fault any more, and room again."""
        self._planned, self._is_full = None, False

    def full(self, is_full: bool) -> None:
        """No room: files can't grow; what is there can be written over."""
        self._is_full = is_full

    # Copies and cuts

    def copy(self) -> "SimulatedDisk":
        """A backup of the running disk: what a program would read now, all of it stable."""
        other = SimulatedDisk(self.seed + 1)
        for name, file in self.files.items():
            other.files[name] = SimulatedFile(bytes(file.content), is_named=True)
        return other

    def crash(self, chance: Random, way: Way) -> "SimulatedDisk":
        """The disk as it is found afterwards. The old one is as good as gone: use it no more."""
        if way == PROCESS_ENDED:
            return self.clone()
        other = SimulatedDisk(chance.getrandbits(32))
        for name in sorted({*self.files, *self.ghosts}):
            file = self._found(name, chance, way)
            if file is not None:
                other.files[name] = file.after_cut(chance, way)
        return other

    def _found(self, name: str, chance: Random, way: Way) -> SimulatedFile | None:
        """The file that a name stands for after a cut, as its folder's newest state or an older."""
        now, before = self.files.get(name), self.ghosts.get(name)
        if now is not None and now.is_named:
            return now
        is_newest = way != "dropped" and chance.random() < 0.5
        return now if is_newest else before

    def record(self) -> "SimulatedDisk":
        """Begin to keep all that is done; returns the state to `replay` it on."""
        self.log = []
        return self.clone()

    def clone(self) -> "SimulatedDisk":
        """The very same state, with what is not synced still so."""
        other = SimulatedDisk(self.seed)
        other.files = {name: file.copy() for name, file in self.files.items()}
        other.ghosts = {name: file.copy() for name, file in self.ghosts.items()}
        return other

    def replay(self, done: Done) -> None:
        """Do again what was recorded on another disk."""
        if done.kind == "open":
            self.files.setdefault(done.name, SimulatedFile())
        elif done.kind == "delete":
            self._remove(done.name, bool(done.offset))
        elif done.kind == "write":
            self.files[done.name].write(done.data, done.offset)
        elif done.kind == "truncate":
            self.files[done.name].truncate(done.offset)
        else:
            self._sync(done.name, self.files[done.name], bool(done.offset))

    # What programs do

    def open(self, name: str, may_create: bool) -> SimulatedFile:
        """Find or make a file. Raises the error of SQLite that was planned, or CantOpenError."""
        self.called("open")
        file = self.files.get(name)
        if file is None:
            if not may_create:
                raise apsw.exception_for(apsw.SQLITE_CANTOPEN)
            file = self.files[name] = SimulatedFile()
            self._note(Done("open", name))
        return file

    def write(self, name: str, file: SimulatedFile, data: bytes, offset: int) -> None:
        """Write into a file's cache."""
        self.called("write")
        if self._is_full and offset + len(data) > len(file.content):
            raise self._fault("write", "full")
        file.write(data, offset)
        self._note(Done("write", name, offset, data))

    def truncate(self, name: str, file: SimulatedFile, size_bytes: int) -> None:
        """Cut a file."""
        self.called("truncate")
        file.truncate(size_bytes)
        self._note(Done("truncate", name, size_bytes))

    def sync(self, name: str, file: SimulatedFile, with_folder: bool) -> None:
        """Bring a file to the platter."""
        try:
            self.called("sync")
        except apsw.Error:
            file.fail_sync()
            raise
        self._sync(name, file, with_folder)
        self._note(Done("sync", name, int(with_folder)))

    def delete(self, name: str, is_synced: bool) -> None:
        """Remove a file; its name is gone for good only where the folder is synced."""
        self.called("delete")
        if name not in self.files:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT)
        self._remove(name, is_synced)
        self._note(Done("delete", name, int(is_synced)))

    def called(self, kind: Call) -> bool:
        """Count a call and raise the fault that is planned for it. True: answer a short read."""
        self.calls[kind] += 1
        planned = self._planned
        if planned is None or planned.kind not in (kind, "any"):
            return False
        if planned.calls > 0:
            self._planned = planned._replace(calls=planned.calls - 1)
            return False
        left = planned.times - 1
        self._planned = planned._replace(times=left) if left else None
        if planned.fault == "short" and kind == "read":
            self.faults["read short"] += 1
            return True
        raise self._fault(kind, planned.fault)

    def _fault(self, kind: Call, fault: Fault) -> Exception:
        self.faults[f"{kind} {fault}"] += 1
        if fault == "full":
            return apsw.exception_for(apsw.SQLITE_FULL)
        if fault == "open" or kind == "open":
            return apsw.exception_for(apsw.SQLITE_CANTOPEN)
        return apsw.exception_for(_CODES.get(kind, apsw.SQLITE_IOERR))

    def _sync(self, name: str, file: SimulatedFile, with_folder: bool) -> None:
        file.sync()
        if with_folder:
            self._sync_folder(name)

    def _sync_folder(self, name: str) -> None:
        """Every name in the folder of this file is what it is now."""
        folder = name.rpartition("/")[0]
        for other, file in self.files.items():
            file.is_named = file.is_named or other.rpartition("/")[0] == folder
        for other in [one for one in self.ghosts if one.rpartition("/")[0] == folder]:
            del self.ghosts[other]

    def _remove(self, name: str, is_synced: bool) -> None:
        file = self.files.pop(name)
        if file.is_named:
            self.ghosts[name] = file
        if is_synced:
            self._sync_folder(name)

    def _note(self, done: Done) -> None:
        if self.log is not None:
            self.log.append(done)
        if self.watch is not None:
            self.watch(done)


_CODES = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "delete": apsw.SQLITE_IOERR_DELETE,
}
