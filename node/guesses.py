"""How many wrong PINs were typed, and how long everybody waits for it.

    HOME/guesses.json   format, failures, boot, boot_ms, check     only in a home with a PIN

Rule: a guess is counted on the disk *before* it is judged, so a pulled battery or a killed program
gives none for free; the right PIN sets the count back to zero.

    failures in a row      1, 2    3      4       5 and every one after it
    wait before the next   none    30 s   2 min   15 min

A four-digit PIN is then found after some fifty days of nothing else on average, and an officer who
mistyped at a meeting waits a quarter of an hour at the worst: the lockout never grows beyond it,
because whoever wants to keep the officers out could otherwise do so for good by typing nonsense.

The wait is measured on the clock that counts from the phone's start (`boot_ms`). Date and time are
never asked: setting them, or a phone that wakes up in 1970, neither shortens nor lengthens a wait.
After a restart that clock begins again, and at least as much has passed as it reads. Whether there
was a restart is told by the system's name for its start (`boot`). A system without such a name may
have restarted unseen if the clock reads more than it did: then the difference of the two readings
is taken, which is less than what has really passed. So no wait is ever shortened, none grows beyond
its length, and restarting only costs time.

A file that is missing, cut or altered counts as five failures just now; it is never a fresh start.

What this can't do: whoever writes in the home, or guesses on a copy of it elsewhere, is not
counted. See node/pin.py.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from node.clock import boot_ms, boot_name
from node.device_file import NoMemory, SealedDevice, Secret, WrongPin, unseal
from node.errors import HomeDamaged, PinRefused, StoreFailed, TooManyGuesses
from node.pin import spelt
from node.private_file import read_small, write_private

GUESSES_FILE: Final = "guesses.json"
FAILURES_MAX: Final = 5
WAITS_S: Final = (0, 0, 0, 30, 120, 900)
"""By the number of failures; the last for every number above."""
FAILURES_COUNTED_MAX: Final = 1_000_000_000
BOOT_CHARS_MAX: Final = 64

_FORMAT: Final = 1
_FIELDS: Final = frozenset({"format", "failures", "boot", "boot_ms", "check"})


class Now(NamedTuple):
    """A reading of the clock that counts from the phone's start."""

    boot: str
    boot_ms: int


class Guesses(NamedTuple):
    """What the file says."""

    failures: int = 0
    boot: str = ""
    """The start of the phone in which the last guess was made; "" on a system without names."""
    boot_ms: int = 0
    """When it was made, on the clock that counts from that start."""


def judged(home: Path, record: SealedDevice, pin: str) -> Secret:
    """Judge one guess, under the home's lock: the secret, and the count back to zero.

    Raises TooManyGuesses while everybody waits (nothing is judged then), PinRefused for a wrong
    PIN, StoreFailed when the device can't even do the work, OSError when it can't count.
    """
    now = clock_now()
    before = read(home)
    if before is None:
        _write(home, Guesses(FAILURES_MAX, *now))
        raise TooManyGuesses(
            "The count of wrong PINs on this phone is missing or damaged, which counts as "
            f"{FAILURES_MAX} wrong tries just now: wait {_duration(WAITS_S[-1] * 1000)}, then try."
        )
    require_turn(before, now)
    guess = Guesses(min(before.failures + 1, FAILURES_COUNTED_MAX), *now)
    _write(home, guess)
    try:
        secret = unseal(record, spelt(pin))
    except WrongPin:
        raise PinRefused(_wrong(guess)) from None
    except NoMemory as error:
        _write(home, before)  # nothing was judged
        raise StoreFailed(
            "This phone has too little free memory to check the PIN. Close other programs and "
            "try again.",
            "no_memory",
        ) from error
    except ValueError as error:
        raise HomeDamaged(
            f"The device file in {home} holds another device's key. Restore the folder from a "
            "backup."
        ) from error
    _write(home, Guesses())
    return secret


def begin(home: Path) -> None:
    """Start counting, before a home gets its PIN."""
    _write(home, Guesses())


def forget(home: Path) -> None:
    """Stop counting, after a home has lost its PIN."""
    (home / GUESSES_FILE).unlink(missing_ok=True)


def read(home: Path) -> Guesses | None:
    """What was counted; None when that can't be read."""
    try:
        return decode(read_small(home / GUESSES_FILE))
    except (OSError, ValueError, HomeDamaged):
        return None


def wait_ms(guesses: Guesses, now: Now) -> int:
    """How long to wait before the next guess."""
    wait = WAITS_S[min(guesses.failures, FAILURES_MAX)] * 1000
    restarted = now.boot != guesses.boot or now.boot_ms < guesses.boot_ms
    passed = now.boot_ms if restarted else now.boot_ms - guesses.boot_ms
    return max(0, wait - passed)


def clock_now() -> Now:
    """What the clock from the phone's start says."""
    return Now(boot_name(), boot_ms())


def require_turn(guesses: Guesses, now: Now) -> None:
    """TooManyGuesses, with the time to wait, while nobody may guess."""
    wait = wait_ms(guesses, now)
    if wait:
        raise TooManyGuesses(
            f"{guesses.failures:,} wrong tries in a row: wait {_duration(wait)} before the next. "
            "Setting the clock or starting the phone anew does not make it shorter."
        )


def encode(guesses: Guesses) -> bytes:
    """The content of guesses.json."""
    values = {"format": _FORMAT, **guesses._asdict()}
    return json.dumps({**values, "check": _check(values)}).encode()


def decode(content: bytes) -> Guesses:
    """Read guesses.json. ValueError for whatever is not exactly such a file."""
    try:
        return _decoded(json.loads(content))
    except RecursionError as error:  # of reading, or of the check over what was read
        raise ValueError("not a count of guesses") from error


def _decoded(values: object) -> Guesses:
    if not isinstance(values, dict) or values.keys() != _FIELDS:
        raise ValueError("not a count of guesses")
    if values.pop("check") != _check(values) or values["format"] != _FORMAT:
        raise ValueError("the count was altered")
    failures, boot, at_ms = values["failures"], values["boot"], values["boot_ms"]
    if type(failures) is not int or not 0 <= failures <= FAILURES_COUNTED_MAX:
        raise ValueError("not a count")
    if not isinstance(boot, str) or len(boot) > BOOT_CHARS_MAX:
        raise ValueError("not the name of a start")
    if type(at_ms) is not int or not 0 <= at_ms < 2**63:
        raise ValueError("not a time")
    return Guesses(failures, boot, at_ms)


def _write(home: Path, guesses: Guesses) -> None:
    write_private(home / GUESSES_FILE, encode(guesses))


def _check(values: Mapping[str, object]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:32]


def _wrong(guess: Guesses) -> str:
    """What a person reads after a wrong PIN."""
    wait = WAITS_S[min(guess.failures, FAILURES_MAX)]
    if wait:
        return f"That PIN is wrong. Wait {_duration(wait * 1000)} before the next try."
    left = FAILURES_MAX - guess.failures
    return (
        f"That PIN is wrong. {left} more wrong tries in a row, and this phone waits "
        f"{_duration(WAITS_S[-1] * 1000)} before every further one."
    )


def _duration(milliseconds: int) -> str:
    """A wait in words, never too short."""
    seconds = -(-milliseconds // 1000)
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
