"""Erasing a person: the name leaves every phone and every file, and every book still balances."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from model.events import PersonErased, PersonSealed
from model.identifiers import receipt_code
from model.journal import balance
from node import commands, desk, erasing, people_slots, slot_store, views
from node.answers import GroupRequest
from node.erasing import EraseRequest
from node.errors import CommandRefused
from node.node import Node
from node.records import RecordRequest, record
from node.slot_store import KnownSlot
from node.verify import verify
from replication.control import DeviceEnrolled, RelayChosen
from replication.people import NONCE_BYTES, key_id_of, seal_person, tag_key_id
from replication.wire import PersonKey
from tests.accounting_programs import bean_check
from tests.node.officers import Officer, Village, hand_over
from tests.node.phones import NOW_MS

NAME, PHONE = "Zawadi Canary", "+254 799 123456"


class Registry(Village):
    """Three officers' phones; member 4 is the one who wants to be forgotten."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.secretary.record("member", name=NAME, phone=PHONE, date="2026-01-02")
        self.secretary.record("contribution", member=NAME, shares=2)
        self.secretary.record("social", member="4", amount="20")
        self.meet()

    def ask(self, officer: Officer, member: str = NAME, **more: Any) -> dict[str, Any]:
        asked = EraseRequest(member=member, **more)
        return dict(erasing.erase(officer.node, asked, NOW_MS).body)

    def erase(self, member: str = NAME) -> None:
        """Ask on the secretary's phone, and agree on the treasurer's."""
        code = self.ask(self.secretary, member)["receipt"]
        hand_over(self.secretary, self.treasurer)
        self.treasurer.agree(code)


@pytest.fixture
def village(tmp_path: Path) -> Any:
    found = Registry(tmp_path)
    yield found
    found.close()


def name_of(officer: Officer, number: int) -> str:
    return next(one.name for one in desk.members(officer.at.group) if one.number == number)


def row(officer: Officer) -> dict[str, Any]:
    (found,) = erasing.rows(officer.at.group)
    return found


def key_of(officer: Officer, number: int) -> PersonKey:
    group = officer.at.group
    member = desk.numbered(group, number).id
    sealed = group.store.sealed_person(group.row.group_no, member)
    assert sealed is not None
    return PersonKey(sealed.key_id, group.replica.key_box[sealed.key_id])


def files(node: Node) -> bytes:
    """Everything that lies in a home, the database's log too."""
    return b"".join(one.read_bytes() for one in node.home.path.iterdir() if one.is_file())


def test_nothing_goes_before_a_second_officer_agrees(village: Registry) -> None:
    told = village.ask(village.secretary, reason="as the member asked")
    assert "Nothing is erased until one more officer agrees" in told["sentence"]
    village.meet()
    assert all(name_of(one, 4) == NAME for one in village.officers)
    assert row(village.treasurer)["state"] == "waiting"


def test_the_name_and_the_key_leave_every_phone_and_every_byte_of_its_files(
    village: Registry,
) -> None:
    key = key_of(village.secretary, 4)
    digest = village.secretary.at.group.book.digest()
    traces = (NAME.encode(), PHONE.encode(), b"799 123456", key.key)
    for one in village.officers:
        held = files(one.node)
        assert all(trace in held for trace in traces[:2])
        assert key.key in held
    village.erase()
    village.meet()
    for one in village.officers:
        held = files(one.node)
        assert not any(trace in held for trace in traces)
        assert name_of(one, 4) == ""
        assert one.at.group.replica.key_box[key.key_id] == b""
        assert one.at.group.book.digest() == village.secretary.at.group.book.digest() != digest
        (found,) = verify(one.node)
        assert not found.differences
    assert name_of(village.secretary, 1) == "Amina"


def test_an_erased_key_is_taken_from_nobody_again(village: Registry) -> None:
    key = key_of(village.chairperson, 4)
    village.erase()
    hand_over(village.treasurer, village.secretary)
    hand_over(village.chairperson, village.secretary)  # it still has the key, and gives it
    group = village.secretary.at.group
    assert group.replica.key_box[key.key_id] == b""
    village.secretary.node.take(group.id, lambda one: one.replica.take_keys((key,)))
    assert key.key not in files(village.secretary.node)
    home = village.secretary.node.home.path
    village.secretary.node.close()
    village.secretary.node = Node.open(home)
    group = village.secretary.at.group
    assert group.replica.key_box[key.key_id] == b""
    assert name_of(village.secretary, 4) == ""


def test_a_key_that_comes_after_the_erasure_is_destroyed_on_arrival(village: Registry) -> None:
    """A phone that never had the key learns of the erasure first, and is given the key then."""
    key = key_of(village.secretary, 4)
    node = Node.create(village.path / "fourth", "Fourth phone")
    enrolment = DeviceEnrolled(node.device, b"fourth".ljust(16, b"."), "write", "Fourth phone")
    batch = village.secretary.node.batch(village.secretary.group_id, NOW_MS)
    batch.append([], (), [enrolment])
    code = receipt_code(batch.commit().receipts[0])
    hand_over(village.secretary, village.treasurer)
    village.treasurer.agree(code)
    code = village.ask(village.treasurer)["receipt"]
    hand_over(village.treasurer, village.chairperson)
    village.chairperson.agree(code)
    node.join(village.secretary.group_id, "Umoja")
    fourth = Officer(node, village.secretary.group_id)
    hand_over(village.chairperson, fourth)
    group = fourth.at.group
    assert name_of(fourth, 2) == "Baraka"
    assert key.key_id not in group.replica.key_box
    node.take(group.id, lambda one: one.replica.take_keys((key,)))
    assert group.replica.key_box[key.key_id] == b""
    assert key.key not in files(node)
    node.close()


def test_details_that_an_officer_sealed_apart_from_the_erasure_go_too(village: Registry) -> None:
    group, key = village.secretary.at.group, b"another key of this one member!!"
    member, nonce = desk.numbered(group, 4).id, b"n" * NONCE_BYTES
    key_id = key_id_of(key)
    sealed = seal_person(group.id, key_id, key, nonce, "Zawadi Other", "")
    event = PersonSealed(member, key_id, nonce, sealed)
    village.secretary.node.append(group.id, [event], NOW_MS, [PersonKey(key_id, key)])
    assert name_of(village.secretary, 4) == "Zawadi Other"
    code = village.ask(village.treasurer)["receipt"]
    hand_over(village.treasurer, village.chairperson)
    village.chairperson.agree(code)
    village.meet()
    village.meet()
    for one in village.officers:
        assert name_of(one, 4) == ""
        assert b"Zawadi" not in files(one.node)
        assert key not in files(one.node)


def test_a_stolen_phone_can_not_have_other_keys_destroyed(village: Registry) -> None:
    """It seals a member's details under the group's key for tags, then asks to erase the member."""
    group = village.treasurer.at.group
    tag_id = tag_key_id(group.id)
    member = desk.numbered(group, 4).id
    nonce = b"n" * NONCE_BYTES
    sealed = seal_person(group.id, tag_id, group.replica.key_box[tag_id], nonce, "x", "")
    village.treasurer.node.append(group.id, [PersonSealed(member, tag_id, nonce, sealed)], NOW_MS)
    village.meet()
    village.erase("4")
    village.meet()
    for one in village.officers:
        assert one.at.group.replica.key_box[tag_id]
        assert name_of(one, 4) == ""
        assert name_of(one, 2) == "Baraka"


def test_what_can_not_be_meant_is_refused_in_words(village: Registry) -> None:
    with pytest.raises(CommandRefused, match="The reason says who it is"):
        village.ask(village.secretary, reason="Zawadi moved away")
    with pytest.raises(CommandRefused, match="The reason says who it is"):
        village.ask(village.secretary, reason="call 0799123456")
    village.erase()
    village.meet()
    with pytest.raises(CommandRefused, match="erased already"):
        village.ask(village.secretary, "4")
    with pytest.raises(CommandRefused, match="that is for good"):
        commands.set_details(village.secretary.at, "4", NAME)
    receipt = row(village.secretary)["receipts"][0]
    with pytest.raises(CommandRefused):
        village.chairperson.record("reversal", receipt=receipt, reason="no")
    assert village.secretary.record("member", name=NAME, phone=PHONE).startswith(NAME)
    assert "possible_duplicate_member" not in village.secretary.findings()


def test_what_somebody_typed_into_a_text_is_told_before(village: Registry) -> None:
    village.secretary.record("minutes", text=f"{NAME} read the minutes")
    told = village.ask(village.secretary, dry_run=True)
    assert told["texts_count"] == 1
    assert "kept under the number" in told["stays"]
    assert "paper" in told["unreachable"]


def test_status_names_who_has_not_confirmed_yet(village: Registry) -> None:
    village.erase()
    left = row(village.treasurer)
    assert sorted(left["phones"]) == ["“Chair's phone”", "“Secretary's phone”"]
    status = views.who_holds(village.treasurer.node, GroupRequest(), NOW_MS).body
    assert any("Not confirmed yet by" in sentence for sentence in status["erasures"])
    hand_over(village.treasurer, village.secretary)
    assert row(village.treasurer)["phones"] == ["“Chair's phone”"]
    village.meet()
    assert row(village.treasurer)["left"] == ""
    assert erasing.reminders(village.treasurer.at.group) == []


def test_slots_at_relays_that_still_hold_the_key_are_named(village: Registry) -> None:
    key = key_of(village.treasurer, 4)
    ids = (b"l" * 32, b"d" * 32, b"p" * 32, b"s" * 32)
    chosen = RelayChosen(b"r" * 32, "wss://relay.example", *ids, in_use=True)
    batch = village.treasurer.node.batch(village.treasurer.group_id, NOW_MS)
    batch.append([], (), [chosen])
    batch.commit()
    village.meet()
    village.erase()
    village.meet()
    group = village.treasurer.at.group
    database = group.store.database
    held = KnownSlot(3, frozenset({key.key_id}))
    with database.transaction():
        slot_store.keep_slots(database, 1, ids[2], {village.chairperson.key: held})
    (told,) = row(village.treasurer)["relays"]
    assert told == {"relay": "relay.example", "phone": "“Chair's phone”"}
    assert "the key still lies in the slot of “Chair's phone”" in row(village.treasurer)["left"]
    with database.transaction():
        slot_store.keep_slots(database, 1, ids[2], {village.chairperson.key: KnownSlot(4)})
    assert row(village.treasurer)["left"] == ""
    assert people_slots.lacking(group, {}) == ()


def test_the_audit_keeps_what_was_done_and_by_whom_without_a_name(village: Registry) -> None:
    village.ask(village.secretary, reason="as the member asked")
    village.meet()
    village.treasurer.agree(row(village.treasurer)["receipts"][0])
    asked = views.AuditRequest()
    entries = views.audit(village.treasurer.node, asked, NOW_MS).body["entries"]
    (erased,) = [one for one in entries if one["kind"] == "person.erased"]
    assert erased["action"] == "erase"
    assert erased["status"] == "counted"
    assert NAME not in str(entries)


MOMENTS = st.lists(
    st.sampled_from(["contribution", "loan", "savings", "fine", "erase", "erase", "meet"]),
    min_size=2,
    max_size=7,
)


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(MOMENTS, st.data())
def test_any_member_at_any_time_and_every_book_still_balances(
    tmp_path_factory: pytest.TempPathFactory, moments: list[str], data: st.DataObject
) -> None:
    village = Registry(tmp_path_factory.mktemp("registry"))
    try:
        gone: set[int] = set()
        for moment in moments:
            number = data.draw(st.integers(1, 4))
            cash = [balance(one.at.group.book, "1010") for one in village.officers]
            if moment == "meet":
                village.meet()
            elif moment != "erase":
                told(village, moment, str(number))
            elif number not in gone:
                village.erase(str(number))
                gone.add(number)
                after = [balance(one.at.group.book, "1010") for one in village.officers]
                assert min(after) >= min(cash)
        village.meet()
        village.meet()
        books = [one.at.group.book for one in village.officers]
        assert len({book.digest() for book in books}) == 1
        for one in village.officers:
            (found,) = verify(one.node)
            assert not found.differences
            assert {m.number for m in desk.members(one.at.group) if not m.name} == gone
    finally:
        village.close()


def told(village: Registry, moment: str, number: str) -> None:
    """Something with money about a member, in whatever state."""
    details: dict[str, dict[str, Any]] = {
        "contribution": {"member": number, "shares": 1},
        "loan": {"member": number, "amount": "50", "periods": 1},
        "savings": {"member": number, "amount": "30"},
        "fine": {"member": number, "code": "late"},
    }
    try:
        record(village.treasurer.node, RecordRequest(kind=moment, **details[moment]), NOW_MS)
    except CommandRefused:
        return  # the group's rules: it does not matter here


def test_an_accounting_program_takes_the_journal_after_an_erasure(
    village: Registry, tmp_path: Path
) -> None:
    village.erase()
    asked = views.JournalRequest(format="beancount")
    text = views.journal_text(village.treasurer.node, asked, NOW_MS).body["text"]
    assert bean_check(tmp_path, text) == ""
    assert "Zawadi" not in text


def test_a_stopped_phones_request_erases_nobody(village: Registry) -> None:
    member = desk.numbered(village.treasurer.at.group, 4).id
    village.secretary.suspend("Asha's phone")
    village.treasurer.node.append(village.treasurer.group_id, [PersonErased(member)], NOW_MS)
    village.meet()
    assert all(name_of(one, 4) == NAME for one in (village.secretary, village.chairperson))
