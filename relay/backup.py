"""A copy of the embedded database and the key, made while the relay runs.

SQLite writes the copy itself, as of one moment (VACUUM INTO), into a file that has its name only
when it is whole and on disk. With PostgreSQL its own tools do this; OPERATING.md has the commands.
"""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from relay.config import Config
from relay.errors import RelayError
from relay.opening import DATABASE_NAME
from relay.relay_key import FILE_NAME


def back_up(config: Config, folder: Path) -> int:
    """Copy database and key into a new folder; how many bytes the copy has. RelayError."""
    state = Path(config.state)
    if config.database:
        raise RelayError(
            "not_embedded",
            "A PostgreSQL database is backed up with pg_dump; see relay/OPERATING.md. "
            f"Keep a copy of {state / FILE_NAME} with it.",
        )
    for name in (DATABASE_NAME, FILE_NAME):
        if not (state / name).is_file():
            raise RelayError("no_state", f"There is no {name} in {state}: nothing was copied.")
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise RelayError(
            "exists", f"{folder} is there already. Name a new folder for each backup."
        ) from None
    except OSError as error:
        raise RelayError("unwritable", f"{folder} can't be made: {error.strerror}.") from error
    try:
        return _copy(state, folder)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise RelayError(
            "failed", f"The copy could not be made: {error}. Nothing is left."
        ) from error


def _copy(state: Path, folder: Path) -> int:
    copy, whole = folder / f"{DATABASE_NAME}.part", folder / DATABASE_NAME
    source = f"{(state / DATABASE_NAME).absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(source, uri=True)) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    copy.chmod(0o600)
    shutil.copyfile(state / FILE_NAME, folder / FILE_NAME)
    (folder / FILE_NAME).chmod(0o600)
    for path in (copy, folder / FILE_NAME):
        _sync(path)
    copy.rename(whole)
    _sync(folder)
    return whole.stat().st_size


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
