"""A home is its owner's alone, and one process's at a time."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import (
    CommandRefused,
    HomeBusy,
    HomeDamaged,
    HomeExists,
    HomeMissing,
    StoreFailed,
)
from node.home import create_home, open_home, running
from node.node import Node

ROOT = Path(__file__).parents[2]


def modes(path: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}


def test_a_home_is_readable_by_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Node.create(tmp_path / "home", "Secretary's phone") as node:
            node.home.announce("http://127.0.0.1:40123")
            node.found("Umoja", bytes(16), 0)
            found = modes(tmp_path / "home")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert {"ledger.sqlite", "ledger.sqlite-wal", "device.json", "api.token"} <= set(found)
    assert set(found.values()) == {0o600}


def test_opening_takes_away_rights_that_a_copy_gave_to_others(tmp_path: Path) -> None:
    Node.create(tmp_path / "home", "phone").close()
    (tmp_path / "home").chmod(0o755)
    (tmp_path / "home" / "device.json").chmod(0o644)
    (tmp_path / "home" / "ledger.sqlite").chmod(0o664)
    open_home(tmp_path / "home").close()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert set(modes(tmp_path / "home").values()) == {0o600}


def test_a_second_process_on_one_home_is_told_so_and_leaves(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Node.create(home, "phone"):
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from node.errors import HomeBusy\n"
            "from node.home import open_home\n"
            "try:\n"
            "    open_home(Path(sys.argv[1]))\n"
            "except HomeBusy as busy:\n"
            "    sys.exit(str(busy))\n"
        )
        second = subprocess.run(
            [sys.executable, "-c", script, str(home)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 1
    assert f"process {os.getpid()}" in second.stderr
    assert "Close that program" in second.stderr
    Node.open(home).close()  # the lock went with its holder


def test_one_process_can_not_open_a_home_twice(tmp_path: Path) -> None:
    with Node.create(tmp_path / "home", "phone"), pytest.raises(HomeBusy):
        open_home(tmp_path / "home")


def test_a_home_is_made_once(tmp_path: Path) -> None:
    with create_home(tmp_path / "home", "phone") as home:
        key = home.keys.public
    with pytest.raises(HomeExists, match="already holds"):
        create_home(tmp_path / "home", "other")
    with open_home(tmp_path / "home") as home:
        assert (home.name, home.keys.public) == ("phone", key)


def test_a_folder_without_a_device_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeMissing, match="init"):
        open_home(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"format": 2, "name": "x", "seed": ""}', b"\xff" * 40, b"x" * 100_000],
)
def test_a_damaged_device_file_is_named(tmp_path: Path, content: bytes) -> None:
    create_home(tmp_path, "phone").close()
    (tmp_path / "device.json").write_bytes(content)
    with pytest.raises(HomeDamaged):
        open_home(tmp_path)
    (tmp_path / "device.json").unlink()
    create_home(tmp_path, "phone").close()  # the lock was not left behind


def test_a_home_whose_making_was_cut_can_be_made_again(tmp_path: Path) -> None:
    def power_cut(path: Path) -> None:
        (path / "ledger.sqlite.new").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_home(tmp_path, "phone", power_cut)
    with pytest.raises(HomeMissing):
        open_home(tmp_path)
    Node.create(tmp_path, "phone").close()
    Node.open(tmp_path).close()


def test_the_running_api_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    with create_home(tmp_path, "phone") as home:
        assert running(tmp_path) is None
        home.announce("http://127.0.0.1:40123")
        found = running(tmp_path)
        assert found is not None
        assert found.address == "http://127.0.0.1:40123"
        assert (found.pid, found.token) == (os.getpid(), home.token)
    assert running(tmp_path) is None


def test_an_announcement_left_by_a_killed_process_is_not_believed(tmp_path: Path) -> None:
    create_home(tmp_path, "phone").close()
    left = {"format": 1, "address": "http://127.0.0.1:1", "pid": 1}
    (tmp_path / "local.json").write_text(json.dumps(left))
    assert running(tmp_path) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "\x1b[31mred", "\u202eenohp"])
def test_a_phone_is_called_something_that_others_can_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandRefused, match="1 to 80 letters"):
        create_home(tmp_path / "home", name)
    with pytest.raises(CommandRefused, match="1 to 80 letters"):
        Node.create(tmp_path / "home", name)
    assert not (tmp_path / "home").exists()
    with create_home(tmp_path / "home", " Secretary's \n phone ") as home:
        assert home.name == "Secretary's phone"


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.odt").write_text("Dear members")
    tmp_path.chmod(0o755)
    with pytest.raises(CommandRefused, match=r"letter\.odt.*new or empty folder"):
        Node.create(tmp_path, "phone")
    assert [file.name for file in tmp_path.iterdir()] == ["letter.odt"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    (tmp_path / "letter.odt").rename(tmp_path / ".gitignore")
    with pytest.raises(CommandRefused):  # a repository's own
        Node.create(tmp_path, "phone")
    (tmp_path / "empty").mkdir(mode=0o755)
    Node.create(tmp_path / "empty", "phone").close()


def test_no_repository_takes_a_home_in(tmp_path: Path) -> None:
    Node.create(tmp_path / "home", "phone").close()
    assert (tmp_path / "home" / ".gitignore").read_text() == "*\n"


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_phone_says_so_and_leaves_no_half_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", no_room)
        with pytest.raises(StoreFailed, match="storage of this device is full") as refused:
            create_home(tmp_path / "home", "phone")
    assert refused.value.code == "storage_full"
    create_home(tmp_path / "home", "phone").close()
    monkeypatch.setattr(os, "pwrite", no_room)
    open_home(tmp_path / "home").close()  # the books can still be read
