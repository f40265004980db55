"""The encrypted ledger: SQLCipher over the same tables, and turning one ledger into the other.

    file     ledger.sqlcipher, SQLCipher 4 format: AES-256 in CBC mode and HMAC-SHA512 on each page
    key      32 random bytes, given raw (PRAGMA key = "x'…'"), so that no key derivation of
             SQLCipher's own adds to every opening; it lies under the PIN in device.json

Rule: never believe that a file is encrypted because a key was given. An ordinary SQLite takes
`PRAGMA key` without a word and writes plain text. So at every opening the driver must name its
cipher, the key must open the first page, and the file must not begin as a plain database does,
before and after. What ledger_file.check_header reads from the head of a plain file (whose it is,
its format) is asked of the opened database here, because the head is encrypted too.

SQLCipher's format and pragmas: https://www.zetetic.net/sqlcipher/sqlcipher-api/
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from node.clock import random_bytes
from node.device_file import LEDGER_KEY_BYTES
from node.errors import NodeError, StoreDamaged, StoreFailed
from node.home_files import asides, ledger_path
from node.ledger_file import (
    MAGIC,
    RESTORE,
    Connect,
    Keyed,
    check_identity,
    create_ledger,
    explain,
    open_ledger,
    read_head,
    sqlite_errors,
)
from node.ledger_file import connect as connect_plain
from node.private_file import FILE_MODE, sync_folder

CIPHER_FORMAT: Final = 4
"""SQLCipher's major format, named so that a later default never locks us out of our own file."""

_FULL: Final = "database or disk is full"
"""All that is left of SQLITE_FULL when it happens inside `sqlcipher_export`."""
_IDENTITY: Final = ("application_id", "user_version")
INTERRUPTED: Final = "Nothing was changed: the ledger is as it was."


def driver() -> Any:
    """The module sqlcipher3. NodeError that says how to get it when it is not here."""
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise NodeError(
            "An encrypted ledger needs the program sqlcipher3, which is not installed here. "
            "Install Mkutano's extra “sealed” (pip install 'sqlcipher3>=0.6.4,<0.7') and try "
            "again. Nothing is lost.",
            "no_sqlcipher",
        ) from error
    return dbapi2


class SealedConnect(Keyed):
    """Opens an encrypted ledger, checked before and after."""

    def __init__(self, key: bytes, factory: type[Any] | None = None) -> None:
        if len(key) != LEDGER_KEY_BYTES:
            raise ValueError("a ledger key is 32 bytes")
        self._key = key
        self._factory = factory

    def __call__(self, path: Path) -> sqlite3.Connection:
        """A connection for one thread's use. NodeError, or what SQLCipher raises."""
        _refuse_plain(path)
        connection = self._connected(path)
        try:
            self._check(connection, path)
            _refuse_plain(path)
        except BaseException:
            connection.close()
            raise
        return connection

    def new(self, path: Path) -> sqlite3.Connection:
        """A connection to an empty file that is to become an encrypted ledger."""
        return self._connected(path)

    def _connected(self, path: Path) -> sqlite3.Connection:
        cipher = driver()
        connection = cipher.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # made on one thread, then used by one other
            cached_statements=256,
            factory=self._factory or cipher.Connection,
        )
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")  # errors are ours to tell
            connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
            connection.execute(f"PRAGMA cipher_compatibility = {CIPHER_FORMAT}")
            connection.execute("PRAGMA temp_store = MEMORY")  # what is sorted is not spilt plain
            if not connection.execute("PRAGMA cipher_version").fetchall():
                raise StoreFailed(
                    "The program that should encrypt the ledger can't encrypt. Install Mkutano's "
                    "extra “sealed” again. Nothing was written."
                )
        except BaseException:
            connection.close()
            raise
        return cast(sqlite3.Connection, connection)

    def _check(self, connection: sqlite3.Connection, path: Path) -> None:
        """What check_header asks of a plain file; an error here is a page that does not open.

        A file that is shorter than its first page says is refused by SQLite itself.
        """
        check_identity(path, *(_pragma(connection, name) for name in _IDENTITY))


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def connect_by(key: bytes, connect: Connect) -> Connect:
    """The factory for a home's ledger: SQLCipher's where there is a key, else the one given."""
    return SealedConnect(key) if key and not isinstance(connect, Keyed) else connect


def new_key() -> bytes:
    """A fresh key for a ledger. NodeError when nothing here could use it."""
    driver()
    return random_bytes(LEDGER_KEY_BYTES)


def make_ledger(folder: Path, key: bytes) -> None:
    """Make the empty ledger of a new home, encrypted where there is a key.

    One that is there already, without the device file that had its key, is put aside: a home whose
    making was cut leaves such a one, and so does somebody who only lost the device file.
    """
    path = ledger_path(folder, bool(key))
    if key and path.exists():
        path.rename(next(aside for aside in asides(path) if not aside.exists()))
    if key:
        create_ledger(path, SealedConnect(key).new)
    else:
        create_ledger(path)


def convert(source: Path, source_key: bytes, target: Path, target_key: bytes) -> int:
    """Copy a ledger into a new file with another key (b"" is plain), compare, then name it.

    Returns how many rows were compared. The source is not touched, and the target gets its name
    only when everything is in it and on the disk. Raises NodeError; nothing half is left behind.
    """
    beside = target.with_name(target.name + ".new")
    read_source, read_target = _reader(source_key), _reader(target_key)
    try:
        _remove(beside)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        with closing(open_ledger(source, read_source)) as opened:
            identity = {name: _pragma(opened, name) for name in _IDENTITY}
        _export(source, source_key, beside, target_key, identity)
        with (
            closing(open_ledger(source, read_source)) as old,
            closing(open_ledger(beside, read_target)) as new,
        ):
            rows = _compare(old, new)
        _sync(beside)
        for end in ("-wal", "-shm", "-journal"):  # of a conversion that was cut
            target.with_name(target.name + end).unlink(missing_ok=True)
        beside.replace(target)
        sync_folder(target.parent)
    except sqlite_errors() as error:
        _remove(beside)
        if str(error) == _FULL:
            raise StoreFailed(
                "The storage of this device is full: the new ledger needs as much room again as "
                f"the old one. {INTERRUPTED} Free some space and try again.",
                "storage_full",
            ) from error
        raise explain(error, source) from error
    except BaseException:
        _remove(beside)
        raise
    return rows


def _reader(key: bytes) -> Connect:
    return SealedConnect(key) if key else connect_plain


def _export(
    source: Path, source_key: bytes, beside: Path, target_key: bytes, identity: dict[str, int]
) -> None:
    """Copy every table, index and view, and what the header says the file is."""
    cipher = driver()
    connection = cipher.connect(
        f"file:{quote(str(source))}?mode=rw", uri=True, isolation_level=None
    )
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        if source_key:
            connection.execute(f"PRAGMA key = \"x'{source_key.hex()}'\"")
            connection.execute(f"PRAGMA cipher_compatibility = {CIPHER_FORMAT}")
        connection.execute(f"PRAGMA cipher_default_compatibility = {CIPHER_FORMAT}")
        connection.execute("PRAGMA temp_store = MEMORY")
        key = f"x'{target_key.hex()}'" if target_key else ""
        connection.execute("ATTACH DATABASE ? AS copy KEY ?", (str(beside), key))
        connection.execute("PRAGMA copy.synchronous = FULL")
        connection.execute("SELECT sqlcipher_export('copy')").fetchall()
        for name, number in identity.items():
            connection.execute(f"PRAGMA copy.{name} = {number}")
        connection.execute("PRAGMA copy.journal_mode = WAL").fetchall()
        connection.execute("DETACH DATABASE copy")
    finally:
        connection.close()


def _compare(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Hold both ledgers side by side, row by row. StoreFailed at the first difference."""
    tables = _tables(old)
    if tables != _tables(new):
        raise _differs()
    rows = 0
    for kind, name, _ in tables:
        if kind == "table":
            for one, other in zip_longest(_rows(old, name), _rows(new, name)):
                if one != other:
                    raise _differs()
                rows += 1
    if new.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
        raise _differs()
    return rows


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """All that was made by name; SQLite's own tables follow from it."""
    found = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema").fetchall()
    return sorted(row for row in found if not row[1].startswith("sqlite_"))


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """A table's rows in the order of its own key; both ledgers store them in the same."""
    yield from connection.execute(f'SELECT * FROM "{table}"')


def _differs() -> StoreFailed:
    return StoreFailed(
        "The new ledger did not come out equal to the old one, so it was thrown away. "
        f"{INTERRUPTED} The storage may be failing: sync with another phone now."
    )


def _refuse_plain(path: Path) -> None:
    """An encrypted ledger looks like chance from its first byte on; what does not, is not one."""
    head, _ = read_head(path)
    if head.startswith(MAGIC):
        raise StoreDamaged(
            f"The ledger file {path} should be encrypted and lies open. It is not the file that "
            f"this home wrote. Nothing was added to it. {RESTORE}"
        )


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + end).unlink(missing_ok=True)
