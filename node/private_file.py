"""Files that are their owner's alone, replaced as one step.

A file is written beside its place, synced and renamed, so that a crash leaves the old content or
the new one, never half of one. The home's small files are read no further than they can be long.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from node.errors import HomeDamaged, StoreFailed

SMALL_FILE_BYTES_MAX = 64 * 1024
"""The home's text files are a few hundred bytes; a larger one is not ours."""

FOLDER_MODE = 0o700
FILE_MODE = 0o600


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


def read_small(path: Path) -> bytes:
    """The content of one of the home's text files. HomeDamaged when it is far too large."""
    with path.open("rb") as file:
        content = file.read(SMALL_FILE_BYTES_MAX + 1)
    if len(content) > SMALL_FILE_BYTES_MAX:
        raise HomeDamaged(f"The file {path} is far larger than it should be.")
    return content


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


@contextlib.contextmanager
def full_in_words() -> Iterator[None]:
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
