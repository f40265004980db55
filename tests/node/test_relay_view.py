"""What a relay may say: every honest log is accepted, every single lie about it is not.

The honest relay here is a few lines of its own that keep a list; the chain is reckoned anew from
the format, not by the code that is tested.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.relay_view import (
    NEWS,
    Point,
    Read,
    RelayWrong,
    View,
    excused,
    followed,
    founded,
    heard,
    note_of,
    point_of,
    read,
    read_note,
    receipted,
)
from relay.facts import (
    Access,
    Checkpoint,
    Entry,
    Head,
    SignedAccess,
    SignedHead,
    access_message,
    blob_message,
    checkpoint_message,
    head_message,
    is_fraud,
    mailbox_id,
)
from relay.protocol import Receipt
from replication.identity import DeviceKeys

RELAY, FOUNDER, ONE, OTHER, STRANGER = (DeviceKeys(bytes([n]) * 32) for n in range(1, 6))
MAILBOX = mailbox_id(FOUNDER.public)
WRITERS = tuple(sorted(((ONE.public,), (OTHER.public,))))
ACCESS = Access(1, "log", 2, WRITERS, (), (), ())
FIRST = SignedAccess(ACCESS, ((FOUNDER.public, FOUNDER.sign(access_message(MAILBOX, ACCESS))),))


@dataclass
class Honest:
    """A relay's log of one mailbox."""

    log_id: bytes = b"l" * 16
    kind: str = "log"
    entries: list[Entry] = field(default_factory=list)
    chains: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chains = [sha256(b"mkutano/relay/log/1" + MAILBOX + self.log_id).digest()]

    def push(self, keys: DeviceKeys, blob: bytes) -> Receipt:
        blob_hash = sha256(blob).digest()
        signature = keys.sign(blob_message(MAILBOX, blob_hash))
        cursor = len(self.entries) + 1
        entry = Entry(cursor, keys.public, 1000 + cursor, blob_hash, signature, blob)
        numbers = cursor.to_bytes(8, "big") + entry.time_ms.to_bytes(8, "big")
        told = b"mkutano/relay/entry/1" + self.chains[-1] + numbers + entry.writer + blob_hash
        before = self.chains[-1]
        self.entries.append(entry)
        self.chains.append(sha256(told).digest())
        return Receipt(entry._replace(blob=None), before, self.head(cursor))

    def head(self, cursor: int = -1) -> SignedHead:
        cursor = len(self.entries) if cursor < 0 else cursor
        time_ms = self.entries[cursor - 1].time_ms if cursor else 0
        return signed(Head(self.log_id, cursor, self.chains[cursor], time_ms))


def signed(head: Head) -> SignedHead:
    return SignedHead(head, RELAY.sign(head_message(MAILBOX, head)))


def fresh() -> View:
    return founded(View(RELAY.public, MAILBOX), FOUNDER.public, (FIRST,))


def nothing(_cursor: int) -> None:
    return None


def log_of(count: int) -> Honest:
    log = Honest()
    for number in range(count):
        log.push((ONE, OTHER)[number % 2], b"blob %d" % number)
    return log


@given(st.integers(0, 12), st.lists(st.integers(1, 5), max_size=12))
@settings(max_examples=40, deadline=None)
def test_an_honest_log_is_accepted_in_whatever_pieces_it_comes(
    count: int, sizes: list[int]
) -> None:
    log, points = log_of(count), dict[int, Point]()
    view = heard(fresh(), log.head(), points.get, 0)
    for size in [*sizes, count]:
        page = tuple(log.entries[view.cursor : view.cursor + size])
        if not page:
            break
        view = heard(view, log.head(), points.get, view.told)
        now = read(view, page, log.head(), points.get)
        view = now.view
        points |= {point.cursor: point for point in now.points}
    assert view.chain == log.chains[view.cursor]
    assert view.is_confirmed == (view.cursor == count) or not count
    for cursor in range(1, view.cursor + 1):  # any head that it ever signed fits
        assert heard(view, log.head(cursor), points.get, NEWS) == view


FIELDS: dict[str, Any] = {
    "cursor": lambda value: value + 1,
    "writer": lambda value: STRANGER.public,
    "time_ms": lambda value: value + 1,
    "blob_hash": lambda value: value[::-1],
    "signature": lambda value: value[::-1],
    "blob": lambda value: value + b"x",
}


@given(st.integers(1, 6), st.data())
@settings(max_examples=80, deadline=None)
def test_every_single_alteration_is_refused(count: int, data: st.DataObject) -> None:
    log = log_of(count)
    view = heard(fresh(), log.head(), nothing, 0)
    at = data.draw(st.integers(0, count - 1))
    name = data.draw(st.sampled_from([*FIELDS, "none", "dropped", "doubled", "swapped"]))
    entries = list(log.entries)
    if name in FIELDS:
        entries[at] = entries[at]._replace(**{name: FIELDS[name](getattr(entries[at], name))})
    elif name == "none":
        entries[at] = entries[at]._replace(blob=None)
    elif name == "dropped":
        del entries[at]
    elif name == "doubled":
        entries.insert(at, entries[at])
    else:
        entries[at], entries[-1] = entries[-1], entries[at]
    if entries == log.entries:
        return
    code, now = "", Read(view, ())
    try:
        now = read(view, tuple(entries), log.head(), nothing)
    except RelayWrong as wrong:
        code = wrong.code
    if code:
        assert code in {"altered", "withheld", "stranger"}
        return
    assert not now.view.is_confirmed  # the last was dropped: it is asked for again
    assert (name, at) == ("dropped", count - 1)
    with pytest.raises(RelayWrong, match="withheld"):
        read(now.view, (), log.head(), nothing)


def test_an_entry_of_another_mailbox_is_refused() -> None:
    log = log_of(2)
    elsewhere = ONE.sign(blob_message(b"m" * 32, log.entries[0].blob_hash))
    entries = (log.entries[0]._replace(signature=elsewhere), log.entries[1])
    view = heard(fresh(), log.head(), nothing, 0)
    with pytest.raises(RelayWrong, match="altered"):
        read(view, entries, log.head(), nothing)


def test_a_stranger_that_the_relay_lets_in_is_refused() -> None:
    log = log_of(1)
    log.push(STRANGER, b"intruder")
    view = heard(fresh(), log.head(), nothing, 0)
    with pytest.raises(RelayWrong, match="stranger"):
        read(view, tuple(log.entries), log.head(), nothing)


def test_who_left_may_have_written_before() -> None:
    log = log_of(2)
    following = ACCESS._replace(number=2, needed=1, writers=((ONE.public,),))
    signatures = tuple(
        sorted((one.public, one.sign(access_message(MAILBOX, following))) for one in (ONE, OTHER))
    )
    view = followed(fresh(), (SignedAccess(following, signatures),))
    view = heard(view, log.head(), nothing, 0)
    assert read(view, tuple(log.entries), log.head(), nothing).view.is_confirmed
    with pytest.raises(RelayWrong, match="bad_access"):
        followed(fresh(), (SignedAccess(following, signatures[:1]),))


def test_a_shrunken_log_another_log_and_another_story_are_told_apart() -> None:
    log = log_of(4)
    view = heard(fresh(), log.head(), nothing, 0)
    now = read(view, tuple(log.entries), log.head(), nothing)
    points = {point.cursor: point for point in now.points}
    with pytest.raises(RelayWrong, match="rolled_back"):
        heard(now.view, log.head(3), points.get, 4)
    assert heard(now.view, log.head(3), points.get, NEWS) == now.view  # it was on its way
    other = Honest(log_id=b"n" * 16)
    with pytest.raises(RelayWrong, match="restored"):
        heard(now.view, other.head(), points.get, 4)
    assert heard(now.view, other.head(), points.get, NEWS) == now.view
    story = log_of(3)
    story.push(ONE, b"another")
    with pytest.raises(RelayWrong) as caught:
        heard(now.view, story.head(), points.get, 4)
    assert caught.value.code == "forked"
    assert is_fraud(RELAY.public, MAILBOX, *caught.value.proof)
    forged = story.head()._replace(signature=bytes(64))
    with pytest.raises(RelayWrong, match="forged_head"):
        heard(now.view, forged, points.get, 4)


def test_a_head_that_another_was_told_catches_the_relay_when_reading_comes_there() -> None:
    log, story = log_of(2), log_of(1)
    story.push(OTHER, b"another")
    for one in (log, story):
        one.push(ONE, b"third")
    view = heard(fresh(), log.head(1), nothing, 0)
    told = {2: point_of(story.head(2)), 3: point_of(story.head(3))}
    with pytest.raises(RelayWrong) as caught:
        read(view, tuple(log.entries), log.head(3), told.get)
    assert caught.value.code == "forked"


@given(st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_a_receipt_moves_on_only_what_it_follows(read_to: int, pushed: int) -> None:
    log = log_of(read_to)
    view = heard(fresh(), log.head(), nothing, 0)
    if read_to:
        view = read(view, tuple(log.entries), log.head(), nothing).view
    for number in range(pushed):
        log.push(OTHER, b"meanwhile %d" % number)
    receipt = log.push(ONE, b"mine")
    now = receipted(view, receipt, ONE.public, receipt.entry.blob_hash, nothing).view
    assert now.cursor == (read_to if pushed else read_to + 1)
    assert now.told == len(log.entries)
    again = receipted(now, receipt, ONE.public, receipt.entry.blob_hash, nothing).view
    assert again == now
    with pytest.raises(RelayWrong, match="forged_receipt"):
        receipted(view, receipt, OTHER.public, receipt.entry.blob_hash, nothing)
    with pytest.raises(RelayWrong, match="forged_receipt"):
        receipted(view, receipt, ONE.public, b"h" * 32, nothing)


def test_a_box_may_let_go_of_what_was_replaced_and_of_nothing_else() -> None:
    boxed = ACCESS._replace(kind="box")
    first = SignedAccess(boxed, ((FOUNDER.public, FOUNDER.sign(access_message(MAILBOX, boxed))),))
    log = log_of(3)  # one, other, one
    entries = (log.entries[0]._replace(blob=None), *log.entries[1:])
    view = heard(founded(View(RELAY.public, MAILBOX), FOUNDER.public, (first,)), log.head(),
                 nothing, 0)  # fmt: skip
    now = read(view, entries, log.head(), nothing)
    assert now.view.owed == ()
    hidden = (*entries[:2], log.entries[2]._replace(blob=None))
    with pytest.raises(RelayWrong, match="withheld"):
        read(view, hidden, log.head(), nothing)


def test_only_a_checkpoint_of_two_officers_excuses_what_was_let_go() -> None:
    log = log_of(4)
    view = heard(fresh(), log.head(), nothing, 0)
    point = Checkpoint(log.log_id, 3, 4, log.chains[4])
    message = checkpoint_message(MAILBOX, point)
    both = [(keys.public, keys.sign(message)) for keys in (ONE, OTHER)]
    assert excused(view, point, both) == 3
    assert excused(view, point, both[:1] * 2) == 1
    assert excused(view, point, [both[0], (STRANGER.public, STRANGER.sign(message))]) == 1
    assert excused(view, point._replace(first=4), both) == 1
    entries = tuple(entry._replace(blob=None) for entry in log.entries[:2]) + tuple(log.entries[2:])
    assert read(view, entries, log.head(), nothing, 3).view.is_confirmed
    with pytest.raises(RelayWrong, match="withheld"):
        read(view, entries, log.head(), nothing, 2)


@given(st.binary(max_size=400))
@settings(max_examples=40)
def test_notes_come_back_as_they_were_and_other_bytes_as_nothing(noise: bytes) -> None:
    head = log_of(3).head()
    note = note_of(RELAY.public, MAILBOX, head)
    assert read_note(note) == (RELAY.public, MAILBOX, head)
    assert read_note(noise) is None or len(noise) == len(note)
