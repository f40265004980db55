"""Decisions that arrive later put entries into suspense, let them out, or move them behind a seal.

However ledger and decisions arrive, and however they are cut into steps, the book is that of one
fold over everything; and a decision costs what it makes to be judged again, not the history.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.book import Book
from model.entry import Entry, order_key
from model.events import CoveredTip, MeetingClosed, MeetingOpened, OfficerElected, SharePurchased
from model.reducer import apply
from node import books, commands
from node.commands import Context
from node.entries import fold_all
from node.errors import CommandRefused
from node.node import Node, Step
from node.seal_order import Sealing, SealOrder
from node.verify import verify
from replication.control import (
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    ForkJudged,
    FoundingEnded,
    MeetingSealed,
    Record,
    VoteCast,
    encode_record,
)
from replication.suspense import limits
from tests.node.phones import NOW_MS, add_member, digest, enrolled, founded, sync
from tests.node.test_books import buy, deed, folded, stored

CLERK = b"clerk".ljust(16, b".")
MESSAGES_MAX = 400


def decide(node: Node, group: bytes, *records: Record) -> bytes:
    """One change with these control records; its hash."""
    batch = node.batch(group, NOW_MS)
    batch.append_encoded([encode_record(record) for record in records])
    batch.commit()
    tip = node.group(group).replica.own_tip
    (found,) = node.store.chains(1).at(tip.device, tip.n)[-1:]
    return found.change.change_hash


def lost(node: Node) -> DeviceSuspended:
    return DeviceSuspended(node.device, "lost")


def meet(left: Node, right: Node, group: bytes, messages_max: int = MESSAGES_MAX) -> None:
    """Two phones exchange, also where one of them is refused."""
    nodes, other = {"left": left, "right": right}, {"left": "right", "right": "left"}
    queue: list[tuple[str, bytes]] = []
    closed: set[str] = set()

    def said(who: str, step: Step) -> None:
        queue.extend((other[who], message) for _, message in step.send)
        if step.close:
            closed.add(who)

    said("left", left.connect(group, "right", right.device, True, NOW_MS))
    said("right", right.connect(group, "left", left.device, False, NOW_MS))
    for _ in range(messages_max):
        if not queue:
            break
        whom, message = queue.pop(0)
        if whom not in closed:
            said(whom, nodes[whom].receive(group, other[whom], message, NOW_MS))
    left.disconnect(group, "right")
    right.disconnect(group, "left")


def assert_is_the_fold(node: Node, group: bytes) -> None:
    assert stored(node, group) == folded(node, group)
    chains = node.store.chains(1)
    kept = [key for key in _order(node) if key >= node.store.oldest_applied(1)]
    assert _order_of_fold(node)[-len(kept) :] == kept
    replica = node.group(group).replica
    apart = limits(replica.decisions, [lane.device for lane in chains.lanes()])
    assert node.group(group).books._reader.now.limits == apart


def _order(node: Node) -> list[tuple[int, bytes]]:
    rows = node.store.applied_after(1, (0, b""))
    return [(row.lamport, row.entry_id) for row in reversed(rows)]


def _order_of_fold(node: Node) -> list[tuple[int, bytes]]:
    chains = node.store.chains(1)
    return [order_key(entry) for entry in fold_all(chains, chains.everything())]


def statuses(node: Node, group: bytes) -> dict[str, str]:
    return {name: page.status for name, page in node.group(group).book.entries.rows()}


@contextmanager
def counting(patch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The ids of the entries that are applied meanwhile."""
    applied: list[bytes] = []

    def counted(book: Book, entry: Entry) -> object:
        applied.append(entry.id)
        return apply(book, entry)

    with patch.context() as inner:
        inner.setattr(books, "apply", counted)
        yield applied


def test_a_suspension_that_arrives_holds_what_it_did_not_know_and_a_lift_lets_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary, group = founded(tmp_path / "s")
    amina = add_member(secretary, group, 1)
    treasurer = enrolled(tmp_path / "t", secretary, group)
    with secretary, treasurer:
        for line in range(1, 21):
            buy(treasurer, group, amina, line)
        sync(secretary, treasurer, group)
        for line in range(21, 26):  # the stolen phone goes on
            buy(treasurer, group, amina, line)
        decide(secretary, group, lost(treasurer))
        whole = statuses(treasurer, group)
        with counting(monkeypatch) as applied:
            meet(treasurer, secretary, group)
        assert len(applied) == 5  # what came with the exchange, and nothing of before
        held = {name for name, status in statuses(secretary, group).items() if status != "counted"}
        assert len(held) == 5
        assert held <= whole.keys()
        assert_is_the_fold(secretary, group)
        suspended_digest = digest(secretary, group)
        with counting(monkeypatch) as applied:
            decide(secretary, group, DeviceReinstated(treasurer.device))
        assert len(applied) == 5
        assert_is_the_fold(secretary, group)
        assert digest(secretary, group) != suspended_digest
        assert statuses(secretary, group) == whole
        assert verify(secretary)[0].differences == ()


def test_a_suspension_that_arrives_after_the_entries_takes_them_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with officers(tmp_path) as (group, amina, secretary, treasurer, clerk):
        sync(secretary, treasurer, group)
        decide(clerk, group, lost(treasurer))
        for line in range(1, 8):
            buy(treasurer, group, amina, line)
        sync(secretary, treasurer, group)
        for line in range(1, 4):
            buy(secretary, group, amina, 100 + line)
        with counting(monkeypatch) as applied:
            meet(secretary, clerk, group)
        assert len(applied) == (7 + 3) * 2  # on both phones, the clerk's and this one
        for node in (secretary, clerk):
            assert_is_the_fold(node, group)
        assert digest(secretary, group) == digest(clerk, group)
        assert list(statuses(secretary, group).values()).count("suspense") == 7


def test_what_reaches_past_the_undo_records_is_folded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "UNDO_KEPT", 8)
    monkeypatch.setattr("node.verify.UNDO_KEPT", 8)
    monkeypatch.setattr(books, "UNDO_SLACK", 2)
    with officers(tmp_path) as (group, amina, secretary, treasurer, clerk):
        decide(clerk, group, lost(treasurer))
        buy(treasurer, group, amina, 1)
        sync(secretary, treasurer, group)
        for line in range(1, 30):
            buy(secretary, group, amina, 100 + line)
        meet(secretary, clerk, group)
        assert_is_the_fold(secretary, group)
        assert list(statuses(secretary, group).values()).count("suspense") == 1
        assert verify(secretary)[0].differences == ()


@pytest.mark.parametrize("kept", [8192, 4])
def test_entries_and_decisions_about_others_may_be_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """What the step has applied already, and not stored, is taken back and applied again."""
    monkeypatch.setattr(books, "UNDO_KEPT", kept)
    monkeypatch.setattr(books, "UNDO_SLACK", 2)
    with officers(tmp_path) as (group, amina, secretary, treasurer, clerk):
        for stopped in (treasurer, clerk):
            decide(secretary, group, lost(stopped))
            for line in range(1, 7):
                buy(stopped, group, amina, line)
            meet(stopped, secretary, group)
        assert list(statuses(secretary, group).values()).count("suspense") == 12
        batch = secretary.batch(group, NOW_MS)
        for line, stopped in enumerate((clerk, treasurer)):
            batch.append([SharePurchased(1, 1, amina, 1, 100, 50 + line)])
            batch.append_encoded([encode_record(DeviceReinstated(stopped.device))])
        batch.append([SharePurchased(1, 1, amina, 1, 100, 52)])
        batch.commit()
        assert_is_the_fold(secretary, group)
        assert "suspense" not in statuses(secretary, group).values()
        buy(secretary, group, amina, 53)
        assert_is_the_fold(secretary, group)
    with Node.open(tmp_path / "s") as again:
        assert_is_the_fold(again, group)


def test_what_a_seal_does_not_cover_stands_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with officers(tmp_path) as (group, amina, secretary, treasurer, clerk):
        secretary.append(group, [MeetingOpened(1, 1, "2026-01-07")], NOW_MS)
        buy(clerk, group, amina, 77)  # its phone stays away
        for line in range(1, 6):
            buy(secretary, group, amina, line)
        sealed_by(secretary, treasurer, group)
        for line in range(6, 9):
            buy(secretary, group, amina, line)
        newest = secretary.group(group).books.newest
        with counting(monkeypatch) as applied:
            sync(secretary, clerk, group)
        late = [entry for entry in applied if entry not in {key[1] for key in _order(clerk)}]
        assert late  # its key is longer than its id: it stands behind the seal
        assert secretary.group(group).books.newest == newest
        for node in (secretary, clerk):
            assert_is_the_fold(node, group)
        assert digest(secretary, group) == digest(clerk, group)
        assert verify(clerk)[0].differences == ()


def test_a_seal_that_arrives_moves_what_it_does_not_cover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with officers(tmp_path) as (group, amina, secretary, treasurer, clerk):
        secretary.append(group, [MeetingOpened(1, 1, "2026-01-07")], NOW_MS)
        for line in range(1, 6):
            buy(secretary, group, amina, line)
        buy(clerk, group, amina, 77)
        close = closed_by(secretary, group)
        for left, right in ((secretary, treasurer), (secretary, clerk), (secretary, treasurer)):
            meet(left, right, group)  # all hold the late entry; nobody has signed
        before = statuses(clerk, group)
        decide(treasurer, group, MeetingSealed(close))
        with counting(monkeypatch) as applied:
            meet(treasurer, clerk, group)
        assert len(applied) == len(set(applied)) > 1  # back to the late entry
        assert _order(clerk)[-1][1].endswith(applied[-1])
        assert statuses(clerk, group) == before
        for node in (clerk, treasurer):
            assert_is_the_fold(node, group)
        assert digest(treasurer, group) == digest(clerk, group)


def sealed_by(closer: Node, signer: Node, group: bytes) -> None:
    """A meeting is closed on one phone and co-signed on another."""
    close = closed_by(closer, group)
    meet(closer, signer, group)
    decide(signer, group, MeetingSealed(close))
    meet(closer, signer, group)


def closed_by(closer: Node, group: bytes) -> bytes:
    """The hash of the change that closes the meeting."""
    covers = tuple(CoveredTip(*tip) for tip in closer.group(group).replica.tips)
    closer.append(group, [MeetingClosed(1, 1, covers)], NOW_MS)
    tip = closer.group(group).replica.own_tip
    return closer.store.chains(1).at(tip.device, tip.n)[-1].change.change_hash


@contextmanager
def officers(path: Path) -> Iterator[tuple[bytes, bytes, Node, Node, Node]]:
    """Umoja and its member Amina; the secretary's, the treasurer's and the clerk's phones."""
    secretary, group = founded(path / "s")
    amina = add_member(secretary, group, 1)
    with (
        secretary,
        enrolled(path / "t", secretary, group) as treasurer,
        third(path / "c", secretary, group) as clerk,
    ):
        yield group, amina, secretary, treasurer, clerk


def third(path: Path, secretary: Node, group: bytes) -> Node:
    """The clerk's phone, in step with the secretary's."""
    clerk = Node.create(path, "Clerk's phone")
    enrolment = DeviceEnrolled(clerk.device, CLERK, "write", "Clerk's phone")
    secretary.enrol(group, enrolment, NOW_MS)
    secretary.append(group, [OfficerElected("secretary", CLERK)], NOW_MS)
    clerk.join(group, "Umoja")
    sync(secretary, clerk, group)
    return clerk


MOVES = (
    *("few", "reopen", "suspend", "lift", "revoke"),
    *("vote", "seal", "end", "answer", "both"),
)
moves = st.lists(
    st.tuples(
        st.sampled_from(
            [*("write", "meet") * 2, *MOVES],
        ),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=22,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=moves, seed=st.integers(0, 2**16), kept=st.sampled_from([4, 8192]))
def test_in_whatever_order_and_steps_decisions_arrive_the_book_is_one_fold(
    tmp_path_factory: pytest.TempPathFactory,
    moves: list[tuple[str, int, int]],
    seed: int,
    kept: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books, "UNDO_KEPT", kept)
        patch.setattr(books, "UNDO_SLACK", 2 if kept < 10 else 256)
        village = Village(tmp_path_factory.mktemp("village"), random.Random(seed))
        for move, who, other in moves:
            village.play(move, who, other)
        village.end()


class Village:
    """Three officers' phones that write, decide about each other and meet."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path, self.chance = path, chance
        secretary, self.group = founded(path / "0")
        self.members = [add_member(secretary, self.group, number) for number in (1, 2, 3)]
        treasurer = enrolled(path / "1", secretary, self.group)
        self.nodes = [secretary, treasurer, third(path / "2", secretary, self.group)]
        self.asked: list[bytes] = []
        self.closes: list[bytes] = []

    def play(self, move: str, who: int, other: int) -> None:
        node, peer = self.nodes[who], self.nodes[other]
        try:
            self._play(move, node, peer, who)
        except CommandRefused as refusal:
            if refusal.code != "no_right":  # a revoked phone's own
                raise

    def _play(self, move: str, node: Node, peer: Node, who: int) -> None:
        if move == "write":
            node.append(self.group, deed(self.chance, self.members), NOW_MS)
        elif move in ("meet", "few") and node is not peer:
            meet(node, peer, self.group, 400 if move == "meet" else self.chance.randrange(6))
        elif move == "reopen":
            node.close()
            self.nodes[who] = Node.open(self.path / str(who))
        elif move == "both":  # an entry, a decision and an entry in one step
            batch = node.batch(self.group, NOW_MS)
            batch.append(deed(self.chance, self.members))
            batch.append(deed(self.chance, self.members), (), [self._record("lift", peer)])
            batch.append(deed(self.chance, self.members))
            batch.commit()
        elif move == "seal":
            self._seal(node)
        elif move == "vote":
            known = [one for one in self.asked if node.group(self.group).replica.find(one)]
            if known:
                decide(node, self.group, VoteCast(self.chance.choice(known), True))
        elif move not in ("meet", "few"):
            self.asked.append(decide(node, self.group, self._record(move, peer)))

    def _record(self, move: str, peer: Node) -> Record:
        match move:
            case "suspend":
                return lost(peer)
            case "lift":
                return DeviceReinstated(peer.device)
            case "revoke":
                return DeviceRevoked(peer.device, "lost")
            case "end":
                return FoundingEnded()
            case _:
                return ForkJudged(peer.device, 1, "copied")

    def _seal(self, node: Node) -> None:
        """Close a meeting, or co-sign a close of another phone."""
        known = [one for one in self.closes if node.group(self.group).replica.find(one)]
        if known and self.chance.random() < 0.6:
            decide(node, self.group, MeetingSealed(self.chance.choice(known)))
            return
        self.closes.append(closed_by(node, self.group))

    def end(self) -> None:
        """Every phone's book is one fold; phones that hold the same say the same."""
        for node in self.nodes:
            assert_is_the_fold(node, self.group)
        for _ in range(2):
            for left, right in ((0, 1), (1, 2), (0, 2)):
                meet(self.nodes[left], self.nodes[right], self.group)
        said: dict[tuple[bytes, ...], set[str]] = {}
        for node in self.nodes:
            assert_is_the_fold(node, self.group)
            heads = node.group(self.group).replica.heads
            said.setdefault(heads, set()).add(digest(node, self.group))
            node.close()
        assert all(len(digests) == 1 for digests in said.values())


# The order behind seals


clocks = st.lists(st.integers(0, 6), max_size=3).map(tuple)


@given(
    seals=st.lists(st.tuples(st.integers(1, 12), clocks), max_size=6),
    lane=st.integers(0, 3),
    n=st.integers(1, 7),
    lamport=st.integers(1, 13),
)
def test_behind_is_the_last_seal_that_does_not_cover(
    seals: list[tuple[int, tuple[int, ...]]], lane: int, n: int, lamport: int
) -> None:
    order = SealOrder([Sealing(*seal) for seal in seals])
    uncovering = [
        place
        for place, clock in seals
        if place >= lamport and not (lane < len(clock) and n <= clock[lane])
    ]
    assert order.behind(lane, n, lamport) == max(uncovering, default=0)


def test_a_name_that_a_stopped_phone_gave_gives_way_to_the_one_before(tmp_path: Path) -> None:
    with officers(tmp_path) as (group, _, secretary, treasurer, clerk):

        def at(node: Node) -> Context:
            return Context(node, node.group(group), NOW_MS)

        commands.add_member(at(secretary), "Amina", joined_on="2026-01-01")
        sync(secretary, clerk, group)
        sync(secretary, treasurer, group)
        decide(treasurer, group, lost(clerk))
        commands.set_details(at(clerk), "2", name="Thief", phone="")
        commands.add_member(at(clerk), "Nobody", joined_on="2026-01-01", number=9)
        sync(secretary, clerk, group)
        assert names(secretary, group) == {"Thief", "Nobody"}
        meet(secretary, treasurer, group)
        assert names(secretary, group) == {"Amina"}
        assert verify(secretary)[0].differences == ()
        decide(treasurer, group, DeviceReinstated(clerk.device))
        meet(secretary, treasurer, group)
        assert names(secretary, group) == {"Thief", "Nobody"}
        assert verify(secretary)[0].differences == ()


def names(node: Node, group: bytes) -> set[str]:
    return {details.name for details in node.group(group).people.names().values()}
