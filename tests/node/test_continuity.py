"""A phone restored from a backup, or copied, compares before it writes; nothing is lost."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import CommandRefused
from node.fork_views import GoOnRequest, go_on
from node.marker import SECTOR_BYTES, STATE_VARIABLE, Mark, Marker, Marks, state_folder
from node.node import Node
from replication.change import chain_hash
from replication.control import DeviceReinstated, ForkJudged
from replication.frontier import Tip
from replication.wire import Changes, Have, Proof, decode, encode
from tests.node.phones import NOW_MS, add_member, digest, enrolled, founded, sync
from tests.node.test_books import folded, stored
from tests.node.test_rejudging import decide, lost, meet

GROUP, DEVICE = b"g" * 32, b"d" * 32


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the markers of one test's phones lie."""
    folder = tmp_path / "state"
    monkeypatch.setenv(STATE_VARIABLE, str(folder))
    return folder


class Phones:
    """The secretary's phone with its backups, and the treasurer's."""

    def __init__(self, path: Path, backups: int = 20) -> None:
        self.path = path
        self.home = path / "home"
        secretary, self.group = founded(self.home)
        self.treasurer = enrolled(path / "t", secretary, self.group)
        for number in range(backups):
            secretary.close()
            shutil.copytree(self.home, path / f"backup {number}")
            secretary = Node.open(self.home)
            add_member(secretary, self.group, 100 + number)
            if number != backups - 3:  # once the phones did not meet
                sync(secretary, self.treasurer, self.group)
        self.secretary = secretary

    def restore(self, number: int) -> Node:
        """The secretary's phone as it was before its entry of this number."""
        self.secretary.close()
        shutil.rmtree(self.home)
        shutil.copytree(self.path / f"backup {number}", self.home)
        self.secretary = Node.open(self.home)
        return self.secretary

    def numbers(self, node: Node) -> list[int]:
        return sorted(page.number for _, page in node.group(self.group).book.members.rows())


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Phones]:
    one = Phones(tmp_path)
    yield one
    one.secretary.close()
    one.treasurer.close()


def refused(node: Node, group: bytes, number: int = 999) -> str:
    """The code with which an entry is refused."""
    with pytest.raises(CommandRefused) as refusal:
        add_member(node, group, number)
    assert "Nothing was recorded" in refusal.value.sentence
    return refusal.value.code


def test_a_phone_restored_from_each_of_its_backups_compares_and_loses_nothing(
    phones: Phones,
) -> None:
    everything = list(range(100, 120))
    for number in reversed(range(20)):
        restored = phones.restore(number)
        standing = restored.group(phones.group).continuity.standing()
        assert (standing.state, standing.own_n) == ("restored", standing.sought_n - (20 - number))
        assert refused(restored, phones.group) == "phone_restored"
        sync(restored, phones.treasurer, phones.group)
        assert phones.numbers(restored) == everything
        assert restored.group(phones.group).continuity.standing().sought_n == 0
        assert restored.group(phones.group).replica.forks() == []
    add_member(phones.secretary, phones.group, 500)
    sync(phones.secretary, phones.treasurer, phones.group)
    assert digest(phones.secretary, phones.group) == digest(phones.treasurer, phones.group)


def test_without_a_marker_a_restored_phone_compares_too(phones: Phones, state: Path) -> None:
    for number in (19, 10, 0):
        shutil.rmtree(state)
        restored = phones.restore(number)
        assert restored.group(phones.group).continuity.standing().state == "moved"
        assert refused(restored, phones.group) == "phone_moved"
        sync(restored, phones.treasurer, phones.group)
        assert phones.numbers(restored) == list(range(100, 120))
        assert restored.group(phones.group).replica.forks() == []
    add_member(phones.secretary, phones.group, 500)


def test_where_no_other_phone_can_be_asked_the_owner_goes_on_and_the_fork_is_named(
    phones: Phones,
) -> None:
    restored = phones.restore(12)
    own_n = restored.group(phones.group).continuity.standing().own_n
    assert refused(restored, phones.group) == "phone_restored"
    restored.group(phones.group).continuity.go_on()
    add_member(restored, phones.group, 700)
    restored.close()
    phones.secretary = restored = Node.open(phones.home)  # the answer is kept
    add_member(restored, phones.group, 701)
    sync(restored, phones.treasurer, phones.group)
    (fork,) = restored.group(phones.group).replica.forks()
    assert (fork.device, fork.n) == (restored.device, own_n + 1)
    for node in (restored, phones.treasurer):
        assert phones.numbers(node) == [*range(100, 120), 700, 701]
        assert stored(node, phones.group) == folded(node, phones.group)
        assert node.group(phones.group).replica.is_paused(restored.device)
    assert refused(restored, phones.group) == "phone_forked"
    decide(restored, phones.group, lost(phones.treasurer))  # it may still stop a thief
    decide_back(phones)
    sync(restored, phones.treasurer, phones.group)
    add_member(restored, phones.group, 702)
    sync(restored, phones.treasurer, phones.group)
    assert digest(restored, phones.group) == digest(phones.treasurer, phones.group)


def decide_back(phones: Phones) -> None:
    """The treasurer, whom nobody else doubts, answers."""
    decide(phones.secretary, phones.group, DeviceReinstated(phones.treasurer.device))
    sync(phones.secretary, phones.treasurer, phones.group)
    decide(phones.treasurer, phones.group, ForkJudged(phones.secretary.device, 1, "restored"))


def test_a_home_copied_to_two_phones_that_both_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own marker; the copy says that it was moved, and its owner insists."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state of the first"))
    secretary, group = founded(tmp_path / "s")
    with enrolled(tmp_path / "t", secretary, group) as treasurer:
        secretary.close()
        shutil.copytree(tmp_path / "s", tmp_path / "copy")
        secretary = Node.open(tmp_path / "s")
        add_member(secretary, group, 1)
        monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state of the second"))
        with secretary, Node.open(tmp_path / "copy") as copy:
            assert refused(copy, group) == "phone_moved"
            copy.group(group).continuity.go_on()
            add_member(copy, group, 2)
            sync(secretary, treasurer, group)
            sync(copy, treasurer, group)
            sync(secretary, treasurer, group)
            nodes = (secretary, copy, treasurer)
            for node in nodes:
                (fork,) = node.group(group).replica.forks()
                assert fork.device == secretary.device
                assert stored(node, group) == folded(node, group)
            assert len({digest(node, group) for node in nodes}) == 1
            assert refused(secretary, group) == refused(copy, group) == "phone_forked"
            decide(treasurer, group, ForkJudged(secretary.device, fork.n, "copied"))
            add_member(treasurer, group, 3)
            assert treasurer.group(group).roster.devices[secretary.device].state == "suspended"


def test_two_copies_on_one_machine_see_each_other_by_the_marker(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    secretary.close()
    shutil.copytree(tmp_path / "s", tmp_path / "copy")
    with Node.open(tmp_path / "s") as first:
        add_member(first, group, 1)
    with Node.open(tmp_path / "copy") as copy:
        assert refused(copy, group) == "phone_restored"
        copy.group(group).continuity.go_on()
        add_member(copy, group, 2)
    with Node.open(tmp_path / "s") as first:
        assert refused(first, group) == "phone_copied"


def test_what_a_peer_knows_of_our_chain_keeps_us_waiting_until_it_is_here(phones: Phones) -> None:
    """The marker was lost and made anew; only the treasurer's phone remembers."""
    group, restored = phones.group, phones.restore(5)
    restored.group(group).continuity.go_on()
    hear_and_lose(restored, phones.treasurer, group)
    assert restored.group(group).continuity.standing().behind == (phones.treasurer.device,)
    assert refused(restored, group) == "phone_behind"
    sync(restored, phones.treasurer, group)
    add_member(restored, group, 500)
    assert phones.numbers(restored) == [*range(100, 120), 500]


def test_what_a_peer_proves_of_our_chain_is_forgotten_with_the_program_and_told_again(
    phones: Phones,
) -> None:
    group, restored = phones.group, phones.restore(5)
    restored.group(group).continuity.go_on()
    hear_and_lose(restored, phones.treasurer, group)
    restored.close()
    phones.secretary = restored = Node.open(phones.home)
    assert restored.group(group).continuity.sentence() == ""
    hear_and_lose(restored, phones.treasurer, group)
    assert refused(restored, group) == "phone_behind"
    with pytest.raises(CommandRefused, match="Another phone holds"):
        decide(restored, group, lost(phones.treasurer))  # a decision has a number too
    restored.group(group).continuity.go_on()
    add_member(restored, group, 500)  # the price is a fork, which everybody is told of
    sync(restored, phones.treasurer, group)
    (fork,) = restored.group(group).replica.forks()
    assert fork.device == restored.device


def test_a_copy_waits_for_what_the_other_copy_writes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both insisted; one has not written yet when it hears of the other by the treasurer."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state of the first"))
    secretary, group = founded(tmp_path / "s")
    with enrolled(tmp_path / "t", secretary, group) as treasurer:
        secretary.close()
        shutil.copytree(tmp_path / "s", tmp_path / "copy")
        secretary = Node.open(tmp_path / "s")
        monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state of the second"))
        with secretary, Node.open(tmp_path / "copy") as copy:
            copy.group(group).continuity.go_on()
            add_member(secretary, group, 1)
            sync(secretary, treasurer, group)
            copy.group(group).continuity._unheeded.clear()  # as after the next start
            hear_and_lose(copy, treasurer, group)
            assert refused(copy, group) == "phone_behind"
            sync(copy, treasurer, group)
            add_member(copy, group, 2)
            assert copy.group(group).replica.forks() == []


def hear_and_lose(restored: Node, treasurer: Node, group: bytes) -> None:
    """The connection is cut after the treasurer's first words, before any entry."""
    said = restored.connect(group, "t", treasurer.device, True, NOW_MS).send
    treasurer.connect(group, "s", restored.device, False, NOW_MS)
    answers = treasurer.receive(group, "s", said[0][1], NOW_MS).send
    for _, message in answers:
        if not isinstance(decode(message), Changes):
            restored.receive(group, "t", message, NOW_MS)
    restored.disconnect(group, "t")
    treasurer.disconnect(group, "s")


def test_an_exchange_that_was_cut_clears_no_doubt(phones: Phones) -> None:
    restored = phones.restore(5)
    hear_and_lose(restored, phones.treasurer, phones.group)
    assert refused(restored, phones.group) == "phone_restored"
    restored.close()
    phones.secretary = restored = Node.open(phones.home)
    assert refused(restored, phones.group) == "phone_restored"
    sync(restored, phones.treasurer, phones.group)
    add_member(restored, phones.group, 500)


def test_a_liars_word_of_our_chain_stops_nobody(tmp_path: Path) -> None:
    """Whoever may read could say it to every phone of the group: none recorded any more."""
    secretary, group = founded(tmp_path / "s")
    with secretary, enrolled(tmp_path / "t", secretary, group) as treasurer:
        secretary.connect(group, "t", treasurer.device, False, NOW_MS)
        lie = Have((Tip(secretary.device, 2**31, bytes(32)),), b"")
        for number in (1, 2, 3):
            assert not secretary.receive(group, "t", encode(lie), NOW_MS).refused
            add_member(secretary, group, number)
        assert secretary.group(group).continuity.standing().behind == ()
        with pytest.raises(CommandRefused, match="Nothing keeps"):
            go_on(secretary, GoOnRequest(because="anyway"), NOW_MS)
        decide(secretary, group, lost(treasurer))


def test_a_liar_with_an_old_signature_of_ours_stops_nobody(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    with secretary, enrolled(tmp_path / "t", secretary, group) as treasurer:
        add_member(secretary, group, 1)
        tip = secretary.group(group).replica.own_tip
        found = secretary.group(group).replica.at_chain(*tip)
        assert found is not None
        change = found.change
        n, prev = change.n + 5, change.chain_hash
        chain = chain_hash(prev, secretary.device, n, change.time_ms, change.change_hash)
        secretary.connect(group, "t", treasurer.device, False, NOW_MS)
        lie = Have((Tip(secretary.device, n, chain),), b"")
        secretary.receive(group, "t", encode(lie), NOW_MS)
        forged = Proof(n, prev, change.time_ms, change.change_hash, change.signature)
        step = secretary.receive(group, "t", encode(forged), NOW_MS)
        assert [one.code for one in step.refused] == ["bad_signature"]
        add_member(secretary, group, 2)


def test_a_newcomer_that_holds_nothing_clears_no_doubt(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    with enrolled(tmp_path / "t", secretary, group) as treasurer:
        secretary.close()
        shutil.copytree(tmp_path / "s", tmp_path / "backup")
        with Node.open(tmp_path / "s") as at_work:
            add_member(at_work, group, 1)
        with Node.open(tmp_path / "backup") as restored:
            restored.connect(group, "t", treasurer.device, False, NOW_MS)
            restored.receive(group, "t", encode(Have((), b"")), NOW_MS)
            assert refused(restored, group) == "phone_restored"


def test_a_suspended_phones_word_clears_no_doubt(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    with enrolled(tmp_path / "t", secretary, group) as treasurer:
        decide(secretary, group, lost(treasurer))
        secretary.close()
        shutil.copytree(tmp_path / "s", tmp_path / "backup")
        with Node.open(tmp_path / "s") as at_work:
            add_member(at_work, group, 1)
        with Node.open(tmp_path / "backup") as restored:
            meet(restored, treasurer, group)
            assert refused(restored, group) == "phone_restored"


def test_a_step_that_fails_leaves_the_marker_behind_and_not_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary, group = founded(tmp_path / "s")
    store = secretary.store

    def broken(*_: object) -> None:
        raise OSError("the storage failed")

    with secretary:
        monkeypatch.setattr(store, "commit", broken)
        with pytest.raises(OSError, match="failed"):
            add_member(secretary, group, 1)
        assert secretary.group(group).continuity.standing().state == "sound"
        add_member(secretary, group, 1)


def test_a_process_killed_between_the_commit_and_the_marker_is_no_restored_phone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary, group = founded(tmp_path / "s")
    with secretary, monkeypatch.context() as patch:
        patch.setattr(Marker, "write", lambda *_: None)
        add_member(secretary, group, 1)
    with Node.open(tmp_path / "s") as again:
        assert again.group(group).continuity.standing().state == "sound"
        add_member(again, group, 2)


def test_where_no_marker_can_be_kept_the_books_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "a file" / "below"))
    secretary, group = founded(tmp_path / "s")
    secretary.close()
    with Node.open(tmp_path / "s") as again:
        add_member(again, group, 1)


# The file


def test_where_markers_lie() -> None:
    assert state_folder({STATE_VARIABLE: "/x"}) == Path("/x")
    assert state_folder({"XDG_STATE_HOME": "/y"}) == Path("/y/mkutano")
    default = Path.home() / ".local" / "state" / "mkutano"
    assert state_folder({}) == state_folder({"XDG_STATE_HOME": "relative"}) == default


def test_a_marker_says_what_was_written_last(tmp_path: Path) -> None:
    marker = Marker(tmp_path / "new" / "folder", DEVICE, GROUP)
    assert marker.read() is None
    assert marker.can_be_kept()
    for n in range(1, 8):
        marks = Marks(Mark(n, bytes([n]) * 32), Mark(n + 1, bytes(32)))
        marker.write(marks)
        again = Marker(marker.path.parent, DEVICE, GROUP)
        assert again.read() == marks
        marker = again if n % 2 else marker
    assert marker.path.stat().st_size == 2 * SECTOR_BYTES
    assert marker.path.stat().st_mode & 0o777 == 0o600
    assert Marker(marker.path.parent, DEVICE, b"h" * 32).read() is None


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 2 * SECTOR_BYTES - 1), flip=st.integers(1, 255), cut=st.booleans())
def test_a_torn_sector_leaves_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: int, cut: bool
) -> None:
    marker = Marker(tmp_path_factory.mktemp("state"), DEVICE, GROUP)
    marks = [Marks(Mark(n, bytes([n]) * 32)) for n in range(1, 5)]
    for one in marks:
        marker.write(one)
    content = bytearray(marker.path.read_bytes())
    content[at] ^= flip
    marker.path.write_bytes(bytes(content[:at] if cut else content))
    newest_is_first = len(marks) % 2 == 0
    in_first = at < SECTOR_BYTES
    left: Marks | None = marks[-2] if in_first == newest_is_first else marks[-1]
    expected = None if cut and in_first else left
    assert Marker(marker.path.parent, DEVICE, GROUP).read() == expected


def test_any_bytes_are_a_marker_or_none(tmp_path: Path) -> None:
    marker = Marker(tmp_path, DEVICE, GROUP)
    for content in (b"", b"\xff" * 2000, b"mkutano marker 1\n" * 80, bytes(1024)):
        marker.path.write_bytes(content)
        assert marker.read() is None
    marker.path.unlink()
    marker.path.mkdir()
    assert marker.read() is None
    marker.write(Marks())  # no error
    os.rmdir(marker.path)
