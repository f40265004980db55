"""Opening and making the ledger file: what is not a whole ledger of ours is refused by name.

An empty, cut, overwritten or foreign file must never pass for an empty group, because the next
write would make the loss look like the truth. What is checked here costs the same however long
the books are; `mkutano verify` reads everything. The encrypted ledger is the same file through
another factory, which makes these checks in its own way (node/sealed_ledger.py).
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from shutil import disk_usage
from urllib.parse import quote

from node.errors import NodeError, StoreDamaged, StoreFailed, StoreTooNew
from node.private_file import FILE_MODE, sync_folder

APPLICATION_ID = 0x4D6B7574
"""`Mkut`: SQLite's field for whose file this is (header offset 68)."""

FORMAT_VERSION = 3
"""Format of the tables, in SQLite's user_version (header offset 60). schema.sql makes format 1, and
schema_N.sql makes format N of the one before it."""

WAL_PAGES_MAX = 2000
"""About 8 MB of log before SQLite folds it back: rarer stalls, still small for a phone."""

ROOM_BYTES_MIN = 64 * 1024
"""Free space without which SQLite can't make the index of its log (32 KB) and one page of it."""

Connect = Callable[[Path], sqlite3.Connection]
"""Makes the connection; tests give one that fails at its n-th call."""

MAGIC = b"SQLite format 3\x00"
"""How every plain SQLite file begins, and no encrypted one does."""

_HEADER_BYTES = 100
RESTORE = "Restore it from a backup, or join the group again from another officer's phone."


class Keyed:
    """Base of the factories that judge the file's head themselves: those for encrypted ledgers, and
    those for ledgers that lie elsewhere than on this device's disk.
    """

    def __call__(self, path: Path) -> sqlite3.Connection:
        """Check, open and check again."""
        raise NotImplementedError


def sqlite_errors() -> tuple[type[Exception], ...]:
    """What SQLite's calls raise: the standard driver's errors, and SQLCipher's once it is loaded.

    UnicodeDecodeError comes when a damaged schema is quoted in an error.
    """
    sealed = sys.modules.get("sqlcipher3.dbapi2")
    more = () if sealed is None else (sealed.Error,)
    return (sqlite3.Error, UnicodeDecodeError, *more)


def connect(
    path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open an existing database for one thread's use, with transactions left to the caller."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,  # made on one thread, then used by one other
        cached_statements=256,
        factory=factory,
    )


def _connect_new(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def create_ledger(path: Path, open_new: Connect = _connect_new) -> None:
    """Make an empty ledger file, whole before it gets its name. Keeps one that is there."""
    if path.exists():
        return
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    connection = open_new(beside)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN;\n{schema()}\nCOMMIT;")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite_errors() as error:
        raise explain(error) from error
    finally:
        connection.close()
    beside.replace(path)
    sync_folder(path.parent)


def open_ledger(path: Path, connect: Connect = connect) -> sqlite3.Connection:
    """Check and open a ledger file. Raises StoreDamaged, StoreTooNew, StoreFailed."""
    if not isinstance(connect, Keyed):
        check_header(path)
    connection = None
    try:
        connection = connect(path)
        prepare(connection)
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            raise StoreDamaged(f"The ledger file {path} has lost its tables. {RESTORE}")
        _upgrade(connection)
        return connection
    except sqlite_errors() as error:
        if connection is not None:
            connection.close()
        raise explain(error, path) from error
    except NodeError:
        if connection is not None:
            connection.close()
        raise


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a ledger of an earlier format up to ours, as one step or not at all."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for following in range(version + 1, FORMAT_VERSION + 1):
        fold_log(connection)
        made = _text(f"schema_{following}.sql")
        connection.executescript(f"BEGIN;\n{made}\nPRAGMA user_version = {following};\nCOMMIT;")


def prepare(connection: sqlite3.Connection) -> None:
    """Set what every connection to a ledger needs; FULL is what makes a commit durable."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",  # an erased key or name leaves no bytes behind
        "busy_timeout = 5000",  # another tool may be reading
        "trusted_schema = OFF",
        f"wal_autocheckpoint = {WAL_PAGES_MAX}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def fold_log(connection: sqlite3.Connection) -> None:
    """Write what an earlier program left in the log into the file itself, before adding to it.

    Where a sync failed, the log that we read is perhaps only in memory, and the system never writes
    it again: what comes after it would be lost with it at a power cut (Rebello and others, “Can
    applications recover from fsync failures?”, USENIX ATC 2020). Pages put into the file are
    written anew and synced. Waits for nobody who reads.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def check_header(path: Path) -> None:
    """Judge the first 100 bytes and the length, before SQLite touches the file."""
    header, size_bytes = read_head(path)
    log = path.with_name(path.name + "-wal")
    judge_header(path, header, size_bytes, log.exists() and log.stat().st_size > 0)


def judge_header(path: Path, header: bytes, size_bytes: int, has_log: bool) -> None:
    """The same for what was read of a file at `path`; a log beside it may hold what it lacks."""
    if len(header) < _HEADER_BYTES:
        raise StoreDamaged(f"The ledger file {path} is empty or cut short. {RESTORE}")
    if header[:16] != MAGIC:
        raise StoreDamaged(f"The ledger file {path} has been overwritten. {RESTORE}")
    check_identity(
        path,
        int.from_bytes(header[68:72], "big"),
        int.from_bytes(header[60:64], "big"),
    )
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    needed_bytes = int.from_bytes(header[28:32], "big") * page_bytes
    if size_bytes < needed_bytes and not has_log:
        raise StoreDamaged(
            f"The ledger file {path} is cut short: {size_bytes} of {needed_bytes} bytes "
            f"are there. {RESTORE}"
        )


def read_head(path: Path) -> tuple[bytes, int]:
    """The first 100 bytes of a ledger file and its length. StoreDamaged when there are fewer."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size_bytes = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise StoreDamaged(f"The ledger file {path} is missing. {RESTORE}") from None
    except OSError as error:
        raise StoreDamaged(f"The ledger file {path} can't be read: {error.strerror}.") from error
    if len(header) < _HEADER_BYTES:
        raise StoreDamaged(f"The ledger file {path} is empty or cut short. {RESTORE}")
    return header, size_bytes


def check_identity(path: Path, application: int, version: int) -> None:
    """Whether a database is a ledger, of a format that we know. StoreDamaged, StoreTooNew."""
    if application != APPLICATION_ID:
        raise StoreDamaged(f"{path} is a database of some other program, not a Mkutano ledger.")
    if version > FORMAT_VERSION:
        raise StoreTooNew(
            f"The ledger file {path} was written by a newer Mkutano (format {version}, "
            f"this one knows {FORMAT_VERSION}). Update Mkutano on this device; nothing is lost."
        )
    if version < 1:
        raise StoreDamaged(f"The ledger file {path} carries no format version. {RESTORE}")


def explain(error: Exception, path: Path | None = None) -> NodeError:
    """SQLite's error as a sentence for the phone's owner."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    where = f"The ledger file {path}" if path is not None else "The ledger file"
    if isinstance(error, UnicodeDecodeError) or primary in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # our own statements are sound: the tables are not as we made them
    ):
        return StoreDamaged(
            f"{where} is damaged. Stop using this copy. {RESTORE} "
            "What other phones hold is not affected."
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreFailed(
            "The storage of this device is full. Nothing was recorded. "
            "Free some space and try again; reading still works.",
            "storage_full",
        )
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path):
        return StoreFailed(
            "The storage of this device is full, so that not even the ledger can be opened. "
            "Nothing was recorded. Free some space and try again.",
            "storage_full",
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreFailed(
            "Another program keeps the ledger file locked. Nothing was recorded. "
            "Close that program and try again."
        )
    if primary == sqlite3.SQLITE_READONLY:
        return StoreFailed(f"{where} can't be written to. Check who owns the folder.")
    kinds = {kind.__name__ for kind in type(error).__mro__}  # two drivers, the same names
    if code is None and "DatabaseError" in kinds and "OperationalError" not in kinds:
        return StoreDamaged(f"{where} can't be read as a ledger. {RESTORE}")
    return StoreFailed(
        f"This device could not read or write its ledger ({error}). Nothing was recorded. "
        "Try again; if it happens again, the storage may be failing: sync with another phone now."
    )


def _is_full(path: Path | None) -> bool:
    """Whether there is no room beside the ledger for what SQLite needs to work at all."""
    try:
        return path is not None and disk_usage(path.parent).free < ROOM_BYTES_MIN
    except OSError:
        return False


def schema() -> str:
    """What makes an empty ledger of our format."""
    later = (_text(f"schema_{number}.sql") for number in range(2, FORMAT_VERSION + 1))
    return "\n".join((_text("schema.sql"), *later))


def tables_made() -> dict[str, str]:
    """How SQLite remembers that each table and index of our format was made, by its name."""
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(schema())
        rows = empty.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return dict(rows.fetchall())


def _text(name: str) -> str:
    return files("node").joinpath(name).read_text(encoding="utf-8")
