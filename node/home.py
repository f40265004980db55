"""The home folder of one device: only its owner may read it, only one process may use it.

    HOME/                0700
      device.json        0600  the device's secret and name (node/device_file.py); makes it a home
      guesses.json       0600  wrong PINs in a row (node/guesses.py); only where there is a PIN
      ledger.sqlite      0600  every group's signed changes and books (node/store.py)
      ledger.sqlcipher   0600  the same encrypted (node/sealed_ledger.py); never both for long
      converting         0600  one ledger is being made from the other (node/locking.py)
      api.token          0600  what a program on this phone must show to the local API
      lock               0600  held with flock while a process uses the home
      local.json         0600  address of the running API; meaningful only while the lock is held
      .gitignore         0600  everything: a key never lands in somebody's repository

A new home takes a folder of its own: one that holds anything else is left as it is. Secret files
are replaced as one step (node/private_file.py).

A home with a PIN opens for whoever gives the PIN, or while its keeper remembers an unlocking
(node/keeper.py); to everybody else it is locked, for reading too. Which ledger is the home's is
said by device.json alone, so that turning one into the other happens at one rename.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from node import device_file, guesses, keeper
from node.clock import random_bytes
from node.device_file import NONCE_BYTES, SALT_BYTES, PlainDevice, SealedDevice, Secret
from node.errors import (
    CommandRefused,
    HomeBusy,
    HomeDamaged,
    HomeExists,
    HomeLocked,
    HomeMissing,
    StoreFailed,
)
from node.home_files import (
    DEVICE_FILE,
    IGNORE_ALL,
    IGNORE_FILE,
    LOCAL_FILE,
    LOCK_FILE,
    TOKEN_FILE,
    finish_converting,
    ledger_path,
    make_folder,
)
from node.marker import state_folder
from node.pin import spelt
from node.private_file import FILE_MODE, full_in_words, read_small, tighten, write_private
from replication.identity import SEED_BYTES, DeviceKeys
from replication.limits import LABEL_CHARS_MAX

HOME_FORMAT = 1
"""Of local.json."""


class Running(NamedTuple):
    """Where the process that holds a home answers."""

    address: str
    """Base URL of its local API, such as http://127.0.0.1:40123."""
    pid: int
    token: str
    """What every request must carry."""


class Home:
    """An opened home: the lock is held until `close`."""

    def __init__(
        self, path: Path, record: PlainDevice | SealedDevice, secret: Secret, token: str, lock: int
    ) -> None:
        self.path = path
        self.name = record.name
        """What the owner calls this device."""
        self.keys = DeviceKeys(secret.seed)
        self.ledger_key = secret.ledger_key
        """Of the encrypted ledger; b"" when it is not encrypted."""
        self.sealed = record if isinstance(record, SealedDevice) else None
        """What a PIN is judged by; None for a home without one."""
        self.token = token
        self.state = state_folder()
        """Where the markers of this device lie, outside the home (node/marker.py)."""
        self._lock = lock

    @property
    def ledger(self) -> Path:
        """The database file."""
        return ledger_path(self.path, bool(self.ledger_key))

    def finish_converting(self) -> None:
        """Once the home's own ledger has opened: let go of what a cut conversion left over."""
        finish_converting(self.path, bool(self.ledger_key))

    def announce(self, address: str) -> None:
        """Tell this phone's other programs where the local API answers."""
        record = {"format": HOME_FORMAT, "address": address, "pid": os.getpid()}
        with full_in_words():
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


def create_home(
    path: Path,
    name: str,
    prepare: Callable[[Path], None] | None = None,
    pin: str = "",
    ledger_key: bytes = b"",
) -> Home:
    """Make a new home with a fresh device key, and open it.

    Raises CommandRefused for a name that nobody could read and for a folder that holds other
    files, HomeExists, HomeBusy, StoreFailed when the storage is full, OSError for what else the
    system refuses.

    `prepare` fills the folder before the device file makes it a home: killed on the way, the
    folder is still nothing and can be made again. With a `pin` the secret lies under it from the
    first moment, and so does the ledger's key.
    """
    name = _checked_name(name)
    if ledger_key and not pin:
        raise CommandRefused(
            "Encrypted books need a PIN or passphrase: their key lies under it.", "no_pin"
        )
    with full_in_words():
        make_folder(path)
        lock = _take_lock(path)
    try:
        with full_in_words():
            return _create(path, name, prepare, pin, ledger_key, lock)
    except BaseException:
        os.close(lock)
        raise


def _create(
    path: Path,
    name: str,
    prepare: Callable[[Path], None] | None,
    pin: str,
    ledger_key: bytes,
    lock: int,
) -> Home:
    """Fill the folder; the device file comes last."""
    if (path / DEVICE_FILE).exists():
        raise HomeExists(
            f"The folder {path} already holds a Mkutano device. "
            "Use it as it is, or choose another folder."
        )
    write_private(path / IGNORE_FILE, IGNORE_ALL)
    if prepare is not None:
        prepare(path)
    write_private(path / TOKEN_FILE, random_bytes(24).hex().encode())
    secret = Secret(random_bytes(SEED_BYTES), ledger_key)
    record: PlainDevice | SealedDevice = PlainDevice(name, secret.seed)
    if pin:
        guesses.begin(path)
        record = sealed_record(name, secret, pin)
    write_private(path / DEVICE_FILE, device_file.encode(record))
    return _opened(path, record, secret, lock)


def open_home(path: Path, pin: str | None = None) -> Home:
    """Open a home and hold its lock.

    Raises HomeMissing, HomeBusy, HomeDamaged, OSError; with a PIN on it HomeLocked when neither
    `pin` is given nor an unlocking remembered, and what `guesses.judged` raises for a wrong one.
    """
    lock = _take_lock_of_home(path)
    try:
        with full_in_words():
            tighten(path)
            (path / LOCAL_FILE).unlink(missing_ok=True)  # of a process that was killed
            record = read_record(path)
            return _opened(path, record, _secret(path, record, pin), lock)
    except BaseException:
        os.close(lock)
        raise


@contextlib.contextmanager
def held(path: Path) -> Iterator[PlainDevice | SealedDevice]:
    """Hold a home's lock without opening it: what its device file says.

    Raises HomeMissing, HomeBusy, HomeDamaged, StoreFailed when the storage is full meanwhile.
    """
    lock = _take_lock_of_home(path)
    try:
        with full_in_words():
            yield read_record(path)
    finally:
        os.close(lock)


def read_record(path: Path) -> PlainDevice | SealedDevice:
    """What the device file of a home says. HomeMissing, HomeDamaged."""
    _require_home(path)
    try:
        return device_file.decode(read_small(path / DEVICE_FILE))
    except device_file.TooNew as error:
        raise HomeDamaged(
            f"The device file in {path} was written by a newer Mkutano. Update Mkutano on this "
            "device; nothing is lost.",
            "home_too_new",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error


def sealed_record(name: str, secret: Secret, pin: str) -> SealedDevice:
    """A device's secret under a PIN, with a fresh salt. StoreFailed when memory is too short."""
    salt, nonce = random_bytes(SALT_BYTES), random_bytes(NONCE_BYTES)
    try:
        return device_file.seal(name, secret, spelt(pin), salt, nonce)
    except device_file.NoMemory as error:
        raise StoreFailed(
            "This phone has too little free memory for a PIN. Close other programs and try "
            "again. Nothing was changed.",
            "no_memory",
        ) from error


def running(path: Path) -> Running | None:
    """Where the process that holds this home answers; None when nobody does or it has no API."""
    try:
        record = json.loads(read_small(path / LOCAL_FILE))
        address, pid = record["address"], record["pid"]
        token = read_small(path / TOKEN_FILE).decode("ascii").strip()
    except (OSError, ValueError, KeyError, TypeError, RecursionError, HomeDamaged):
        return None
    if not isinstance(address, str) or not isinstance(pid, int) or not is_held(path):
        return None
    return Running(address, pid, token)


def is_held(path: Path) -> bool:
    """Whether some process uses this home now."""
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


def _secret(path: Path, record: PlainDevice | SealedDevice, pin: str | None) -> Secret:
    """What opens the home: lying open, under the PIN, or remembered by the keeper."""
    if isinstance(record, PlainDevice):
        return Secret(record.seed)
    if pin is not None:
        return guesses.judged(path, record, pin)
    secret = _remembered(path, record)
    if secret is None:
        raise HomeLocked(
            "This phone is locked: neither reading nor writing without its PIN. "
            "Unlock it with: mkutano unlock"
        )
    return secret


def _remembered(path: Path, record: SealedDevice) -> Secret | None:
    """What the keeper holds, if it is this very device's."""
    values = keeper.kept(path)
    if values is None:
        return None
    try:
        secret = Secret(bytes.fromhex(values["seed"]), bytes.fromhex(values["ledger_key"]))
        ours = DeviceKeys(secret.seed).public == record.device
    except (KeyError, TypeError, ValueError):
        return None
    return secret if ours and bool(secret.ledger_key) == record.encrypted else None


def _require_home(path: Path) -> None:
    if not (path / DEVICE_FILE).is_file():
        raise HomeMissing(
            f"There is no Mkutano device in {path}. "
            'Make one with: mkutano --home FOLDER init --name "Secretary\'s phone"'
        )


def _take_lock_of_home(path: Path) -> int:
    _require_home(path)
    with full_in_words():
        return _take_lock(path)


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


def _opened(path: Path, record: PlainDevice | SealedDevice, secret: Secret, lock: int) -> Home:
    try:
        token = read_small(path / TOKEN_FILE).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if len(token) < 32:
        raise _damaged(path)
    return Home(path, record, secret, token, lock)


def _damaged(path: Path) -> HomeDamaged:
    return HomeDamaged(
        f"The device file in {path} can't be read. Restore the folder from a backup, "
        "or make a new device and ask an officer to enrol it."
    )
