"""The relay's own key: with it the relay signs where every log stands.

Made once, in the state folder, readable by its owner alone. Devices know a relay by this key, so
several processes of one relay share one file, and it belongs into the backup: a relay that comes
back with another key is another relay to everybody.
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from relay.clock import random_bytes
from relay.errors import RelayError
from relay.facts import SIGNATURE_BYTES

FILE_NAME: Final = "relay.key"
_FORM: Final = re.compile(rb"mkutano relay key 1\n([0-9a-f]{64})\n")
_SEED_BYTES: Final = 32


class RelayKey(NamedTuple):
    """An Ed25519 key pair."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"RelayKey({self.public.hex()})"

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        return crypto_sign(message, self.secret)[:SIGNATURE_BYTES]


def key_of_seed(seed: bytes) -> RelayKey:
    """The key pair of 32 secret bytes."""
    return RelayKey(*crypto_sign_seed_keypair(seed))


def read_key(state: Path) -> RelayKey | None:
    """The key in this folder; None when there is none. RelayError when the file is damaged."""
    path = state / FILE_NAME
    try:
        with path.open("rb") as file:
            content = file.read(200)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RelayError(
            "key_unreadable", f"The relay's key in {path} can't be read: {error.strerror}."
        ) from error
    form = _FORM.fullmatch(content)
    if form is None:
        raise RelayError(
            "key_damaged",
            f"The file {path} does not hold a relay's key. Put the one from your backup there.",
        )
    return key_of_seed(bytes.fromhex(form[1].decode("ascii")))


def make_key(state: Path) -> RelayKey:
    """Make the key in this folder, or read the one that another process made first."""
    path = state / FILE_NAME
    content = b"mkutano relay key 1\n" + random_bytes(_SEED_BYTES).hex().encode("ascii") + b"\n"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, content)
    except OSError as error:
        raise RelayError(
            "state_unwritable",
            f"The relay's key can't be written to {path}: {error.strerror}. "
            "Give this user a state folder that it may write to.",
        ) from error
    key = read_key(state)
    assert key is not None
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Whole and on disk before it has its name; whoever comes second leaves the first one's."""
    beside = path.with_name(f"{path.name}.{random_bytes(4).hex()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
