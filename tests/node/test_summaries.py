"""Signed summaries: equal on every phone, counted by officer, and nothing false is taken.

The village is made once: a meeting with money in it, closed by the secretary, signed by the
treasurer, so that what each test adds is small.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reports.indicators import indicators
from model.reports.reading import read
from node import commands
from node.closure import book_before, book_through
from node.deciding import approve
from node.governing import propose_constitution
from node.node import Node
from node.relay_places import Place
from node.relay_store import RelayStore
from node.summaries import Sealed, sealed_meetings, summarised, take_summaries
from node.summary_form import (
    CONTENT_BYTES_MAX,
    content_of,
    digest_of,
    read_content,
    read_signed,
    sign,
)
from node.summary_store import MEETING_MAX, SummaryStore
from node.summary_views import (
    alarm_sentence,
    correction_sentence,
    corrections,
    fault_sentences,
    standing,
)
from relay.facts import Access, Entry
from replication.cbor import dumps, loads
from replication.errors import RemoteError
from replication.identity import DeviceKeys
from replication.sealing import NONCE_BYTES, epoch_key_id, seal_blob
from tests.node.officers import Village
from tests.node.reading_ngo import seal

KEY = b"k" * 32
KEYS = {epoch_key_id(KEY): KEY}
PHONES = [DeviceKeys(bytes([at]) * 32) for at in range(1, 7)]
ONE, TWO, THREE, SPARE, LEFT, STRANGER = PHONES
ACCESS = Access(
    2, "log", 2, tuple(sorted((tuple(sorted((ONE.public, SPARE.public))), (TWO.public,),
                               (THREE.public,)))), (), (), (),
)  # fmt: skip
"""Three officers; the first has a spare phone, and one phone has left."""


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    one = Village(tmp_path_factory.mktemp("village"))
    one.secretary.record("contribution", member="1", amount="300")
    one.secretary.record("contribution", member="2", amount="500")
    seal(one)
    yield one
    one.close()


@pytest.fixture(scope="module")
def content(village: Village) -> bytes:
    made = summarised(village.secretary.at.group, _sealed(village))
    assert made is not None
    return made


def _sealed(village: Village) -> Sealed:
    (one, *_) = sealed_meetings(village.secretary.at.group.book)
    return one


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Node]:
    with Node.create(tmp_path / "reader", "Maendeleo") as node:
        yield node


def place_of(group: bytes) -> Place:
    return Place(group, b"r" * 32, "wss://relay.example", "summary", b"m" * 32)


class Mailbox:
    """A mailbox of summaries as a reader finds it."""

    def __init__(self, reader: Node, group: bytes) -> None:
        self.reader = reader
        self.place = place_of(group)
        self.store = SummaryStore(reader.store.database)
        self.cursor = 1

    def put(self, keys: DeviceKeys, plain: bytes, key: bytes = KEY) -> str:
        """What one device puts there; the code of what is wrong with it, "" for nothing."""
        self.cursor += 1
        nonce = self.cursor.to_bytes(NONCE_BYTES, "big")
        blob = seal_blob(key, nonce, self.place.mailbox, plain)
        return self.put_blob(keys, blob)

    def put_blob(self, keys: DeviceKeys, blob: bytes) -> str:
        before = {(one.device, one.code): one.times for one in self.store.faults(self.place.group)}
        entry = Entry(self.cursor, keys.public, 0, bytes(32), bytes(64), blob)
        take_summaries(self.reader, KEYS, self.place, [entry], ACCESS, 5)
        for one in self.store.faults(self.place.group):
            if one.times != before.get((one.device, one.code), 0):
                assert one.device == keys.public
                assert fault_sentences([one])[0].startswith(f"Phone {keys.public.hex()[:8]}")
                return one.code
        return ""


@pytest.fixture
def mailbox(reader: Node, village: Village) -> Mailbox:
    return Mailbox(reader, village.secretary.group_id)


# The same on every phone


def test_every_phone_makes_the_same_of_a_sealed_meeting(village: Village, content: bytes) -> None:
    made = {summarised(officer.at.group, _sealed(village)) for officer in village.officers}
    assert made == {content}
    found = read_content(content)
    own = indicators(read(village.treasurer.at.group.book), found.day)
    said = found.indicators()
    assert (said.shares_minor, said.members, said.cash_minor) == (80_000, 3, own.cash_minor)
    assert (said.sealed_on, said.meeting_state, said.meetings_sealed) == (found.day, "sealed", 1)
    assert "not_sealed" not in said.findings
    assert len(content) < 1_500
    assert b"Amina" not in content


def test_what_comes_after_the_close_changes_no_summary(tmp_path: Path) -> None:
    one = Village(tmp_path)
    try:
        one.secretary.record("contribution", member="1", amount="300")
        seal(one)
        sealed = _sealed(one)
        before = summarised(one.secretary.at.group, sealed)
        commands.open_meeting(one.treasurer.at, "2026-01-14")
        one.treasurer.record("contribution", member="3", amount="400")
        commands.add_member(one.treasurer.at, "Dida", joined_on="2026-01-01")
        assert summarised(one.treasurer.at.group, sealed) == before  # the others don't know it yet
        one.meet()
        one.chairperson.suspend("Asha's phone")
        one.meet()
        assert {summarised(o.at.group, sealed) for o in one.officers} == {before}
        now = indicators(read(one.secretary.at.group.book), "2026-01-07")
        assert before is not None
        assert now.members == read_content(before).indicators().members + 1
    finally:
        one.close()


def test_that_a_close_wanted_signatures_is_no_finding_of_a_sealed_meeting(tmp_path: Path) -> None:
    one = Village(tmp_path)
    try:
        code = propose_constitution(one.secretary.at, ["seal_offices=treasurer"]).code
        one.meet()
        approve(one.treasurer.at, code)
        one.meet()
        seal(one)
        sealed = _sealed(one)
        group = one.secretary.at.group
        then = book_through(group.store.chains(group.row.group_no), bytes.fromhex(sealed.close))
        plain = indicators(read(then), "2026-01-07")
        assert plain.findings.get("not_sealed") == 1
        content = summarised(group, sealed)
        assert content is not None
        said = read_content(content).indicators()
        assert (said.findings.get("not_sealed"), said.tasks) == (None, plain.tasks - 1)
    finally:
        one.close()


def test_the_book_through_a_close_is_what_its_author_saw(village: Village) -> None:
    group = village.secretary.at.group
    close = bytes.fromhex(_sealed(village).close)
    chains = group.store.chains(group.row.group_no)
    before, through = book_before(chains, close), book_through(chains, close)
    key = _sealed(village).key
    (old, new) = (book.meetings.find(key) for book in (before, through))
    assert old is not None
    assert new is not None
    assert (old.closes, new.closes) == ((), (close.hex(),))


def test_a_phone_with_an_entry_that_it_can_t_read_signs_nothing(tmp_path: Path) -> None:
    one = Village(tmp_path)
    try:
        newer = dumps([1, "share.floated", 1, 7])
        batch = one.secretary.node.batch(one.secretary.group_id, 5)
        batch.append_encoded([newer])
        batch.commit()
        one.meet()
        one.secretary.record("close", anyway=True)
        sealed = Sealed((1, 1), _newest_close(one))
        assert summarised(one.secretary.at.group, sealed) is None
    finally:
        one.close()


def _newest_close(village: Village) -> str:
    page = village.secretary.at.group.book.meetings.find((1, 1))
    assert page is not None
    return page.closings[-1]


# Who stands behind it


def signed(mailbox: Mailbox, content: bytes, *phones: DeviceKeys) -> None:
    for keys in phones:
        assert mailbox.put(keys, sign(keys, mailbox.place.group, content)) == ""


def test_two_officers_are_needed_and_two_phones_of_one_are_one(
    mailbox: Mailbox, content: bytes
) -> None:
    group = mailbox.place.group
    signed(mailbox, content, ONE)
    found = standing(mailbox.store.rows(group), ACCESS)
    assert found.newest is None
    assert found.waiting is not None
    signed(mailbox, content, SPARE, LEFT)
    assert standing(mailbox.store.rows(group), ACCESS).newest is None
    signed(mailbox, content, TWO)
    newest = standing(mailbox.store.rows(group), ACCESS).newest
    assert newest is not None
    assert (newest.officers, newest.former) == (2, 1)
    alone = ACCESS._replace(writers=((TWO.public,),), needed=1)  # who signed may leave: it stays
    assert standing(mailbox.store.rows(group), alone).newest is not None


def test_phones_that_signed_different_figures_raise_an_alarm(
    mailbox: Mailbox, content: bytes
) -> None:
    group = mailbox.place.group
    other = altered(content, shares_minor=99)
    signed(mailbox, content, ONE, TWO)
    signed(mailbox, other, THREE)
    found = standing(mailbox.store.rows(group), ACCESS)
    assert found.newest is not None
    assert found.newest.stored.content == content
    (alarm,) = found.alarms
    told = alarm_sentence("Umoja", alarm)
    assert THREE.public.hex()[:8] in told
    assert "Don't rely on that meeting's figures" in told
    signed(mailbox, altered(content, rules=77), LEFT)  # who has left raises no alarm
    assert len(standing(mailbox.store.rows(group), ACCESS).alarms[0].signed) == 2


def altered(content: bytes, rules: int = 0, revision: int = 0, **figures: int) -> bytes:
    fields = loads(content)
    fields[3] = revision or fields[3]
    fields[6] = rules or fields[6]
    fields[7] |= figures
    return dumps(fields)


def test_versions_that_differ_are_told_apart_from_a_lie(mailbox: Mailbox, content: bytes) -> None:
    signed(mailbox, content, ONE)
    signed(mailbox, altered(content, rules=77), TWO)
    (alarm,) = standing(mailbox.store.rows(mailbox.place.group), ACCESS).alarms
    assert "different versions" in alarm_sentence("Umoja", alarm)


def test_a_correction_stands_beside_what_it_corrects_and_is_named(
    mailbox: Mailbox, content: bytes
) -> None:
    signed(mailbox, content, ONE, TWO)
    signed(mailbox, altered(content, revision=2, shares_minor=80_100), ONE, TWO)
    signed(mailbox, content, THREE)  # an old one that comes late changes nothing
    found = standing(mailbox.store.rows(mailbox.place.group), ACCESS)
    assert found.newest is not None
    assert found.newest.stored.summary.revision == 2
    (one,) = corrections(found.trusted)
    told = correction_sentence(one, found.newest.stored.summary.indicators())
    assert "shares KES 800.00 → KES 801.00" in told
    assert len(mailbox.store.rows(mailbox.place.group)) == 2
    assert found.alarms == ()


def test_one_phone_alone_can_t_put_a_far_meeting_before_the_others(
    mailbox: Mailbox, content: bytes
) -> None:
    signed(mailbox, content, ONE, TWO)
    fields = loads(content)
    fields[1:3] = [9_999, 9_999]
    signed(mailbox, dumps(fields), THREE)
    found = standing(mailbox.store.rows(mailbox.place.group), ACCESS)
    assert found.newest is not None
    assert found.newest.stored.content == content
    assert found.waiting is not None


# What is not taken


def test_what_is_false_is_told_by_name_and_not_taken(mailbox: Mailbox, content: bytes) -> None:
    group = mailbox.place.group
    good = loads(sign(ONE, group, content))
    forged = dumps([*good[:4], bytes(64)])
    as_two = dumps([*good[:3], TWO.public, good[4]])
    future = dumps([2, *good[1:]])
    long = content_of((1, 1), 1, b"c" * 17, "2026-01-07", 1, read_content(content).indicators())
    long = dumps(
        [*loads(long)[:7], {"version": 1, "day": "2026-01-07", "x": "y" * CONTENT_BYTES_MAX}]
    )
    table = [
        (ONE, sign(ONE, b"o" * 32, content), "other_group"),
        (ONE, forged, "bad_signature"),
        (ONE, as_two, "bad_signature"),
        (TWO, sign(ONE, group, content), "other_signer"),
        (ONE, future, "update"),
        (ONE, sign(ONE, group, long), "bad_summary"),
        (ONE, sign(ONE, group, dumps([1, 1])), "bad_summary"),
        (ONE, sign(ONE, group, altered(content, revision=99_999)), "bad_summary"),
        (ONE, sign(ONE, group, altered(content, members=-5)), "bad_summary"),
        (ONE, b"\xff" * 40, "bad_summary"),
        (ONE, b"\x00" * 700_000, "bad_summary"),
    ]
    for keys, plain, code in table:
        assert mailbox.put(keys, plain) == code
    assert mailbox.put_blob(ONE, b"\x01" + b"?" * 300) == ""  # of a key that is not here: it waits
    elsewhere = seal_blob(KEY, bytes(NONCE_BYTES), b"x" * 32, sign(ONE, group, content))
    assert mailbox.put_blob(ONE, elsewhere) == "not_opened"
    assert mailbox.store.rows(group) == []


def test_a_phone_that_signs_without_end_fills_nobody_s_disk(
    mailbox: Mailbox, content: bytes
) -> None:
    codes = [
        mailbox.put(ONE, sign(ONE, mailbox.place.group, altered(content, shares_minor=at)))
        for at in range(MEETING_MAX + 2)
    ]
    assert codes == [""] * MEETING_MAX + ["too_many"] * 2
    signed(mailbox, content, TWO)  # another phone has room of its own


def test_a_summary_waits_for_its_key(mailbox: Mailbox, content: bytes, reader: Node) -> None:
    later = b"l" * 32
    plain = sign(ONE, mailbox.place.group, content)
    assert mailbox.put(ONE, plain, later) == ""
    assert mailbox.store.rows(mailbox.place.group) == []
    keys = {**KEYS, epoch_key_id(later): later}
    assert take_summaries(reader, keys, mailbox.place, (), ACCESS, 5) == 1
    assert RelayStore(reader.store.database).waiting_count(mailbox.place) == 0


def test_a_mailbox_that_was_lost_counts_as_empty_and_its_signatures_stay(
    mailbox: Mailbox, content: bytes
) -> None:
    signed(mailbox, content, ONE, TWO)
    group, box = mailbox.place.group, mailbox.place.mailbox
    assert len(mailbox.store.signed_in(group, box)) == 1
    mailbox.store.forget_mailbox(group, box)
    assert mailbox.store.signed_in(group, box) == {}
    assert standing(mailbox.store.rows(group), ACCESS).newest is not None


def test_a_content_of_a_later_version_is_read_as_far_as_it_is_known(content: bytes) -> None:
    fields = loads(content)
    later = dumps([2, *fields[1:], "something new"])
    assert read_content(later).indicators().shares_minor == 80_000
    with pytest.raises(RemoteError, match="bad_summary"):
        read_content(dumps([*fields, "something new"]))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_summary_or_a_remote_error(plain: bytes) -> None:
    for reads in (lambda: read_signed(plain, b"g" * 32), lambda: read_content(plain)):
        with pytest.raises(RemoteError):
            reads()


@given(st.data())
def test_a_summary_with_one_altered_byte_is_never_taken(
    content: bytes, data: st.DataObject
) -> None:
    group = b"g" * 32
    plain = bytearray(sign(ONE, group, content))
    at = data.draw(st.integers(0, len(plain) - 1))
    plain[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RemoteError):
        read_signed(bytes(plain), group)


def test_the_digest_is_bound_to_its_purpose(content: bytes) -> None:
    import hashlib

    assert digest_of(content) == hashlib.sha256(b"mkutano/summary-content/1" + content).digest()
