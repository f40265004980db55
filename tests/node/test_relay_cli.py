"""`mkutano cloud` as a person types it, against a relay that runs; every sentence read aloud."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import cli_cloud
from node.node import Node
from node.relay_address import relay_number
from node.relay_places import places
from node.relay_store import RelayStore
from node.relay_view import RelayWrong
from relay.config import Config
from relay.server import Relay, start_relay
from tests.node.phones import NOW_MS
from tests.node.relay_phones import World
from tests.node.test_cli import Type, founded, secretary, typing

__all__ = ["secretary"]


@contextlib.contextmanager
def served(state: Path) -> Iterator[Relay]:
    """A relay on a thread of its own, while commands run on this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        starting = start_relay(Config(state=str(state), port=0, admin=False))
        relay = asyncio.run_coroutine_threadsafe(starting, loop).result(20)
        try:
            yield relay
        finally:
            asyncio.run_coroutine_threadsafe(relay.close(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_group_backs_up_looks_checks_and_leaves(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    assert "if all phones are lost, so are the books" in secretary("cloud").out
    assert "has no cloud backup yet" in secretary("cloud", "sync").err
    with served(tmp_path / "relay") as relay:
        number = relay_number(relay.key.public)
        unseen = secretary("cloud", "add", relay.address, "--json")
        assert unseen.code == 1
        assert number in unseen.err
        added = secretary("cloud", "add", relay.address, "--yes")
        assert added.code == 0, added.err
        assert number in added.out
        assert "Nobody there can read it" in added.out
        assert "all of it; confirmed" in secretary("cloud").out
        again = secretary("cloud", "add", relay.address, "--yes")
        assert "already" in again.err

        assert secretary("record", "member", "--name", "Amina").code == 0
        assert "1 change is not there yet" in secretary("cloud").out
        (stands,) = secretary("cloud", "--json").json()["backups"]
        assert stands["changes_lacking"] == 1
        (holder,) = secretary("status", "--json").json()["holders"]
        assert holder["right"] == "relay"
        assert holder["changes_lacking"] == 1
        assert "2 entries are only on this phone" in secretary("status").out
        assert "all of it" in secretary("cloud", "sync").out
        assert "also on the cloud backup at 127.0.0.1" in secretary("status").out

        checked = secretary("cloud", "check")
        assert checked.code == 0, checked.err
        assert "Everything that this phone has is there" in checked.out
        (told,) = secretary("cloud", "sync", "--json").json()["backups"]
        assert told["pieces_sent"] == 0
        assert "uses no such backup" in secretary("cloud", "sync", "elsewhere").err
        assert secretary("cloud", "remove", "--yes").code == 0
        assert "has no cloud backup" in secretary("cloud").out


def test_a_relay_that_is_away_is_told_and_nothing_is_lost(secretary: Type, tmp_path: Path) -> None:
    founded(secretary)
    with served(tmp_path / "relay") as relay:
        assert secretary("cloud", "add", relay.address, "--yes").code == 0
    assert secretary("record", "member", "--name", "Amina").code == 0
    away = secretary("cloud", "sync")
    assert away.code == 4
    assert "No relay answers at 127.0.0.1" in away.err
    assert "1 change is not there yet" in secretary("cloud").out


def test_a_long_backup_says_how_far_it_is(
    secretary: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_cloud, "PIECES_A_ROUND", 1)
    founded(secretary)
    with served(tmp_path / "relay") as relay:
        assert secretary("cloud", "add", relay.address, "--yes").code == 0
        monkeypatch.setattr("replication.mailbox.CHUNK_BYTES_MAX", 300)
        for name in ("Amina", "Baraka", "Chebet"):
            assert secretary("record", "member", "--name", name).code == 0
        synced = secretary("cloud", "sync")
        assert "changes still to go" in synced.out
        assert "all of it" in synced.out


def test_what_was_wrong_is_shown_until_it_is_long_past(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with Node.open(world.path / "secretary") as node:
        store = RelayStore(node.store.database)
        log = places(world.group, world.chosen)[0]
        store.note(log, b"l" * 16, RelayWrong("rolled_back"), NOW_MS)
        store.note(log, b"l" * 16, RelayWrong("withheld"), 4_000_000_000_000)
    shown = typing(world.path / "secretary", capsys)("cloud").out
    assert "holds something back" in shown
    assert "has lost what it had confirmed" not in shown  # years ago


def test_the_operators_commands_are_handed_to_the_relays_program(
    secretary: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []

    def execv(program: str, arguments: list[str]) -> None:
        called.append([program, *arguments])

    monkeypatch.setattr(os, "execv", execv)
    assert secretary("relay", "serve", "--port", "1", "--help").code == 0
    python = sys.executable
    assert called == [[python, python, "-m", "relay", "serve", "--port", "1", "--help"]]
    monkeypatch.setattr(cli_cloud, "find_spec", lambda name: None)
    refused = secretary("relay", "serve")
    assert refused.code == 1
    assert "not installed here" in refused.err
