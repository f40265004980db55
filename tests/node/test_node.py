"""The journaled step: stored before sent, whole or not at all, through kills and failing disks."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from model.events import MemberAdded
from node.errors import CommandRefused, NodeError, StoreFailed, UnknownGroup
from node.invitation_store import InvitationRow
from node.node import Node
from replication.control import DeviceEnrolled
from tests.node.failing import Plan, failing
from tests.node.phones import NOW_MS, TREASURER, add_member, digest, enrolled, founded, sync

ROOT = Path(__file__).parents[2]
KILLS = 20

WRITER = """
import sys
from pathlib import Path
from model.events import MemberAdded
from node.node import Node

node = Node.open(Path(sys.argv[1]))
group = next(iter(node.groups))
for number in range(int(sys.argv[2]), 100_000):
    receipt = node.append(group, [MemberAdded(number, "2026-01-01")], 1).receipts[0]
    print(receipt.hex(), flush=True)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    node.close()
    acknowledged: list[str] = []
    for kill in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(1 + 1000 * kill)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(1 + kill * 3):
                acknowledged.append(writer.stdout.readline().strip())
            writer.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in writer.stdout if len(line) == 35]
    with Node.open(tmp_path) as again:
        members = {name for name, _ in again.group(group).book.members.rows()}
        chains = again.store.chains(1)
        recorded = {f"{one.change.change_hash[:16].hex()}00" for one in chains.everything()}
        assert set(acknowledged) <= members
        assert members <= recorded
        assert len(acknowledged) >= KILLS
        add_member(again, group, 99_999)
        assert again.store.database.rows("PRAGMA integrity_check") == [("ok",)]


def test_two_phones_come_to_one_book(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    add_member(secretary, group, 1)
    add_member(treasurer, group, 2)
    sync(treasurer, secretary, group)
    assert digest(secretary, group) == digest(treasurer, group)
    assert len(list(treasurer.group(group).book.members.rows())) == 2
    assert secretary.group(group).replica.heads == treasurer.group(group).replica.heads
    secretary.close()
    treasurer.close()


def test_a_sync_cut_after_any_message_goes_on_where_it_was(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    for cut in range(8):
        add_member(secretary, group, cut + 1)
        add_member(treasurer, group, cut + 101)
        sync(secretary, treasurer, group, messages_max=cut)
        treasurer.close()
        treasurer = Node.open(tmp_path / "t")
    sync(secretary, treasurer, group)
    assert digest(secretary, group) == digest(treasurer, group)
    secretary.close()
    treasurer.close()


def test_nothing_is_sent_unless_it_was_committed(tmp_path: Path) -> None:
    plan = Plan()
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    secretary.close()
    secretary = Node.open(tmp_path / "s", failing(plan))
    live = secretary.connect(group, "t", treasurer.device, True, NOW_MS)
    treasurer.connect(group, "s", secretary.device, False, NOW_MS)
    reply = treasurer.receive(group, "s", live.send[0][1], NOW_MS)
    for _, message in reply.send:
        secretary.receive(group, "t", message, NOW_MS)
    for fail_at in range(1, 12):
        plan.arm(fail_at)
        with pytest.raises(StoreFailed):
            add_member(secretary, group, 1)
        plan.disarm()
        # The conversation went with the memory: the peer is hung up on, not told half a truth.
        assert secretary.receive(group, "t", b"", NOW_MS).close == ("t",)
    sync(secretary, treasurer, group)
    assert digest(secretary, group) == digest(treasurer, group)
    assert list(treasurer.group(group).book.members.rows()) == []
    secretary.close()
    treasurer.close()


def test_a_reader_may_not_write_and_is_told_why(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    reader = Node.create(tmp_path / "n", "NGO")
    enrolment = DeviceEnrolled(reader.device, TREASURER, "read", "NGO")
    secretary.enrol(group, enrolment, NOW_MS)
    reader.join(group, "Umoja")
    sync(secretary, reader, group)
    before = digest(reader, group)
    with pytest.raises(CommandRefused, match="may read this group's books"):
        add_member(reader, group, 1)
    assert digest(reader, group) == before == digest(secretary, group)
    secretary.close()
    reader.close()


def test_an_invitation_is_spent_with_the_enrolment_or_not_at_all(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    group_no = node.group(group).row.group_no
    node.store.invited.add(group_no, InvitationRow(b"one", b"k" * 32, "write", "Treasurer", NOW_MS))
    for number, spent in ((1, False), (2, True)):
        enrolment = DeviceEnrolled(bytes([number]) * 32, TREASURER, "write", "phone")
        if spent:
            with pytest.raises(NodeError, match="used already"):
                node.enrol(group, enrolment, NOW_MS, b"one")
        else:
            node.enrol(group, enrolment, NOW_MS, b"one")
        assert (enrolment.device in node.group(group).roster.devices) != spent
    (kept,) = node.store.invited.all(group_no)
    assert (kept.state, kept.used_by, kept.secret_hash) == ("used", bytes([1]) * 32, b"")
    node.close()


def test_a_batch_is_stored_together_or_never_was(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    before = (digest(node, group), node.group(group).replica.heads)
    batch = node.batch(group, NOW_MS)
    batch.append([MemberAdded(1, "2026-01-01")])
    with pytest.raises(CommandRefused):
        batch.append([MemberAdded(0, "2026-01-01")])
    assert (digest(node, group), node.group(group).replica.heads) == before
    batch = node.batch(group, NOW_MS)
    for number in range(1, 4):
        batch.append([MemberAdded(number, "2026-01-01")] * 2)
    step = batch.commit()
    assert (step.changes, len(step.receipts)) == (3, 6)
    assert len(list(node.group(group).book.members.rows())) == 6
    node.close()
    with Node.open(tmp_path) as again:
        assert len(list(again.group(group).book.members.rows())) == 6


def test_a_group_that_is_not_here_is_named(tmp_path: Path) -> None:
    with Node.create(tmp_path, "phone") as node, pytest.raises(UnknownGroup):
        node.append(bytes(32), [MemberAdded(1, "2026-01-01")], NOW_MS)


def test_an_io_error_in_the_middle_of_a_sync_loses_nothing(tmp_path: Path) -> None:
    plan = Plan(sqlite3.SQLITE_IOERR)
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    for number in range(1, 6):
        add_member(secretary, group, number)
    treasurer.close()
    treasurer = Node.open(tmp_path / "t", failing(plan))
    failures = 0
    for fail_at in range(1, 60, 3):
        plan.arm(fail_at)
        try:
            sync(secretary, treasurer, group)
        except StoreFailed:
            failures += 1
        plan.disarm()
    assert failures > 3
    sync(secretary, treasurer, group)
    assert digest(secretary, group) == digest(treasurer, group)
    secretary.close()
    treasurer.close()
