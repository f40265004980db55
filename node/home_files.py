"""What lies in a home's folder, by name, and which of it is ours to make or to take away.

A folder that holds anything else is left as it is. Of the two ledgers, the plain and the encrypted
one, device.json says which is the home's; the other is removed only where the mark `converting`
says that we made it or made something of it.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from node.errors import CommandRefused
from node.guesses import GUESSES_FILE
from node.private_file import FOLDER_MODE, read_small, sync_folder

DEVICE_FILE = "device.json"
LEDGER_FILE = "ledger.sqlite"
SEALED_LEDGER_FILE = "ledger.sqlcipher"
CONVERTING_FILE = "converting"
TOKEN_FILE = "api.token"
LOCK_FILE = "lock"
LOCAL_FILE = "local.json"
IGNORE_FILE = ".gitignore"
IGNORE_ALL = b"*\n"
_DATABASE_ENDS = ("", "-wal", "-shm", "-journal")


def ledger_files(name: str) -> tuple[str, ...]:
    """Every file that SQLite and we make for a ledger of this name."""
    return tuple(f"{name}{new}{end}" for new in ("", ".new") for end in _DATABASE_ENDS)


_LEFT_BY_A_CUT = frozenset(
    {LOCK_FILE, TOKEN_FILE, LOCAL_FILE, GUESSES_FILE}
    | {*ledger_files(LEDGER_FILE), *ledger_files(SEALED_LEDGER_FILE)}
    | {f"{name}.new" for name in (TOKEN_FILE, DEVICE_FILE, IGNORE_FILE, GUESSES_FILE)}
)
"""What a home that was never finished may hold; it can be made again."""


def ledger_path(path: Path, encrypted: bool) -> Path:
    """Where the database of a home lies."""
    return path / (SEALED_LEDGER_FILE if encrypted else LEDGER_FILE)


def asides(path: Path) -> Iterator[Path]:
    """The places where an encrypted ledger is put whose key is not at hand."""
    return (path.with_name(f"{path.name}.{number}") for number in itertools.count(1))


def finish_converting(path: Path, encrypted: bool) -> None:
    """Take away the ledger that is no longer, or never became, the home's; the mark goes last.

    Without the mark nothing is touched: a file that somebody put there is not ours to remove.
    """
    if not (path / CONVERTING_FILE).exists() or not ledger_path(path, encrypted).exists():
        return
    for name in ledger_files(LEDGER_FILE if encrypted else SEALED_LEDGER_FILE):
        (path / name).unlink(missing_ok=True)
    sync_folder(path)
    (path / CONVERTING_FILE).unlink(missing_ok=True)


def make_folder(path: Path) -> None:
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
        return file.is_file() and read_small(file) == IGNORE_ALL
    put_aside = file.stem == SEALED_LEDGER_FILE and file.suffix[1:].isdecimal()
    return put_aside or file.name in _LEFT_BY_A_CUT
