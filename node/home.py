"""The home folder of one device: only its owner may read it, only one process may use it.

    HOME/                0700
      device.json        0600  the device's secret seed and name; its presence makes this a home
      ledger.sqlite      0600  every group's signed changes and books (node/store.py)
      api.token          0600  what a program on this phone must show to the local API
      lock               0600  held with flock while a process uses the home
      local.json         0600  address of the running API; meaningful only while the lock is held
      .gitignore         0600  everything: a key never lands in somebody's repository

A new home takes a folder of its own: one that holds anything else is left as it is.

Secret files are written beside their place, synced and renamed, so that a crash leaves the old
file or the new one, never half of one.
"""

import contextlib
import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from node.clock import random_bytes
from node.errors import (
    CommandRefused,
    HomeBusy,
    HomeDamaged,
    HomeExists,
    HomeMissing,
    StoreFailed,
)
from replication.identity import SEED_BYTES, DeviceKeys
from replication.limits import LABEL_CHARS_MAX

DEVICE_FILE = "device.json"
LEDGER_FILE = "ledger.sqlite"
TOKEN_FILE = "api.token"
LOCK_FILE = "lock"
LOCAL_FILE = "local.json"
IGNORE_FILE = ".gitignore"
_IGNORE_ALL = b"*\n"
_LEFT_BY_A_CUT = frozenset(
    {LOCK_FILE, TOKEN_FILE, LOCAL_FILE, LEDGER_FILE}
    | {f"{LEDGER_FILE}{end}" for end in ("-wal", "-shm", "-journal")}
    | {f"{LEDGER_FILE}.new{end}" for end in ("", "-wal", "-shm", "-journal")}
    | {f"{name}.new" for name in (TOKEN_FILE, DEVICE_FILE, IGNORE_FILE)}
)
"""What a home that was never finished may hold; it can be made again."""

HOME_FORMAT = 1
SMALL_FILE_BYTES_MAX = 64 * 1024
"""The home's text files are a few hundred bytes; a larger one is not ours."""

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class Running(NamedTuple):
    """Where the process that holds a home answers."""

    address: str
    """Base URL of its local API, such as http://127.0.0.1:40123."""
    pid: int
    token: str
    """What every request must carry."""


class Home:
    """An opened home: the lock is held until `close`."""

    def __init__(self, path: Path, name: str, keys: DeviceKeys, token: str, lock: int) -> None:
        self.path = path
        self.name = name
        """What the owner calls this device."""
        self.keys = keys
        self.token = token
        self._lock = lock

    @property
    def ledger(self) -> Path:
        """The database file."""
        return self.path / LEDGER_FILE

    def announce(self, address: str) -> None:
        """Tell this phone's other programs where the local API answers."""
        record = {"format": HOME_FORMAT, "address": address, "pid": os.getpid()}
        with _full_in_words():
            write_private(self.path / LOCAL_FILE, json.dumps(record).encode())

    def close(self) -> None:
        """Withdraw the announcement and let the next process in. Twice is harmless."""
        if self._lock < 0:
            return
        with contextlib.suppress(OSError):
            (self.path / LOCAL_FILE).unlink()
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> "Home":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def create_home(path: Path, name: str, prepare: Callable[[Path], None] | None = None) -> Home:
    """Make a new home with a fresh device key, and open it.

    Raises CommandRefused for a name that nobody could read and for a folder that holds other
    files, HomeExists, HomeBusy, StoreFailed when the storage is full, OSError for what else the
    system refuses.

    `prepare` fills the folder before the device file makes it a home: killed on the way, the
    folder is still nothing and can be made again.
    """
    name = _checked_name(name)
    with _full_in_words():
        _make_folder(path)
        lock = _take_lock(path)
    try:
        with _full_in_words():
            return _create(path, name, prepare, lock)
    except BaseException:
        os.close(lock)
        raise


def _create(path: Path, name: str, prepare: Callable[[Path], None] | None, lock: int) -> Home:
    """Fill the folder; the device file comes last."""
    if (path / DEVICE_FILE).exists():
        raise HomeExists(
            f"The folder {path} already holds a Mkutano device. "
            "Use it as it is, or choose another folder."
        )
    write_private(path / IGNORE_FILE, _IGNORE_ALL)
    if prepare is not None:
        prepare(path)
    write_private(path / TOKEN_FILE, random_bytes(24).hex().encode())
    seed = random_bytes(SEED_BYTES)
    record = {"format": HOME_FORMAT, "name": name, "seed": seed.hex()}
    write_private(path / DEVICE_FILE, json.dumps(record).encode())
    return _opened(path, lock)


def open_home(path: Path) -> Home:
    """Open a home and hold its lock. HomeMissing, HomeBusy, HomeDamaged, OSError."""
    if not (path / DEVICE_FILE).is_file():
        raise HomeMissing(
            f"There is no Mkutano device in {path}. "
            'Make one with: mkutano --home FOLDER init --name "Secretary\'s phone"'
        )
    with _full_in_words():
        lock = _take_lock(path)
    try:
        with _full_in_words():
            tighten(path)
            (path / LOCAL_FILE).unlink(missing_ok=True)  # of a process that was killed
        return _opened(path, lock)
    except BaseException:
        os.close(lock)
        raise


def running(path: Path) -> Running | None:
    """Where the process that holds this home answers; None when nobody does or it has no API."""
    try:
        record = json.loads(_read_small(path / LOCAL_FILE))
        address, pid = record["address"], record["pid"]
        token = _read_small(path / TOKEN_FILE).decode("ascii").strip()
    except (OSError, ValueError, KeyError, TypeError, HomeDamaged):
        return None
    if not isinstance(address, str) or not isinstance(pid, int) or not _is_locked(path):
        return None
    return Running(address, pid, token)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as one step: old content or new, never a part, readable by its owner."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a rename inside this folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def tighten(path: Path) -> None:
    """Take every right of others off the home and its files (a copied home often has some)."""
    if stat.S_IMODE(path.stat().st_mode) != FOLDER_MODE:
        path.chmod(FOLDER_MODE)
    for file in path.iterdir():
        loose = stat.S_IMODE(file.lstat().st_mode) & 0o077
        if loose and file.is_file() and not file.is_symlink():
            file.chmod(FILE_MODE)


def _make_folder(path: Path) -> None:
    """Make the folder, or take one that holds nothing else, and close it to everyone else."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    others = sorted(file.name for file in path.iterdir() if not _is_ours(file))
    if others and not (path / DEVICE_FILE).exists():
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        raise CommandRefused(
            f"The folder {path} holds other things already: {others[0]}{more}. Nothing there was "
            "touched. Name a new or empty folder: mkutano --home FOLDER init",
            "folder_not_empty",
        )
    path.chmod(FOLDER_MODE)


def _is_ours(file: Path) -> bool:
    """Whether a file can be of a home whose making was cut."""
    if file.name == IGNORE_FILE:
        return file.is_file() and _read_small(file) == _IGNORE_ALL
    return file.name in _LEFT_BY_A_CUT


def _take_lock(path: Path) -> int:
    lock = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        who = f" (process {holder})" if holder.isdigit() else ""
        raise HomeBusy(
            f"Another Mkutano program{who} is using {path}. "
            "Close that program, or give this command another --home."
        ) from None
    with contextlib.suppress(OSError):  # the number is for people; a full disk has no room for it
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


@contextlib.contextmanager
def _full_in_words() -> Iterator[None]:
    """A full storage as a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StoreFailed(
            "The storage of this device is full. Nothing was recorded. "
            "Free some space and try again.",
            "storage_full",
        ) from error


def _checked_name(name: str) -> str:
    """A device's name in the form that other phones take."""
    name = " ".join(name.split())
    if not name or len(name) > LABEL_CHARS_MAX or not name.isprintable():
        raise CommandRefused(
            f"A phone's name has 1 to {LABEL_CHARS_MAX} letters on one line, such as "
            "Secretary's phone.",
            "bad_name",
        )
    return name


def _is_locked(path: Path) -> bool:
    try:
        lock = os.open(path / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _opened(path: Path, lock: int) -> Home:
    try:
        record = json.loads(_read_small(path / DEVICE_FILE))
        name, seed, version = record["name"], bytes.fromhex(record["seed"]), record["format"]
        token = _read_small(path / TOKEN_FILE).decode("ascii").strip()
        if version != HOME_FORMAT or not isinstance(name, str) or len(token) < 32:
            raise ValueError("not a device file of this version")
        return Home(path, name, DeviceKeys(seed), token, lock)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomeDamaged(
            f"The device file in {path} can't be read. Restore the folder from a backup, "
            "or make a new device and ask an officer to enrol it."
        ) from error


def _read_small(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(SMALL_FILE_BYTES_MAX + 1)
    if len(content) > SMALL_FILE_BYTES_MAX:
        raise HomeDamaged(f"The file {path} is far larger than it should be.")
    return content
