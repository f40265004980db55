"""Locking and unlocking a phone that runs: the only commands that a locked one answers.

`mkutano run` needs the device's key as long as it talks with other phones, so it holds it; what it
answers to commands is a session that ends when nobody uses it (node/session.py), while the links
go on. Locking it by hand ends the process: only then is the key out of its memory for certain,
because Python can't wipe what it has once held.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from node import guesses
from node.clock import boot_ms
from node.device import Device
from node.errors import CommandRefused, HomeLocked
from node.pin import PIN_CHARS_MAX
from node.private_file import full_in_words
from node.session import IDLE_MINUTES, IDLE_MINUTES_MAX, Session

ANSWERED_LOCKED: Final = frozenset({"lock", "unlock", "session"})


class UnlockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Open a running phone to commands."""

    pin: Annotated[str, Meta(max_length=4 * PIN_CHARS_MAX)]
    """The PIN or passphrase, as it was typed."""
    minutes: Annotated[int, Meta(ge=1, le=IDLE_MINUTES_MAX)] = IDLE_MINUTES
    """After so many minutes without a command it locks again."""


class LockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stop a running phone and forget its key."""


class SessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For how long a running phone answers commands."""


def require_open(device: Device) -> None:
    """HomeLocked when nobody has used the phone for long enough; else it counts as used now."""
    if device.session is not None and not device.session.use(boot_ms()):
        raise HomeLocked(
            "This phone is locked: nobody has used it for a while. It keeps in step with the other "
            "phones meanwhile. Unlock it with: mkutano unlock"
        )


async def unlock(device: Device, request: UnlockRequest) -> Mapping[str, Any]:
    """Judge the PIN, and begin a session."""
    home = device.node.home
    if home.sealed is None:
        raise CommandRefused("This phone has no PIN, so nothing is locked.", "no_pin")
    with full_in_words():
        await device.thread.run(guesses.judged, home.path, home.sealed, request.pin)
    device.session = Session(request.minutes * 60_000, boot_ms())
    return {"left_ms": device.session.left_ms(boot_ms())}


async def lock(device: Device, request: LockRequest) -> Mapping[str, Any]:
    """End the session, and the process after this answer."""
    if device.node.home.sealed is None:
        raise CommandRefused("This phone has no PIN, so nothing is locked.", "no_pin")
    if device.session is not None:
        device.session.end()
    device.locked_by_hand = True
    device.stopping.set()
    await asyncio.sleep(0)
    return {"stopping": True}


async def session(device: Device, request: SessionRequest) -> Mapping[str, Any]:
    """For how long commands are answered if nobody asks anything."""
    await asyncio.sleep(0)
    now = boot_ms()
    return {"left_ms": 0 if device.session is None else device.session.left_ms(now)}
