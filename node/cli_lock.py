"""Locking this phone: its PIN, the minutes it stays open, and the encryption of its books.

Rule: a PIN is typed where nobody sees it, or read from a file; never from the command line, which
other programs can read. Every answer says what the lock does not do.
"""

import select
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from node import guesses, keeper, lock_words, locking
from node import pin as pins
from node.asking import over_api
from node.cli import Asker, Whole, json_option, show
from node.clock import monotonic_ms
from node.device_file import PlainDevice, SealedDevice
from node.errors import HomeBusy, HomeMissing, NodeError
from node.home import is_held, read_record, running
from node.lock_exchanges import LockRequest, SessionRequest, UnlockRequest
from node.private_file import SMALL_FILE_BYTES_MAX
from node.session import IDLE_MINUTES, IDLE_MINUTES_MAX

STOPPING_MS_MAX: Final = 15_000
_TURN_S: Final = 0.05

Told = tuple[dict[str, Any], Callable[..., str]]
"""An answer, and what puts it in words with `program`, how the next command begins."""

_pin_file = click.option(
    "--pin-file", default="", metavar="FILE", help="Read the PIN from FILE; - is standard input."
)


@click.command("lock")
@click.option("--set", "what", flag_value="set", multiple=True, help="Put this phone under a PIN.")
@click.option("--change", "what", flag_value="change", multiple=True, help="Take another PIN.")
@click.option("--remove", "what", flag_value="remove", multiple=True, help="Do without a PIN.")
@click.option("--encrypt", "what", flag_value="encrypt", multiple=True, help="Encrypt the books.")
@click.option("--decrypt", "what", flag_value="decrypt", multiple=True, help="Undo that.")
@click.option("--show", "what", flag_value="show", multiple=True, help="Only say how it stands.")
@_pin_file
@click.option("--new-pin-file", default="", metavar="FILE", help="The new PIN, with --change.")
@json_option
@click.pass_obj
def lock_command(
    asker: Asker, what: tuple[str, ...], pin_file: str, new_pin_file: str, as_json: bool
) -> None:
    """Lock this phone now; or set, change or remove its PIN, and encrypt its books.

    While a phone is locked, Mkutano neither shows nor records anything on it, and “mkutano run”
    stops. Five wrong tries, and everybody waits 15 minutes before every further one.

    What a PIN can't do: a PIN of four digits has 10,000 possibilities. Whoever copies the phone's
    files tries them all in minutes, where nothing makes them wait. Against that, take a passphrase
    of four or more words that have nothing to do with each other.

    Without --encrypt the books are not hidden from whoever gets at the phone's files.
    """
    if len(what) > 1:
        raise click.UsageError("Ask for one thing at a time.")
    turn = _TURNS[what[0] if what else "now"]
    answer, words = turn(asker.home, pin_file, new_pin_file)
    show(answer, as_json, partial(words, program=asker.program))


@click.command("unlock")
@click.option("--minutes", default=IDLE_MINUTES, type=Whole(1, IDLE_MINUTES_MAX),
              show_default=True, help="Lock again after so long without a command.")  # fmt: skip
@_pin_file
@json_option
@click.pass_obj
def unlock_command(asker: Asker, minutes: int, pin_file: str, as_json: bool) -> None:
    """Open this phone with its PIN, until nobody has used it for a while.

    The key is held in memory only. “mkutano lock” drops it at once; so does the end of the machine.
    """
    locking.require_pin(read_record(asker.home))
    _unlock(asker.home, _typed_pin(asker.home, pin_file), minutes)
    show(
        {"unlocked": True, "minutes": minutes},
        as_json,
        partial(lock_words.unlocked_words, program=asker.program),
    )


def unlocked_by_hand(home: Path) -> bool:
    """Ask the person at the terminal for the PIN and unlock; False when nobody sits at one."""
    if not _somebody_is_here():
        return False
    click.echo("This phone is locked.", err=True)
    _unlock(home, _typed_pin(home, ""), IDLE_MINUTES)
    return True


def chosen_pin(pin_file: str) -> str:
    """A new PIN, typed twice or read from a file. CommandRefused when it can't be one."""
    if pin_file:
        return pins.chosen(_read_pin(pin_file))
    if not _somebody_is_here():
        raise _nobody_here()
    typed = click.prompt(
        "New PIN or passphrase",
        hide_input=True,
        confirmation_prompt="The same again",
        err=True,
    )
    return pins.chosen(typed)


def pin_to_start(home: Path, pin_file: str) -> str | None:
    """The PIN that `mkutano run` needs; None when none is needed, or nobody is there to ask."""
    try:
        record = read_record(home)
    except HomeMissing:
        return None  # opening says so
    if not isinstance(record, SealedDevice) or is_held(home):
        return None
    if pin_file:
        return _read_pin(pin_file)
    if keeper.left_ms(home) or not _somebody_is_here():
        return None
    return _typed_pin(home, "")


def _unlock(home: Path, pin: str, minutes: int) -> None:
    holder = running(home)
    if holder is None:
        locking.unlock(home, pin, minutes * 60_000)
    else:
        over_api(holder, "unlock", UnlockRequest(pin=pin, minutes=minutes))


def _lock_now(home: Path, *_: str) -> Told:
    """Drop the key wherever it is held: in the keeper's memory, in the running process."""
    locking.require_pin(read_record(home))
    holder = running(home)
    if holder is None:
        was_open = locking.lock_now(home)
        return {"locked": True, "stopped": False, "was_open": was_open}, lock_words.locked_words
    keeper.end(home)
    over_api(holder, "lock", LockRequest())
    until = monotonic_ms() + STOPPING_MS_MAX
    while is_held(home):
        if monotonic_ms() > until:
            raise HomeBusy(
                "This phone answers nobody any more, but Mkutano has not stopped yet and still "
                f"holds the key. End the process {holder.pid}."
            )
        select.select([], [], [], _TURN_S)
    return {"locked": True, "stopped": True, "was_open": True}, lock_words.locked_words


def _look(home: Path, *_: str) -> Told:
    """How the phone is locked, asked of the process that runs on it, if one does."""
    found = locking.look(home)
    left_ms = found.left_ms
    holder = running(home)
    if holder is not None and found.has_pin:
        left_ms = over_api(holder, "session", SessionRequest())["left_ms"]
    answer = {
        "pin": found.has_pin,
        "encrypted": found.encrypted,
        "locked": found.has_pin and not left_ms,
        "minutes_left": -(-left_ms // 60_000),
        "wrong_tries": found.failures,
        "wait_s": -(-found.wait_ms // 1000),
        "plain_ledger_left": found.plain_ledger,
    }
    return answer, lock_words.shown_words


def _set_pin(home: Path, pin_file: str, new_pin_file: str) -> Told:
    locking.require_no_pin(_free(home))
    new = chosen_pin(new_pin_file or pin_file)
    locking.set_pin(home, new)
    return {"pin": True, "weakness": pins.weakness(new)}, lock_words.set_words


def _change_pin(home: Path, pin_file: str, new_pin_file: str) -> Told:
    locking.require_pin(_free(home))
    old = _typed_pin(home, pin_file)
    new = chosen_pin(new_pin_file)
    locking.change_pin(home, old, new)
    return {"pin": True, "weakness": pins.weakness(new)}, lock_words.changed_words


def _remove_pin(home: Path, pin_file: str, _: str) -> Told:
    locking.require_removable(_free(home))
    locking.remove_pin(home, _typed_pin(home, pin_file))
    return {"pin": False}, lock_words.removed_words


def _encrypt(home: Path, pin_file: str, _: str) -> Told:
    locking.require_convertible(_free(home), True)
    typed = _typed_pin(home, pin_file)
    rows = locking.encrypt(home, typed)
    weakness = pins.weakness(pins.spelt(typed))
    return {"encrypted": True, "rows": rows, "weakness": weakness}, lock_words.encrypted_words


def _decrypt(home: Path, pin_file: str, _: str) -> Told:
    locking.require_convertible(_free(home), False)
    rows = locking.decrypt(home, _typed_pin(home, pin_file))
    return {"encrypted": False, "rows": rows}, lock_words.decrypted_words


_TURNS: Final[Mapping[str, Callable[[Path, str, str], Told]]] = {
    "now": _lock_now,
    "show": _look,
    "set": _set_pin,
    "change": _change_pin,
    "remove": _remove_pin,
    "encrypt": _encrypt,
    "decrypt": _decrypt,
}


def _free(home: Path) -> PlainDevice | SealedDevice:
    """A home that nobody is at work on: it is said before anybody types a PIN for nothing."""
    record = read_record(home)
    if is_held(home):
        raise HomeBusy("Mkutano is at work on this phone. Stop it first with Ctrl-C.")
    return record


def _typed_pin(home: Path, pin_file: str) -> str:
    """The present PIN, from a file or the keyboard; TooManyGuesses before anybody types it.

    A count that can't be read is dealt with when the guess is judged.
    """
    locking.require_pin(read_record(home))
    tried = guesses.read(home)
    if tried is not None:
        guesses.require_turn(tried, guesses.clock_now())
    if pin_file:
        return _read_pin(pin_file)
    if not _somebody_is_here():
        raise _nobody_here()
    typed: str = click.prompt("PIN or passphrase", hide_input=True, err=True)
    return typed


def _read_pin(pin_file: str) -> str:
    """One line of standard input, or the whole of a small file."""
    try:
        if pin_file == "-":
            return sys.stdin.readline(SMALL_FILE_BYTES_MAX)
        with Path(pin_file).open("rb") as file:
            return file.read(SMALL_FILE_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise NodeError(
            f"The PIN can't be read from {pin_file}: {why}.", "cannot_read_pin"
        ) from error


def _somebody_is_here() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _nobody_here() -> NodeError:
    return NodeError(
        "There is no keyboard here to type a PIN on. Give --pin-file FILE, or --pin-file - to read "
        "it from standard input.",
        "no_keyboard",
    )
