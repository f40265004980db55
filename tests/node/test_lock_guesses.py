"""Wrong PINs cost time, whatever is done to the clock, the battery or the file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import guesses, locking
from node.clock import boot_ms
from node.device_file import SealedDevice, Secret, unseal
from node.errors import NodeError, PinRefused, TooManyGuesses
from node.guesses import GUESSES_FILE, Guesses, Now
from node.node import Node
from tests.node.locked_phones import (
    PIN,
    Clock,
    cheapen,
    failures,
    killed_at,
    with_a_book,
)


@pytest.fixture(autouse=True, scope="module")
def cheap() -> None:
    cheapen()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(guesses, "boot_ms", clock)
    monkeypatch.setattr(guesses, "boot_name", clock.start)
    return clock


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path, _ = with_a_book(tmp_path / "home")
    locking.set_pin(path, PIN)
    return path


def guess(home: Path, pin: str) -> str:
    """What came of a guess: open, wrong or wait."""
    try:
        Node.open(home, pin=pin).close()
    except NodeError as error:
        return {"wrong_pin": "wrong", "wait": "wait"}[error.code]
    return "open"


def test_the_waits_grow_and_then_stay(home: Path, clock: Clock) -> None:
    for wait_s in (0, 0, 30, 120, 900, 900, 900):
        with pytest.raises(PinRefused):
            Node.open(home, pin="1111")
        for early in (1, wait_s - 1):
            if wait_s:
                clock.pass_s(early)
                with pytest.raises(TooManyGuesses, match="wait"):
                    Node.open(home, pin=PIN)  # not even the right one
                clock.pass_s(-early)
        clock.pass_s(wait_s)
    assert guess(home, PIN) == "open"
    assert failures(home) == 0
    assert guess(home, "1111") == "wrong"
    assert guess(home, PIN) == "open"  # the count began anew


def test_what_a_person_reads(home: Path, clock: Clock) -> None:
    said = []
    for _ in range(5):
        with pytest.raises(PinRefused) as refused:
            Node.open(home, pin="1111")
        said.append(refused.value.sentence)
        clock.pass_s(120)
    assert said[0].startswith(
        "That PIN is wrong. 4 more wrong tries in a row, and this phone waits 15"
    )
    assert said[2] == "That PIN is wrong. Wait 30 seconds before the next try."
    assert said[4] == "That PIN is wrong. Wait 15 minutes before the next try."
    with pytest.raises(TooManyGuesses, match=r"5 wrong tries in a row: wait 13 minutes before"):
        Node.open(home, pin=PIN)


def test_a_guess_is_counted_before_it_is_judged(
    home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def judge(*_: object) -> None:
        seen.append(failures(home))
        raise KeyboardInterrupt  # whoever pulls the battery here learns nothing for free

    with monkeypatch.context() as pulled:
        pulled.setattr(guesses, "unseal", judge)
        with pytest.raises(KeyboardInterrupt):
            Node.open(home, pin=PIN)
    assert seen == [1]
    assert failures(home) == 1


def guess_and_mark(home: Path, pin: str, mark: Path) -> None:
    """A guess that leaves a mark at the moment at which it is judged."""

    def marking(record: SealedDevice, pin: str) -> Secret:
        with mark.open("wb"):
            return unseal(record, pin)

    setattr(guesses, "unseal", marking)  # noqa: B010 - another process, which is about to die
    guess(home, pin)


def test_a_battery_pulled_at_any_point_gives_no_guess_for_free(home: Path) -> None:
    mark = home.with_name("judged")
    number, free = 0, 0
    while killed_at(number := number + 1, guess_and_mark, home, "1111", mark):
        assert not mark.exists() or failures(home) == 1
        free += not mark.exists()
        mark.unlink(missing_ok=True)
        guesses.begin(home)
    assert failures(home) == 1
    assert free >= 5  # it died before the guess as well: the count was in the making


def test_a_right_pin_with_the_battery_pulled_is_a_wrong_try_at_most(home: Path) -> None:
    number = 0
    while killed_at(number := number + 1, guess, home, PIN):
        assert failures(home) in (0, 1)
        guesses.begin(home)
    assert failures(home) == 0


def test_a_phone_without_the_memory_to_judge_counts_nothing(
    home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(home, "1111")

    def no_room(*_: object, **__: object) -> bytes:
        raise MemoryError

    with monkeypatch.context() as full:
        full.setattr("node.device_file.argon2id.kdf", no_room)
        with pytest.raises(NodeError, match="too little free memory") as refused:
            Node.open(home, pin=PIN)
    assert refused.value.code == "no_memory"
    assert failures(home) == 1
    assert guess(home, PIN) == "open"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def set_to_nothing(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"failures": 4', b'"failures": 0'))


def fill(file: Path) -> None:
    file.write_bytes(b" " * 100_000)


@pytest.mark.parametrize("spoil", [Path.unlink, cut, set_to_nothing, fill])
def test_a_spoilt_count_is_never_a_fresh_start(
    home: Path, clock: Clock, spoil: Callable[[Path], None]
) -> None:
    for _ in range(4):
        guess(home, "1111")
        clock.pass_s(120)
    assert failures(home) == 4
    spoil(home / GUESSES_FILE)
    with pytest.raises(TooManyGuesses, match=r"missing or damaged.*wait 15 minutes"):
        Node.open(home, pin=PIN)
    assert failures(home) == 5
    clock.pass_s(899)
    assert guess(home, PIN) == "wait"
    clock.pass_s(1)
    assert guess(home, PIN) == "open"


acts = st.one_of(
    st.tuples(st.just("guess"), st.sampled_from([PIN, "1111"])),
    st.tuples(st.just("pass"), st.integers(0, 2000)),
    st.tuples(st.just("restart"), st.integers(0, 2000)),
    st.tuples(st.just("date"), st.integers(0, 2**40)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(is_named=st.booleans(), wrong=st.integers(0, 6), history=st.lists(acts, max_size=30))
def test_no_history_of_restarts_and_clocks_shortens_a_wait(
    home: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    is_named: bool,
    wrong: int,
    history: list[tuple[str, object]],
) -> None:
    """Beside a reckoning of its own, which knows the true time, as no phone does."""
    guesses.begin(home)
    clock.restart(3600, is_named)
    for _ in range(wrong):
        clock.pass_s(900)
        guess(home, "1111")
    true_s, last_s = 0, 0
    for act, value in history:
        match act, value:
            case "pass", int(seconds):
                true_s += seconds
                clock.pass_s(seconds)
            case "restart", int(seconds):
                true_s += seconds
                clock.restart(seconds, is_named)
            case "date", int(seconds):
                monkeypatch.setattr("time.time", lambda seconds=seconds: float(seconds))
                monkeypatch.setattr("time.time_ns", lambda seconds=seconds: seconds * 10**9)
            case _, pin:
                wait = (0, 0, 0, 30, 120, 900)[min(wrong, 5)]
                came = guess(home, str(pin))
                if true_s - last_s < wait:
                    assert came == "wait"
                elif is_named:
                    assert came != "wait" or any(name == "restart" for name, _ in history)
                if came != "wait":
                    last_s, wrong = true_s, 0 if pin == PIN else wrong + 1
                    assert came == ("open" if pin == PIN else "wrong")
                left = guesses.read(home)
                assert left is not None
                assert guesses.wait_ms(left, guesses.clock_now()) <= 900_000
    clock.pass_s(900)
    assert guess(home, PIN) == "open"  # and nobody is ever kept out for longer than the longest


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("up_s", [0, 10, 899])
def test_starting_the_phone_anew_shortens_no_wait_and_lengthens_none_for_ever(
    home: Path, clock: Clock, up_s: int, is_named: bool
) -> None:
    clock.restart(3600, is_named)
    for _ in range(5):
        guess(home, "1111")
        clock.pass_s(120)
    clock.restart(up_s, is_named)
    assert guess(home, PIN) == "wait"
    clock.pass_s(899 - up_s)
    assert guess(home, PIN) == "wait"
    clock.pass_s(1)
    assert guess(home, PIN) == "open"


def test_the_clock_from_the_start_is_the_systems_own(monkeypatch: pytest.MonkeyPatch) -> None:
    uptime = Path("/proc/uptime")
    if not uptime.exists():
        pytest.skip("this system does not show its uptime as a file")
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.time_ns", lambda: 0)

    def up_ms() -> int:
        return round(float(uptime.read_text().split()[0]) * 1000)

    before, read, after = up_ms(), boot_ms(), up_ms()
    assert before <= read < after + 10  # the file is cut to hundredths


def test_a_restart_is_seen_by_its_name_whatever_the_clock_reads(home: Path, clock: Clock) -> None:
    clock.restart(60, True)
    for _ in range(5):
        guess(home, "1111")
        clock.pass_s(120)
    clock.restart(900, True)  # later than the last guess on the clock of the former start
    assert guess(home, PIN) == "open"


names = st.sampled_from(["", "one", "two"])
times = st.integers(0, 2**50)


@given(st.integers(0, 10**9), names, times, names, times)
def test_no_wait_is_longer_than_it_is_or_less_than_nothing(
    wrong: int, boot: str, then: int, boot_now: str, now: int
) -> None:
    wait = guesses.wait_ms(Guesses(wrong, boot, then), Now(boot_now, now))
    assert 0 <= wait <= 900_000
