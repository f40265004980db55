"""The lock as it is typed: what a person reads, what machines get, and a phone that runs."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from node import guesses, lock_exchanges
from node.actions import ACTIONS
from node.api import Api
from node.cli import EXIT_BUSY, EXIT_LOCKED, EXIT_REFUSED
from node.clock import boot_ms
from node.device import open_device
from node.errors import CommandRefused
from node.exchanges import EXCHANGES
from node.home import running as running_on
from node.pin import chosen, spelt, weakness
from node.session import Session
from tests.node.locked_phones import OTHER_PIN, PIN, Clock, cheapen, contents, failures, runtime
from tests.node.test_cli import ROOT, Type, founded, program, secretary
from tests.node.test_cli_running import WAIT_S, Running

__all__ = ["secretary"]


@pytest.fixture(autouse=True)
def no_sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cheapen()
    with runtime(monkeypatch):
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "secretary"


@pytest.fixture
def pins(tmp_path: Path) -> dict[str, str]:
    """Files that hold a PIN, as a machine keeps them."""
    files = {"right": f"{PIN}\n", "other": OTHER_PIN, "wrong": "1111\n"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return {name: str(tmp_path / name) for name in files}


def test_a_day_with_a_pin(secretary: Type, pins: dict[str, str], home: Path) -> None:
    founded(secretary)
    assert "has no PIN" in secretary("lock").err
    assert "has no PIN" in secretary("unlock", "--pin-file", pins["right"]).err
    assert secretary("lock", "--show", "--json").json()["pin"] is False
    done = secretary("lock", "--set", "--pin-file", pins["right"])
    assert done.code == 0, done.err
    for said in ("10,000 PINs of 4 digits in minutes", "not encrypted", "lock --encrypt", "lost"):
        assert said in done.out
    refused = secretary("members")
    assert (refused.code, refused.out) == (EXIT_LOCKED, "")
    assert refused.err.startswith("This phone is locked")
    assert json.loads(secretary("members", "--json").out)["code"] == "locked"
    assert secretary("record", "member", "--name", "Amina").code == EXIT_LOCKED
    wrong = secretary("unlock", "--pin-file", pins["wrong"], "--json")
    assert (wrong.code, json.loads(wrong.out)["code"]) == (EXIT_LOCKED, "wrong_pin")
    assert secretary("lock", "--show", "--json").json()["wrong_tries"] == 1
    assert "locks again when nobody has used it for 5 minutes" in (
        secretary("unlock", "--minutes", "5", "--pin-file", pins["right"]).out
    )
    assert secretary("record", "member", "--name", "Amina").code == 0
    assert "Amina" in secretary("members").out
    shown = secretary("lock", "--show", "--json").json()
    assert (shown["locked"], shown["minutes_left"], shown["wrong_tries"]) == (False, 5, 0)
    assert "Unlocked, for 5 minutes more" in secretary("lock", "--show").out
    assert secretary("lock").out == "This phone is locked.\n"
    assert secretary("lock").out == "This phone was locked already.\n"
    assert secretary("members").code == EXIT_LOCKED


def test_changing_encrypting_and_leaving(secretary: Type, pins: dict[str, str], home: Path) -> None:
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    changed = secretary("lock", "--change", "--pin-file", pins["right"],
                        "--new-pin-file", pins["other"])  # fmt: skip
    assert changed.code == 0
    assert "10,000" not in changed.out  # five words need no warning
    encrypted = secretary("lock", "--encrypt", "--pin-file", pins["other"], "--json").json()
    assert encrypted["encrypted"]
    assert encrypted["rows"] > 5
    assert b"Umoja" not in contents(home)
    assert "flash storage keeps old blocks" in _sentence_after_encrypting(secretary, pins)
    assert secretary("unlock", "--pin-file", pins["other"]).code == 0
    assert secretary("verify").code == 0
    assert "The books are encrypted." in secretary("lock", "--show").out
    refused = secretary("lock", "--remove", "--pin-file", pins["other"])
    assert "lock --decrypt" in refused.err
    assert secretary("lock", "--decrypt", "--pin-file", pins["other"]).code == 0
    assert secretary("book").code == EXIT_LOCKED
    assert secretary("lock", "--remove", "--pin-file", pins["other"]).code == 0
    assert secretary("book").code == 0


def _sentence_after_encrypting(secretary: Type, pins: dict[str, str]) -> str:
    assert secretary("lock", "--decrypt", "--pin-file", pins["other"]).code == 0
    return secretary("lock", "--encrypt", "--pin-file", pins["other"]).out


def test_a_short_pin_is_named_when_it_is_to_encrypt(secretary: Type, pins: dict[str, str]) -> None:
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    assert "10,000 PINs" in secretary("lock", "--encrypt", "--pin-file", pins["right"]).out


def test_a_phone_encrypted_from_the_start(
    secretary: Type, pins: dict[str, str], home: Path
) -> None:
    made = secretary("init", "--name", "Phone", "--encrypted", "--pin-file", pins["right"])
    assert "It is locked" in made.out
    assert "10,000" in made.out
    assert secretary("unlock", "--pin-file", pins["right"]).code == 0
    assert secretary("found", "Umoja", "--currency", "KES", "--share-value", "100").code == 0
    assert b"Umoja" not in contents(home)


@pytest.mark.parametrize(
    "words",
    [
        "lock --set",
        "lock --set --change",
        "lock --change --pin-file nowhere",
        "unlock",
        "unlock --minutes 0",
        "unlock --minutes 9999",
        "lock --remove --pin-file /dev/null",
        "run",
    ],
)
def test_what_can_not_be_done_is_said_in_words(
    secretary: Type, pins: dict[str, str], words: str
) -> None:
    founded(secretary)
    if words != "lock --set":
        assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    refused = secretary(*words.split())
    assert refused.code != 0
    assert refused.err
    assert "Traceback" not in refused.err


def test_the_wait_is_said_before_anybody_types(
    secretary: Type, pins: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    for _ in range(3):
        secretary("unlock", "--pin-file", pins["wrong"])
    assert "Wait" not in secretary("lock", "--show").out
    assert "the next can be made in" in secretary("lock", "--show").out
    waits = secretary("unlock", "--json")  # not: there is no keyboard
    assert json.loads(waits.out)["code"] == "wait"
    assert failures(home) == 3
    clock = Clock(boot_ms() + 30_000)
    monkeypatch.setattr(guesses, "boot_ms", clock)
    assert secretary("unlock", "--pin-file", pins["right"]).code == 0


@pytest.mark.parametrize(
    "pin", ["", "123", "  1 2", "a\x00bcd", "x" * 201, "0000", "1234", "54321"]
)
def test_what_can_be_no_pin(pin: str) -> None:
    with pytest.raises(CommandRefused, match="Nothing was changed"):
        chosen(pin)


def test_a_pin_is_the_same_on_every_keyboard() -> None:
    assert chosen(" \uff12\uff15\uff18\uff10\n") == PIN
    assert spelt("cafe\u0301  au lait") == spelt("caf\u00e9 au lait ")


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        ("2580", "10,000 PINs of 4 digits in minutes"),
        ("258013", "1,000,000 PINs of 6 digits in hours"),
        ("25801379", "100,000,000 PINs of 8 digits in days"),
        ("258013792580", ""),
        ("kitabu", "Whoever copies"),
        (OTHER_PIN, ""),
    ],
)
def test_the_honest_word(pin: str, says: str) -> None:
    assert says in weakness(pin)
    assert bool(weakness(pin)) == bool(says)


class Terminal:
    """A command at a terminal of its own, as a person sees it."""

    def __init__(self, home: Path, *words: str) -> None:
        self.screen, theirs = pty.openpty()
        self.seen = b""
        self.process = subprocess.Popen(
            program(*words, home=home),
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def type_after(self, words: str, typed: str) -> None:
        """Wait for the words, then type."""
        while words.encode() not in self.seen:
            assert self._more(), self.seen
        self.seen = self.seen.partition(words.encode())[2]
        os.write(self.screen, typed.encode() + b"\n")

    def over(self) -> tuple[int, str]:
        """Exit code, and what was on the screen since the last prompt."""
        while self._more():
            pass
        os.close(self.screen)
        return self.process.wait(WAIT_S), self.seen.decode().replace("\r", "")

    def _more(self) -> bool:
        readable, _, _ = select.select([self.screen], [], [], WAIT_S)
        part = b""
        with contextlib.suppress(OSError):  # the other side has gone
            part = os.read(self.screen, 4096) if readable else b""
        self.seen += part
        return bool(part)


def test_a_person_at_a_terminal_is_asked_and_nobody_sees_the_pin(
    secretary: Type, home: Path
) -> None:
    founded(secretary)
    terminal = Terminal(home, "lock", "--set")
    terminal.type_after("New PIN or passphrase: ", PIN)
    terminal.type_after("The same again: ", PIN)
    code, said = terminal.over()
    assert code == 0
    assert "This phone has a PIN now" in said
    assert PIN not in said
    terminal = Terminal(home, "members")
    terminal.type_after("PIN or passphrase: ", PIN)
    code, said = terminal.over()
    assert code == 0
    assert "No members yet" in said  # asked once, then answered at once
    assert PIN not in said
    code, said = Terminal(home, "members").over()
    assert "No members yet" in said  # and not again for a while
    assert secretary("lock").code == 0
    terminal = Terminal(home, "members")
    terminal.type_after("PIN or passphrase: ", "9999")
    code, said = terminal.over()
    assert code == EXIT_LOCKED
    assert "That PIN is wrong" in said


@pytest.fixture
def phone(secretary: Type, home: Path, pins: dict[str, str]) -> Iterator[Running]:
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    on = Running(home, "--pin-file", pins["right"])
    yield on
    if on.process.poll() is None:
        on.stop(signal.SIGKILL)


def test_a_phone_that_runs_answers_until_it_is_locked_and_then_it_has_stopped(
    phone: Running, secretary: Type, pins: dict[str, str], home: Path
) -> None:
    assert secretary("record", "member", "--name", "Amina").code == 0
    shown = secretary("lock", "--show", "--json").json()
    assert (shown["locked"], shown["minutes_left"]) == (False, 15)
    assert secretary("unlock", "--pin-file", pins["wrong"]).code == EXIT_LOCKED
    assert failures(home) == 1
    assert secretary("unlock", "--pin-file", pins["right"], "--minutes", "7").code == 0
    assert secretary("lock", "--show", "--json").json()["minutes_left"] == 7
    for words in ("--set", "--change", "--remove", "--encrypt", "--decrypt"):
        refused = secretary("lock", words, "--pin-file", pins["right"])
        assert (refused.code, "at work" in refused.err) == (EXIT_BUSY, True)
    locked = secretary("lock")
    assert "Mkutano has stopped" in locked.out
    out, _ = phone.process.communicate(timeout=WAIT_S)
    assert phone.process.returncode == 0
    assert "This phone was locked" in out
    assert running_on(home) is None
    assert secretary("members").code == EXIT_LOCKED


def test_a_locked_phone_is_not_started_by_somebody_without_the_pin(
    secretary: Type, pins: dict[str, str]
) -> None:
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    assert secretary("run", "--host", "127.0.0.1", "--no-lan").code == EXIT_LOCKED
    assert secretary("run", "--no-lan", "--pin-file", pins["wrong"]).code == EXIT_LOCKED


async def test_a_phone_that_nobody_uses_answers_no_command_but_the_pin(
    home: Path, secretary: Type, pins: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every question and command of the API, on a phone that keeps on running."""
    founded(secretary)
    assert secretary("lock", "--set", "--pin-file", pins["right"]).code == 0
    clock = Clock()
    monkeypatch.setattr(lock_exchanges, "boot_ms", clock)
    async with open_device(home, PIN) as device, aiohttp.ClientSession() as http:
        device.session = Session(15 * 60_000, clock())
        api = Api(device)
        base = await api.start()
        headers = {"Authorization": f"Bearer {device.node.home.token}"}

        async def ask(method: str, name: str, body: object = None) -> tuple[int, str]:
            asked = http.request(method, f"{base}/v1/{name}", headers=headers, json=body)
            async with asked as response:
                return response.status, (await response.json()).get("code", "")

        assert await ask("GET", "members") == (200, "")
        clock.pass_s(15 * 60)
        names = {*ACTIONS, *EXCHANGES} - {"lock", "unlock", "session"}
        for name in sorted(names):
            writes = name in EXCHANGES or ACTIONS[name].writes
            assert await ask("POST" if writes else "GET", name, {} if writes else None) == (
                423,
                "locked",
            ), name
        assert await ask("POST", "session", {}) == (200, "")
        assert await ask("POST", "unlock", {"pin": "1111"}) == (403, "wrong_pin")
        assert await ask("GET", "members") == (423, "locked")
        assert await ask("POST", "unlock", {"pin": PIN, "minutes": 1}) == (200, "")
        assert await ask("GET", "members") == (200, "")
        clock.pass_s(60)
        assert await ask("GET", "members") == (423, "locked")
        for wrong in range(3):
            assert await ask("POST", "unlock", {"pin": f"111{wrong}"}) == (403, "wrong_pin")
        assert await ask("POST", "unlock", {"pin": PIN}) == (429, "wait")
        assert not device.stopping.is_set()
        assert await ask("POST", "lock", {}) == (200, "")
        assert device.stopping.is_set()
        await api.close()


async def test_a_running_phone_without_a_pin_locks_nothing(home: Path, secretary: Type) -> None:
    founded(secretary)
    async with open_device(home) as device:
        with pytest.raises(CommandRefused, match="has no PIN"):
            await lock_exchanges.lock(device, lock_exchanges.LockRequest())
        with pytest.raises(CommandRefused, match="has no PIN"):
            await lock_exchanges.unlock(device, lock_exchanges.UnlockRequest(pin=PIN))
        lock_exchanges.require_open(device)
        assert not device.stopping.is_set()


def test_help_says_what_a_pin_can_not_do(secretary: Type) -> None:
    said = " ".join(secretary("lock", "--help").out.split())
    assert "four digits has 10,000 possibilities" in said
    assert "in minutes" in said
    assert secretary("init", "--name", "x" * 81).code == EXIT_REFUSED
