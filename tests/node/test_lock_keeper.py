"""An unlocking is remembered in memory, for its minutes, for its user; then it is gone."""

import contextlib
import os
import select
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import keeper
from node.errors import HomeLocked, StoreFailed
from node.node import Node
from node.session import WHOLE_MS_MAX, Session
from tests.node.locked_phones import PIN, Clock, cheapen, runtime, with_a_book

VALUES = {"seed": "5e" * 32, "ledger_key": ""}
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    cheapen()
    with runtime(monkeypatch) as folder:
        yield folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def process_of(folder: Path) -> int:
    """The number of this test's keeper, as the system knows it."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("this system does not show its processes as files")
    ours = f"XDG_RUNTIME_DIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_keeper = b"node.keeper" in (process / "cmdline").read_bytes()
            if is_keeper and ours in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    (number,) = found
    return number


def gone(process: int) -> bool:
    """Wait until a process that is not our child has ended."""
    try:
        ended = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([ended], [], [], 30)[0])
    finally:
        os.close(ended)


def test_a_keeper_gives_what_it_was_given_and_forgets_it_when_told(
    home: Path, folder: Path
) -> None:
    assert keeper.kept(home) is None
    keeper.keep(home, VALUES, 5 * MINUTE_MS)
    assert keeper.kept(home) == VALUES
    assert 4 * MINUTE_MS < keeper.left_ms(home) <= 5 * MINUTE_MS
    process = process_of(folder)
    assert keeper.end(home)
    assert (keeper.kept(home), keeper.left_ms(home), keeper.end(home)) == (None, 0, False)
    assert gone(process)
    assert list((folder / "mkutano").iterdir()) == []


def test_a_second_unlocking_takes_the_place_of_the_first(home: Path, folder: Path) -> None:
    keeper.keep(home, VALUES, MINUTE_MS)
    first = process_of(folder)
    keeper.keep(home, {**VALUES, "seed": "aa"}, MINUTE_MS)
    assert keeper.kept(home) == {**VALUES, "seed": "aa"}
    assert gone(first)


def test_nobody_else_can_come_near_it(home: Path, folder: Path) -> None:
    keeper.keep(home, VALUES, MINUTE_MS)
    (path,) = (folder / "mkutano").iterdir()
    assert path.is_socket()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    told = Path(f"/proc/{process_of(folder)}")
    for shown in ("cmdline", "environ"):
        assert VALUES["seed"].encode() not in (told / shown).read_bytes()
    assert {os.readlink(told / "fd" / number) for number in "012"} == {"/dev/null"}


def test_a_keeper_that_was_killed_leaves_a_locked_phone(home: Path, folder: Path) -> None:
    keeper.keep(home, VALUES, MINUTE_MS)
    process = process_of(folder)
    os.kill(process, signal.SIGKILL)
    assert gone(process)
    assert keeper.kept(home) is None
    keeper.keep(home, VALUES, MINUTE_MS)  # over the socket that it left
    assert keeper.kept(home) == VALUES


@pytest.mark.parametrize("loose", [0o755, 0o770, 0o701])
def test_a_folder_that_others_can_enter_holds_nothing(home: Path, folder: Path, loose: int) -> None:
    (folder / "mkutano").mkdir(mode=0o700)
    (folder / "mkutano").chmod(loose)
    with pytest.raises(StoreFailed, match="not this user's alone"):
        keeper.keep(home, VALUES, MINUTE_MS)
    assert keeper.kept(home) is None


def test_without_a_runtime_folder_a_closed_one_for_the_user_is_made(
    home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    ours = folder / f"mkutano-{os.geteuid()}"
    keeper.keep(home, VALUES, MINUTE_MS)
    assert keeper.kept(home) == VALUES
    assert ours.stat().st_mode & 0o777 == 0o700
    keeper.end(home)
    ours.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    ours.symlink_to(elsewhere)  # what somebody else put in a folder that all may write
    with pytest.raises(StoreFailed):
        keeper.keep(home, VALUES, MINUTE_MS)


def test_a_runtime_folder_too_deep_for_a_socket_is_passed_over(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    keeper.keep(home, VALUES, MINUTE_MS)
    assert keeper.kept(home) == VALUES
    assert list(deep.iterdir()) == []


def test_a_phone_that_can_start_no_keeper_says_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(home / "no python here"))
    with pytest.raises(StoreFailed, match="mkutano run"):
        keeper.keep(home, VALUES, MINUTE_MS)


class InThisProcess:
    """A keeper on a thread, whose clock the test turns."""

    def __init__(self, folder: Path, home: Path, clock: Clock) -> None:
        self.path = folder / "keeper"
        self.session = Session(15 * MINUTE_MS, clock())
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(self.path))
        server.listen()
        self.values = dict(VALUES)
        self.thread = threading.Thread(
            target=self._serve, args=(server, home), name="keeper", daemon=True
        )
        self.thread.start()

    def _serve(self, server: socket.socket, home: Path) -> None:
        with server:
            keeper.serve(server, self.path, home, self.values, self.session)

    def ask(self, question: str) -> dict[str, object]:
        return keeper.ask_at(self.path, question)

    def is_over(self) -> bool:
        self.thread.join(30)
        return not self.thread.is_alive() and not self.path.exists()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keeper, "boot_ms", clock)
    return clock


@pytest.fixture
def on_a_thread(folder: Path, home: Path, clock: Clock) -> Iterator[InThisProcess]:
    here = InThisProcess(folder, home, clock)
    yield here
    here.ask("end")
    assert here.is_over()


def test_it_ends_by_itself_when_nobody_has_used_it(
    on_a_thread: InThisProcess, clock: Clock
) -> None:
    for _ in range(4):
        clock.pass_s(14 * 60)
        assert on_a_thread.ask("get") == {"values": VALUES}
    clock.pass_s(14 * 60)
    assert on_a_thread.ask("left") == {"left_ms": MINUTE_MS}  # looking is no use
    clock.pass_s(60)
    assert on_a_thread.ask("get").get("values") is None
    assert on_a_thread.is_over()


def test_however_much_it_is_used_it_ends_in_the_evening(
    on_a_thread: InThisProcess, clock: Clock
) -> None:
    for _ in range(WHOLE_MS_MAX // (10 * MINUTE_MS) - 1):
        clock.pass_s(600)
        assert on_a_thread.ask("get") == {"values": VALUES}
    clock.pass_s(600)
    assert on_a_thread.ask("get").get("values") is None
    assert on_a_thread.is_over()


def test_it_ends_with_its_home_and_with_its_socket(folder: Path, home: Path, clock: Clock) -> None:
    here = InThisProcess(folder, home, clock)
    shutil.rmtree(home)
    here.ask("left")
    assert here.is_over()
    home.mkdir()
    here = InThisProcess(folder, home, clock)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(here.path))
        here.path.unlink()  # as the end of a login session does
        with contextlib.suppress(OSError):  # it may be over before it hears this
            line.sendall(b"left\n")
            line.recv(100)
    assert here.is_over()


@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.binary(max_size=6000).filter(lambda sent: sent.strip() not in (b"end", b"get")))
def test_whatever_is_said_to_it_gets_nothing_and_does_no_harm(
    on_a_thread: InThisProcess, said: bytes
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(on_a_thread.path))
        try:
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            heard = line.recv(5000)
        except OSError:
            heard = b""
    assert VALUES["seed"].encode() not in heard
    assert on_a_thread.ask("get") == {"values": VALUES}


def test_another_user_gets_no_answer(
    on_a_thread: InThisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        pytest.skip("this system does not tell who calls")
    user = os.geteuid()
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: user + 1)
        assert on_a_thread.ask("get") == {}
    assert on_a_thread.ask("get") == {"values": VALUES}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"seed": "zz", "ledger_key": ""},
        {"seed": "5e" * 31, "ledger_key": ""},
        {"seed": "5e" * 32, "ledger_key": ""},  # another device's
        {"seed": 7, "ledger_key": None},
    ],
    ids=["nothing", "no hex", "short", "foreign", "numbers"],
)
def test_what_is_not_this_devices_secret_opens_nothing(
    tmp_path: Path, values: dict[str, str]
) -> None:
    home, _ = with_a_book(tmp_path / "phone", PIN)
    keeper.keep(home, values, MINUTE_MS)
    with pytest.raises(HomeLocked):
        Node.open(home)


def test_a_keeper_from_before_the_encryption_opens_nothing(tmp_path: Path) -> None:
    home, _ = with_a_book(tmp_path / "phone", PIN, encrypted=True)
    with Node.open(home, pin=PIN) as node:
        seed = node.keys.seed
    keeper.keep(home, {"seed": seed.hex(), "ledger_key": ""}, MINUTE_MS)
    with pytest.raises(HomeLocked):
        Node.open(home)


@given(
    st.integers(1, 240),
    st.lists(st.tuples(st.integers(0, 30 * MINUTE_MS), st.booleans()), max_size=80),
)
def test_a_session_against_a_reckoning_of_its_own(
    minutes: int, history: list[tuple[int, bool]]
) -> None:
    idle_ms, now = minutes * MINUTE_MS, 10**9
    session, unused_ms, whole_ms, is_open = Session(idle_ms, now), 0, 0, True
    for passed, uses in history:
        now, unused_ms, whole_ms = now + passed, unused_ms + passed, whole_ms + passed
        still = is_open and unused_ms < idle_ms and whole_ms < WHOLE_MS_MAX
        assert (session.left_ms(now) > 0) == still
        if uses:
            is_open = still
            assert session.use(now) == still
            unused_ms = 0
        assert session.left_ms(now) <= idle_ms
    session.end()
    assert not session.use(now)
