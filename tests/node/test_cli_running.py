"""A phone that is on, as a real process: what it tells, what asks it, and how it stops."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import cli
from tests.node.test_cli import ROOT, Type, Typed, founded, program, secretary, treasurer

__all__ = ["secretary", "treasurer"]

WAIT_S = 30


def output(*words: str, home: Path) -> Typed:
    done = subprocess.run(
        program(*words, home=home), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return Typed(done.returncode, done.stdout, done.stderr)


class Running:
    """A phone that is on, as a real process."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.address_file = home.with_suffix(".address")
        self.process = subprocess.Popen(
            program(
                *("run", "--host", "127.0.0.1", "--address-file", str(self.address_file)),
                *options,
                home=home,
            ),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + WAIT_S
        while not self.address_file.exists() and self.process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def address(self) -> str:
        return self.address_file.read_text().strip()

    def stop(self, number: int) -> tuple[int, str]:
        """Exit code, and what it said."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, out


@pytest.fixture
def running(secretary: Type, tmp_path: Path) -> Iterator[Running]:
    founded(secretary)
    phone = Running(tmp_path / "secretary")
    yield phone
    if phone.process.poll() is None:
        phone.stop(signal.SIGKILL)


def test_while_it_runs_commands_go_through_its_api(
    running: Running, secretary: Type, treasurer: Type
) -> None:
    assert secretary("record", "member", "--name", "Amina").code == 0
    assert secretary("record", "member").err == "To record a member, --name is needed.\n"
    assert secretary("passbook", "99").code == cli.EXIT_REFUSED
    made = secretary("invite", "--title", "treasurer", "--json").json()
    assert made["addresses"] == [running.address]
    assert treasurer("init", "--name", "Treasurer's phone").code == 0
    joined = treasurer("join", made["uri"], "--yes", "--json").json()
    assert joined["changes_received"] >= 2
    assert treasurer("record", "member", "--name", "Baraka").code == 0
    moved = treasurer("sync", running.address, "--json").json()
    assert moved["changes_sent"] == 1
    ours, theirs = (person("book", "--json").json() for person in (secretary, treasurer))
    assert ours == theirs
    titles = {one["title"] for one in secretary("devices", "--json").json()["devices"]}
    assert titles == {"secretary", "treasurer"}
    assert "up to date" in secretary("status").out
    again = treasurer("join", made["uri"], "--yes")
    assert again.code == cli.EXIT_REFUSED
    assert "used already" in again.err
    assert "This phone is in Umoja already." in again.err
    assert secretary("links", "--json").json()["listening"] == [running.address]


@pytest.mark.parametrize("way", ["lan", "typed", "remembered"])
def test_phones_that_run_find_each_other_and_keep_in_step(
    running: Running, secretary: Type, treasurer: Type, tmp_path: Path, way: str
) -> None:
    uri = secretary("invite", "--title", "treasurer", "--json").json()["uri"]
    assert treasurer("init", "--name", "Treasurer's phone").code == 0
    assert treasurer("join", uri, "--yes").code == 0
    options = {"lan": (), "typed": ("--no-lan", "--peer", running.address)}
    other = Running(tmp_path / "treasurer", *options.get(way, ("--no-lan",)))
    try:
        for person, name in ((secretary, "Amina"), (treasurer, "Baraka")):
            assert person("record", "member", "--name", name).code == 0
            deadline = time.monotonic() + WAIT_S
            while secretary("book", "--json").json() != treasurer("book", "--json").json():
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert len(secretary("book", "--json").json()["members"]) == 2
        assert len(secretary("links", "--json").json()["links"]) == 1
    finally:
        assert other.stop(signal.SIGTERM)[0] == 0


def test_a_phone_that_runs_tells_who_came_and_what_was_exchanged(
    running: Running, secretary: Type, treasurer: Type
) -> None:
    uri = secretary("invite", "--title", "treasurer", "--json").json()["uri"]
    assert treasurer("init", "--name", "Treasurer's phone").code == 0
    assert treasurer("join", uri, "--yes").code == 0
    assert running.process.stdout is not None
    lines = iter(running.process.stdout.readline, "")
    first = next(line for line in lines if "Treasurer" in line)
    assert re.fullmatch(r"Treasurer's phone comes in \(Umoja, number \d{3} \d{3}\)\.\n", first)
    assert next(lines) == "Treasurer's phone is connected.\n"
    assert next(lines).startswith("Treasurer's phone: 0 changes received, ")


def test_what_is_out_of_range_is_told_alike_while_it_runs(
    running: Running, secretary: Type
) -> None:
    asked = ("found", "Tumaini", "--currency", "Shilling", "--share-value", "100")
    assert secretary(*asked).err == "The currency must be three capital letters, such as KES.\n"
    terms = ("--currency", "KES", "--share-value", "100", "--interest", "150")
    assert "The interest must be from 0 to 100 percent." in secretary("found", "T", *terms).err


def test_a_second_process_says_so_and_leaves(running: Running, tmp_path: Path) -> None:
    second = output("run", home=tmp_path / "secretary")
    assert second.code == cli.EXIT_BUSY
    assert "using" in second.err
    assert running.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_good_order(running: Running, secretary: Type, number: int) -> None:
    address = running.address
    code, said = running.stop(number)
    assert code == 0
    assert address in said.splitlines()[0]
    assert "Ctrl-C" in said
    assert secretary("verify").code == 0


def test_a_pulled_battery_loses_nothing(running: Running, secretary: Type) -> None:
    assert secretary("record", "member", "--name", "Amina").code == 0
    running.stop(signal.SIGKILL)
    assert [one["name"] for one in secretary("members", "--json").json()["members"]] == ["Amina"]
    assert secretary("verify").code == 0
