"""Putting a home under a PIN, changing and removing it, and encrypting what lies beside it.

Rule: every change is one rename of device.json. Before it the home opens as it did, after it as it
was asked to; there is nothing in between, whenever the power goes.

    set, change, remove     the new device.json replaces the old one
    encrypt, decrypt        mark `converting`; the new ledger, whole and compared, beside the old;
                            device.json replaced, which holds the new key and says which ledger is
                            the home's; the old ledger removed; the mark removed

A cut conversion is cleared away at the next opening (home_files.finish_converting). Whoever
changes something proves the PIN anew, however unlocked the phone is, and afterwards it is locked.
"""

import contextlib
from pathlib import Path
from typing import NamedTuple

from node import guesses, keeper, sealed_ledger
from node.device_file import PlainDevice, SealedDevice, Secret, encode
from node.errors import CommandRefused, HomeBusy
from node.home import held, is_held, open_home, read_record, running, sealed_record
from node.home_files import (
    CONVERTING_FILE,
    DEVICE_FILE,
    LEDGER_FILE,
    finish_converting,
    ledger_path,
)
from node.private_file import write_private


class Lock(NamedTuple):
    """How a home is locked, as its files and its keeper say."""

    has_pin: bool
    encrypted: bool
    left_ms: int
    """For how long it stays unlocked if nobody uses it; 0: locked, or without a PIN."""
    failures: int
    """Wrong PINs in a row."""
    wait_ms: int
    """How long nobody may try again."""
    plain_ledger: bool
    """A readable ledger lies beside the encrypted one."""


def look(path: Path) -> Lock:
    """How a home is locked. HomeMissing, HomeDamaged."""
    record = read_record(path)
    if isinstance(record, PlainDevice):
        return Lock(False, False, 0, 0, 0, False)
    now = guesses.clock_now()
    counted = guesses.read(path) or guesses.Guesses(guesses.FAILURES_MAX, *now)
    return Lock(
        True,
        record.encrypted,
        keeper.left_ms(path),
        counted.failures,
        guesses.wait_ms(counted, now),
        record.encrypted and (path / LEDGER_FILE).exists(),
    )


def require_pin(record: PlainDevice | SealedDevice) -> SealedDevice:
    """A home that has a PIN; CommandRefused for one that has none."""
    if isinstance(record, PlainDevice):
        raise CommandRefused(
            "This phone has no PIN, so nothing is locked. Set one with: mkutano lock --set",
            "no_pin",
        )
    return record


def unlock(path: Path, pin: str, idle_ms: int) -> None:
    """Judge the PIN, and have the keeper remember the secret. See open_home and keeper.keep."""
    require_pin(read_record(path))
    with open_home(path, pin) as home:
        values = {"seed": home.keys.seed.hex(), "ledger_key": home.ledger_key.hex()}
        keeper.keep(path, values, idle_ms)


def require_no_pin(record: PlainDevice | SealedDevice) -> PlainDevice:
    """A home without a PIN; CommandRefused for one that has one."""
    if isinstance(record, SealedDevice):
        raise CommandRefused(
            "This phone has a PIN already. Change it with: mkutano lock --change", "has_pin"
        )
    return record


def require_removable(record: PlainDevice | SealedDevice) -> SealedDevice:
    """A home whose PIN can go. An encrypted ledger keeps its PIN: its key lies under it."""
    sealed = require_pin(record)
    if sealed.encrypted:
        raise CommandRefused(
            "The books are encrypted, and their key lies under the PIN. First take the "
            "encryption off: mkutano lock --decrypt",
            "encrypted",
        )
    return sealed


def require_convertible(record: PlainDevice | SealedDevice, to_encrypted: bool) -> SealedDevice:
    """A home whose ledger can be turned into the other kind, on a device that knows how."""
    sealed = require_pin(record)
    if sealed.encrypted == to_encrypted:
        state = "encrypted" if to_encrypted else "not encrypted"
        raise CommandRefused(f"The books on this phone are {state} already.", "as_it_is")
    sealed_ledger.driver()
    return sealed


def lock_now(path: Path) -> bool:
    """Forget what an unlocking left behind; whether the home was open by it.

    A process that runs on the home has to be asked by its own API. HomeBusy when a command is at
    work that can't be asked: it ends by itself, and keeps the key until then.
    """
    require_pin(read_record(path))
    was_open = keeper.end(path)
    if is_held(path) and running(path) is None:
        raise HomeBusy(
            "This phone is locked for every new command. One command is still at work and keeps "
            "the key until it ends: wait for it, or end it."
        )
    return was_open


def set_pin(path: Path, pin: str) -> None:
    """Put a home without a PIN under one."""
    with held(path) as found:
        record = require_no_pin(found)
        sealed = sealed_record(record.name, Secret(record.seed), pin)
        guesses.begin(path)
        _replace(path, sealed)


def change_pin(path: Path, pin: str, new: str) -> None:
    """Put the same secret under another PIN. Raises what `guesses.judged` raises."""
    with held(path) as record:
        secret = guesses.judged(path, require_pin(record), pin)
        _replace(path, sealed_record(record.name, secret, new))
    keeper.end(path)


def remove_pin(path: Path, pin: str) -> None:
    """Let the secret lie open again."""
    with held(path) as record:
        secret = guesses.judged(path, require_removable(record), pin)
        _replace(path, PlainDevice(record.name, secret.seed))
        guesses.forget(path)
    keeper.end(path)


def encrypt(path: Path, pin: str) -> int:
    """Turn the home's ledger into an encrypted one; how many rows were compared."""
    return _convert(path, pin, True)


def decrypt(path: Path, pin: str) -> int:
    """Turn the home's encrypted ledger into a plain one; how many rows were compared."""
    return _convert(path, pin, False)


def _convert(path: Path, pin: str, to_encrypted: bool) -> int:
    with held(path) as found:
        record = require_convertible(found, to_encrypted)
        secret = guesses.judged(path, record, pin)
        new = Secret(secret.seed, sealed_ledger.new_key() if to_encrypted else b"")
        sealed = sealed_record(record.name, new, pin)
        finish_converting(path, record.encrypted)
        write_private(path / CONVERTING_FILE, b"")
        try:
            rows = sealed_ledger.convert(
                ledger_path(path, record.encrypted),
                secret.ledger_key,
                ledger_path(path, to_encrypted),
                new.ledger_key,
            )
        except BaseException:
            with contextlib.suppress(OSError):  # else the next opening does it
                finish_converting(path, record.encrypted)
            raise
        _replace(path, sealed)
        finish_converting(path, to_encrypted)
    keeper.end(path)
    return rows


def _replace(path: Path, record: PlainDevice | SealedDevice) -> None:
    """The one rename at which the home becomes what was asked for."""
    write_private(path / DEVICE_FILE, encode(record))
