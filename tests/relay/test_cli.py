"""The operator's commands, in words and for machines."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.cli import main
from relay.config import Config
from relay.facts import key_number
from relay.relay_key import make_key
from relay.server import start_relay
from tests.relay.devices import Device, access_of, calling, founds

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command's exit code, what it printed, and what it complained of."""

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["relay", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return command


async def begin(state: Path) -> bytes:
    """A relay that once ran, with one mailbox."""
    relay = await start_relay(Config(state=str(state), port=0, admin=False))
    founder, chair = Device("founder"), Device("chair")
    async with calling(relay.address) as caller:
        await caller.ask(founds(founder, access_of((chair,))))
    await relay.close()
    return relay.key.public


def test_the_settings_in_force_are_shown_and_faults_named(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("config", "show", "--port", "1234", "--set", "idle_s=5")
    assert code == 0
    assert "port                          = 1234" in out.splitlines()
    code, out, _ = run("config", "check", "--json", "--set", "log_addresses=true")
    assert json.loads(out)["log_addresses"] is True
    for arguments in (("--port", "x"), ("--set", "idle"), ("--set", "idl_s=1")):
        code, out, err = run("config", "check", *arguments)
        assert (code, out) == (1, "")
        assert len(err.splitlines()) == 1
    assert run("config", "check", "--config", str(tmp_path / "none.toml"))[0] == 1
    assert run("conig")[0] == 2


def test_the_key_is_shown_and_made_anew_only_where_there_is_none(run: Run, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path))
    assert run("key", *state)[0] == 1
    code, made, _ = run("key", "--new", *state)
    public = make_key(tmp_path).public
    assert (code, made.splitlines()) == (0, [public.hex(), f"Its number: {key_number(public)}"])
    assert run("key", *state) == (0, made, "")
    code, out, err = run("key", "--new", *state)
    assert (code, out) == (1, "")
    assert "left as it is" in err


def test_a_relay_is_checked_and_renewed_while_it_is_stopped(run: Run, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path))
    asyncio.run(begin(tmp_path))
    assert run("check", *state) == (0, "All is in order: 1 mailbox, 0 bytes.\n", "")
    told = json.loads(run("check", "--json", *state)[1])
    assert told == {"ok": True, "mailboxes": 1, "stored_bytes": 0}
    code, out, _ = run("renew", "--yes", *state)
    assert (code, out) == (0, "New logs for 1 mailbox. Devices bring what is missing.\n")
    (tmp_path / "relay.key").unlink()
    code, _, err = run("check", *state)
    assert code == 1
    assert "relay.key" in err
    (tmp_path / "relay.sqlite").write_bytes(b"not a database at all".ljust(4096))
    assert run("check", *state)[0] == 1


def test_a_backup_of_a_running_relay_is_a_relay(run: Run, tmp_path: Path) -> None:
    """Made while it runs, put back as it is, with the same key; nothing is overwritten."""
    state, copy = tmp_path / "state", tmp_path / "backup" / "monday"

    async def back_up_while_it_runs() -> bytes:
        public = await begin(state)
        relay = await start_relay(Config(state=str(state), port=0, admin=False))
        code, out, _ = await asyncio.to_thread(run, "backup", "--state", str(state), str(copy))
        assert (code, "the key. Keep both together" in out) == (0, True)
        await relay.close()
        return public

    public = asyncio.run(back_up_while_it_runs())
    assert {path.name: path.stat().st_mode & 0o777 for path in copy.iterdir()} == {
        "relay.sqlite": 0o600,
        "relay.key": 0o600,
    }
    assert make_key(copy).public == public
    assert run("check", "--state", str(copy))[1].startswith("All is in order: 1 mailbox,")
    for arguments in (
        ("--state", str(state), str(copy)),
        ("--state", str(tmp_path), str(tmp_path / "other")),
        ("--state", str(state), "--database", "postgresql:///relay", str(tmp_path / "other")),
    ):
        code, _, err = run("backup", *arguments)
        assert (code, len(err.splitlines())) == (1, 1)
    assert not (tmp_path / "other").exists()


def test_where_no_relay_answers_it_says_what_to_do(run: Run) -> None:
    code, _, err = run("status", "--admin-port", "1")
    assert code == 1
    assert "python -m relay serve" in err


def test_the_status_of_a_running_relay(run: Run, tmp_path: Path) -> None:
    async def ask() -> tuple[str, str]:
        relay = await start_relay(Config(state=str(tmp_path), port=0, admin_port=0))
        port = relay.admin_address.rpartition(":")[2]
        try:
            words = await asyncio.to_thread(run, "status", "--admin-port", port)
            machine = await asyncio.to_thread(run, "status", "--json", "--admin-port", port)
        finally:
            await relay.close()
        return words[1], machine[1]

    words, machine = asyncio.run(ask())
    assert max(map(len, words.splitlines())) <= 17 + 64
    assert "Mailboxes        0 (0 open)" in words.splitlines()
    assert json.loads(machine)["connections"] == 0
