"""Setting, changing and removing a PIN; encrypting and decrypting: whole, or as if never begun."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node import guesses, locking, sealed_ledger
from node.device_file import PlainDevice, SealedDevice
from node.errors import CommandRefused, HomeBusy, HomeDamaged, HomeLocked, NodeError, PinRefused
from node.home import create_home, read_record
from node.home_files import CONVERTING_FILE, LEDGER_FILE, SEALED_LEDGER_FILE
from node.node import Node
from tests.node.locked_phones import (
    OTHER_PIN,
    PIN,
    cheapen,
    contents,
    digest,
    killed_at,
    runtime,
    seed_of,
    with_a_book,
)


@pytest.fixture(autouse=True, scope="module")
def cheap() -> None:
    cheapen()


@pytest.fixture(autouse=True)
def no_sessions(monkeypatch: pytest.MonkeyPatch) -> object:
    with runtime(monkeypatch):
        yield


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return with_a_book(tmp_path / "home")[0]


@pytest.fixture
def pinned(plain: Path) -> Path:
    locking.set_pin(plain, PIN)
    return plain


@pytest.fixture
def encrypted(pinned: Path) -> Path:
    locking.encrypt(pinned, PIN)
    return pinned


def test_a_pin_locks_and_the_same_device_comes_back(plain: Path) -> None:
    before = digest(plain)
    with Node.open(plain) as node:
        device, seed = node.device, node.keys.seed
    locking.set_pin(plain, PIN)
    with pytest.raises(HomeLocked, match="mkutano unlock"):
        Node.open(plain)
    with pytest.raises(PinRefused):
        Node.open(plain, pin="2581")
    with Node.open(plain, pin=PIN) as node:
        assert (node.device, node.home.name) == (device, "Secretary's phone")
    assert digest(plain, PIN) == before
    assert seed not in contents(plain)
    assert seed.hex().encode() not in contents(plain).lower()
    locking.remove_pin(plain, PIN)
    assert digest(plain) == before
    record = read_record(plain)
    assert isinstance(record, PlainDevice)
    assert record.seed == seed
    assert not (plain / "guesses.json").exists()


def test_a_changed_pin_takes_over(pinned: Path) -> None:
    seed = seed_of(pinned, PIN)
    locking.change_pin(pinned, PIN, OTHER_PIN)
    with pytest.raises(PinRefused):
        Node.open(pinned, pin=PIN)
    assert seed_of(pinned, OTHER_PIN) == seed
    with pytest.raises(PinRefused):
        locking.change_pin(pinned, PIN, "9182")
    assert digest(pinned, f"  {OTHER_PIN.replace(' ', '  ')}\n")  # however it was spelt


def test_every_seal_has_a_salt_and_a_nonce_of_its_own(pinned: Path) -> None:
    seen = set()
    for _ in range(3):
        record = read_record(pinned)
        assert isinstance(record, SealedDevice)
        seen |= {record.salt, record.nonce, record.sealed}
        locking.change_pin(pinned, PIN, PIN)
    assert len(seen) == 9


def test_what_makes_no_sense_is_refused_in_words(plain: Path, tmp_path: Path) -> None:
    for work in (locking.remove_pin, locking.encrypt, locking.decrypt):
        with pytest.raises(CommandRefused, match="has no PIN"):
            work(plain, PIN)
    locking.set_pin(plain, PIN)
    with pytest.raises(CommandRefused, match="has a PIN already"):
        locking.set_pin(plain, OTHER_PIN)
    with pytest.raises(CommandRefused, match="not encrypted already"):
        locking.decrypt(plain, PIN)
    locking.encrypt(plain, PIN)
    with pytest.raises(CommandRefused, match="encrypted already"):
        locking.encrypt(plain, PIN)
    with pytest.raises(CommandRefused, match="lock --decrypt"):
        locking.remove_pin(plain, PIN)
    with pytest.raises(CommandRefused, match="need a PIN"):
        create_home(tmp_path / "other", "phone", ledger_key=bytes(32))


def test_nothing_is_changed_while_a_program_uses_the_home(pinned: Path) -> None:
    with Node.open(pinned, pin=PIN):
        for work in (locking.encrypt, locking.remove_pin):
            with pytest.raises(HomeBusy):
                work(pinned, PIN)
        with pytest.raises(HomeBusy, match="still at work"):
            locking.lock_now(pinned)
    assert locking.lock_now(pinned) is False


def test_encrypted_books_show_no_name_and_no_key_in_any_file(tmp_path: Path) -> None:
    from node import commands
    from node.commands import Context

    home, group = with_a_book(tmp_path / "home")
    with Node.open(home) as node:
        seed = node.keys.seed
        at = Context(node, node.group(group), 0)
        commands.add_member(at, "Wanjiru Canary", "0712345678", joined_on="2026-01-01")
    canaries = (b"Wanjiru", b"0712345678", b"Umoja", seed, seed.hex().encode(), b"SQLite format")
    assert b"Wanjiru" in contents(home)
    before = digest(home)
    locking.set_pin(home, PIN)
    assert locking.encrypt(home, PIN) > 10
    assert [canary for canary in canaries if canary in contents(home)] == []
    assert digest(home, PIN) == before
    with Node.open(home, pin=PIN) as node:
        key = node.home.ledger_key
        commands.add_member(Context(node, node.group(group), 0), "Baraka Canary", "0799999999",
                            joined_on="2026-01-02")  # fmt: skip
        log = contents(home)  # the log beside the ledger holds what was just written
        assert (home / f"{SEALED_LEDGER_FILE}-wal").stat().st_size > 0
    for canary in (*canaries, b"Baraka", b"0799999999", key, key.hex().encode()):
        assert canary not in log
        assert canary not in contents(home)
    assert sorted(file.name for file in home.iterdir() if "ledger" in file.name) == [
        SEALED_LEDGER_FILE
    ]
    locking.decrypt(home, PIN)
    assert b"Baraka" in contents(home)
    assert [file.name for file in home.iterdir() if "ledger" in file.name] == [LEDGER_FILE]


def test_a_home_can_be_encrypted_from_its_first_moment(tmp_path: Path) -> None:
    home, _ = with_a_book(tmp_path / "home", PIN, encrypted=True)
    assert b"Umoja" not in contents(home)
    assert not (home / LEDGER_FILE).exists()
    with pytest.raises(HomeLocked):
        Node.open(home)
    assert len(digest(home, PIN)) == 1


Work = Callable[..., object]


@pytest.mark.parametrize(
    ("work", "before", "after"),
    [
        (locking.set_pin, None, PIN),
        (locking.change_pin, PIN, OTHER_PIN),
        (locking.remove_pin, PIN, None),
        (locking.encrypt, PIN, PIN),
        (locking.decrypt, PIN, PIN),
    ],
    ids=["set", "change", "remove", "encrypt", "decrypt"],
)
def test_the_power_may_go_at_any_point(
    plain: Path, tmp_path: Path, work: Work, before: str | None, after: str | None
) -> None:
    """The home opens with the old secret or the new one, with all its books, and nothing left."""
    if before is not None:
        locking.set_pin(plain, before)
    if work is locking.decrypt:
        locking.encrypt(plain, PIN)
    books = digest(plain, before)
    values = [one for one in (before, after) if one is not None]
    values = values[:1] if before == after else values
    number, done, died = 0, False, {"old": 0, "new": 0}
    while not done:
        number += 1
        home = tmp_path / f"copy{number}"
        shutil.copytree(plain, home)
        done = not killed_at(number, work, home, *values)
        kept = "new" if is_new(home, work, before, after) else "old"
        died[kept] += not done
        assert digest(home, before if kept == "old" else after) == books
        assert_tidy(home)
        if kept == "old" and number % 4 == 1:
            work(home, *values)  # and it can be done again
            assert digest(home, after) == books
            assert_tidy(home)
        shutil.rmtree(home)
    assert died["old"] >= 4
    assert died["new"] >= 1


def is_new(home: Path, work: Work, before: str | None, after: str | None) -> bool:
    record = read_record(home)
    if work in (locking.encrypt, locking.decrypt):
        assert isinstance(record, SealedDevice)
        return record.encrypted == (work is locking.encrypt)
    if None in (before, after):
        return isinstance(record, PlainDevice) == (after is None)
    try:
        digest(home, before)
    except PinRefused:
        return True
    return False


def assert_tidy(home: Path) -> None:
    """One ledger, the home's own, and no mark of a conversion."""
    record = read_record(home)
    own = SEALED_LEDGER_FILE if isinstance(record, SealedDevice) and record.encrypted else (
        LEDGER_FILE
    )  # fmt: skip
    assert [file.name for file in home.iterdir() if file.name.startswith("ledger")] == [own]
    assert not (home / CONVERTING_FILE).exists()


def make(path: Path, pin: str) -> None:
    Node.create(path, "phone", pin, encrypted=True).close()


def test_an_encrypted_home_whose_making_was_cut_can_be_made_again(tmp_path: Path) -> None:
    number = 0
    while killed_at(number := number + 1, make, tmp_path / "home", PIN):
        if not (tmp_path / "home" / "device.json").exists():
            make(tmp_path / "home", PIN)
        assert digest(tmp_path / "home", PIN) == []
        shutil.rmtree(tmp_path / "home")
    assert number > 8


def test_a_lost_device_file_does_not_cost_the_ledger(encrypted: Path) -> None:
    kept = (encrypted / "device.json").read_bytes()
    ledger = (encrypted / SEALED_LEDGER_FILE).read_bytes()
    (encrypted / "device.json").unlink()
    make(encrypted, OTHER_PIN)
    aside = encrypted / f"{SEALED_LEDGER_FILE}.1"
    assert aside.read_bytes() == ledger
    aside.replace(encrypted / SEALED_LEDGER_FILE)
    (encrypted / "device.json").write_bytes(kept)
    assert len(digest(encrypted, PIN)) == 1


def test_a_ledger_that_somebody_put_there_is_left_alone(encrypted: Path, tmp_path: Path) -> None:
    restored = with_a_book(tmp_path / "other")[0] / LEDGER_FILE
    shutil.copy(restored, encrypted / LEDGER_FILE)
    digest(encrypted, PIN)
    assert (encrypted / LEDGER_FILE).read_bytes() == restored.read_bytes()
    assert locking.look(encrypted).plain_ledger


def test_a_conversion_that_can_not_be_finished_leaves_all_as_it_was(
    pinned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(pinned, PIN)
    with monkeypatch.context() as lossy:
        lossy.setattr(sealed_ledger, "_rows", lambda connection, table: iter([(id(connection),)]))
        with pytest.raises(NodeError, match="did not come out equal"):
            locking.encrypt(pinned, PIN)
    assert digest(pinned, PIN) == before
    assert_tidy(pinned)
    with monkeypatch.context() as without:
        without.setitem(__import__("sys").modules, "sqlcipher3", None)
        with pytest.raises(NodeError, match="extra “sealed”") as refused:
            locking.encrypt(pinned, PIN)
    assert refused.value.code == "no_sqlcipher"
    assert_tidy(pinned)


@pytest.mark.parametrize("seen", [b"", b"{}", b"\x00" * 300])
def test_a_damaged_device_file_is_no_wrong_pin(pinned: Path, seen: bytes) -> None:
    (pinned / "device.json").write_bytes(seen)
    with pytest.raises(HomeDamaged, match="can't be read"):
        Node.open(pinned, pin=PIN)
    assert guesses.read(pinned) == guesses.Guesses()
