"""A meeting as officers tell it, and everything they are refused with a sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.findings import list_findings
from model.journal import balance
from node import commands, desk
from node.commands import Context, Receipt, Terms
from node.errors import CommandRefused
from node.node import Node
from node.people import Details
from node.store import BookWriting, ErasedKey
from replication.control import DeviceEnrolled
from replication.outcome import Stored
from tests.node.phones import NOW_MS, enrolled, sync

TERMS = Terms("100", social_fund="20", interest_percent="10", fines={"late": "50"})


class Office:
    """An officer at a phone, in one group."""

    def __init__(self, node: Node, group: bytes) -> None:
        self.node = node
        self.group_id = group

    @property
    def at(self) -> Context:
        return Context(self.node, self.node.group(self.group_id), NOW_MS)

    def balance(self, account: str, member: str = "") -> int:
        group = self.node.group(self.group_id)
        subject = next((m.id.hex() for m in desk.members(group) if m.name == member), "")
        return balance(group.book, account, subject)


@pytest.fixture
def secretary(tmp_path: Path) -> Iterator[Office]:
    with Node.create(tmp_path / "s", "Secretary's phone") as node:
        group, sentence = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        assert "Umoja is founded" in sentence
        office = Office(node, group)
        commands.add_member(office.at, "Amina Otieno", "0712 345 678", joined_on="2026-01-01")
        commands.add_member(office.at, "Baraka", joined_on="2026-01-01")
        commands.open_meeting(office.at, "2026-01-07")
        yield office


def test_a_meeting_by_name(secretary: Office) -> None:
    at = secretary.at
    commands.mark_attendance(at, "Amina", "present")
    bought = commands.buy_shares(at, "Amina", "300")
    assert bought.sentence == (
        "Amina Otieno bought 3 shares for KES 300.00 in meeting 1 of cycle 1."
    )
    assert len(bought.code) == 10
    commands.pay_social(at, "2", "20")
    commands.levy_fine(at, "baraka", "late")
    commands.pay_fine(at, "Baraka", "50.00")
    assert secretary.balance("1010") == 35_000
    assert secretary.balance("1020") == 2_000
    assert secretary.balance("2010", "Amina Otieno") == -30_000


def test_a_loan_from_request_to_repayment(secretary: Office) -> None:
    at = secretary.at
    commands.buy_shares(at, "Amina", shares=5)
    commands.buy_shares(at, "Baraka", shares=1)
    commands.give_loan(at, "Baraka", "200", 2, "stock")
    assert secretary.balance("1010") == 40_000
    repaid = commands.repay_loan(at, "Baraka", "110")
    assert repaid.sentence.startswith("Baraka paid back KES 110.00")
    assert secretary.balance("1010") == 51_000
    assert secretary.balance("4010") < 0


def test_a_loan_step_by_step(secretary: Office) -> None:
    at = secretary.at
    commands.buy_shares(at, "Amina", shares=5)
    with pytest.raises(CommandRefused, match=r"may borrow KES 0\.00 at most: 3 times the savings"):
        commands.apply_for_loan(at, "Baraka", "200", 2)
    commands.buy_shares(at, "Baraka", shares=1)
    commands.apply_for_loan(at, "Baraka", "200", 2)
    with pytest.raises(CommandRefused, match="not approved yet"):
        commands.hand_over_loan(at, "Baraka")
    commands.approve_loan(at, "Baraka")
    commands.hand_over_loan(at, "Baraka")
    assert secretary.balance("1010") == 40_000


def test_a_second_payment_is_another_payment(secretary: Office) -> None:
    commands.buy_shares(secretary.at, "Amina", "100")
    commands.buy_shares(secretary.at, "Amina", "100")
    assert secretary.balance("1010") == 20_000


@pytest.mark.parametrize(
    ("member", "paid", "code"),
    [
        ("Amina", "150", "no_whole_shares"),
        ("Amina", "1,50", "bad_amount"),
        ("Amina", "0", "bad_amount"),
        ("Amina", "-100", "bad_amount"),
        ("Amina", "900", "cap_exceeded"),
        ("Chausiku", "100", "unknown_member"),
        ("7", "100", "unknown_member"),
        ("", "100", "unknown_member"),
    ],
)
def test_what_can_not_be_right_is_refused_and_nothing_is_recorded(
    secretary: Office, member: str, paid: str, code: str
) -> None:
    group = secretary.at.group
    before = (group.book.digest(), group.replica.heads)
    with pytest.raises(CommandRefused) as refused:
        commands.buy_shares(secretary.at, member, paid)
    assert refused.value.code == code
    assert str(refused.value).endswith((".", "--anyway.", "book"))
    assert (group.book.digest(), group.replica.heads) == before


def test_what_happened_against_a_rule_can_be_recorded_and_is_shown(secretary: Office) -> None:
    with pytest.raises(CommandRefused, match="below zero"):
        commands.pay_expense(secretary.at, "stationery", "40")
    commands.pay_expense(secretary.at._replace(anyway=True), "stationery", "40")
    assert secretary.balance("1010") == -4_000
    shown = list_findings(secretary.at.group.book)
    assert [(found.code, found.about) for found in shown] == [("overdrawn", "1010")]


def test_two_people_do_not_share_a_number_or_a_phone(secretary: Office) -> None:
    with pytest.raises(CommandRefused, match="Number 1 is Amina Otieno already"):
        commands.add_member(secretary.at, "Chausiku", number=1)
    with pytest.raises(CommandRefused, match="same person"):
        commands.add_member(secretary.at, "A. Otieno", "+254 712345678")


def test_names_travel_sealed_and_open_where_the_key_is(secretary: Office, tmp_path: Path) -> None:
    treasurer = enrolled(tmp_path / "t", secretary.node, secretary.group_id)
    sync(secretary.node, treasurer, secretary.group_id)
    people = treasurer.group(secretary.group_id).people
    assert sorted(details.name for details in people.names().values()) == [
        "Amina Otieno",
        "Baraka",
    ]
    commands.set_details(secretary.at, "Baraka", "Baraka Mwangi", "0733 000 000")
    sync(secretary.node, treasurer, secretary.group_id)
    assert "Baraka Mwangi" in {details.name for details in people.names().values()}
    log = b"".join(
        event for one in treasurer.store.chains(1).everything() for event in one.change.events
    )
    assert b"Amina" not in log
    assert b"345" not in log
    treasurer.close()


def test_what_a_phone_without_an_office_says_of_a_member_is_not_shown(
    secretary: Office, tmp_path: Path
) -> None:
    stranger = Node.create(tmp_path / "x", "Somebody's phone")
    enrolment = DeviceEnrolled(stranger.device, b"x" * 16, "write", "Somebody's phone")
    secretary.node.enrol(secretary.group_id, enrolment, NOW_MS)
    stranger.join(secretary.group_id, "Umoja")
    sync(secretary.node, stranger, secretary.group_id)
    group = stranger.group(secretary.group_id)
    amina = desk.member(group, "Amina").id
    draft = group.people.seal(amina, Details("Mwizi", ""))
    stranger.append(group.id, [draft.event], NOW_MS, draft.keys)
    sync(secretary.node, stranger, secretary.group_id)
    assert {one.name for one in desk.members(secretary.at.group)} == {"Amina Otieno", "Baraka"}
    stranger.close()


def test_a_member_whose_key_was_erased_is_a_number(secretary: Office) -> None:
    group = secretary.at.group
    row = group.store.sealed_people(1)[0]
    gone = ErasedKey(row.member, row.key_id, destroyed=True)
    group.store.commit(group.row.group_no, Stored(), BookWriting(erased=[gone]))
    before = group.book.digest()
    secretary.node.close()
    with Node.open(secretary.node.home.path) as again:
        reread = again.group(secretary.group_id)
        numbers = {m.number: m.name for m in desk.members(reread)}
        assert "" in numbers.values()
        assert reread.book.digest() == before
        erased = next(m for m in desk.members(reread) if not m.name)
        assert reread.people.name_of(erased.id, erased.number) == f"member {erased.number}"


def test_a_closed_meeting_takes_nothing_more_unless_it_happened(secretary: Office) -> None:
    commands.buy_shares(secretary.at, "Amina", "100")
    commands.close_meeting(secretary.at)
    with pytest.raises(CommandRefused, match="No meeting is open"):
        commands.buy_shares(secretary.at, "Baraka", "100")
    there = secretary.at._replace(meeting=(1, 1))
    with pytest.raises(CommandRefused, match="closed without it"):
        commands.buy_shares(there, "Baraka", "100")
    late: Receipt = commands.buy_shares(there._replace(anyway=True), "Baraka", "100")
    assert secretary.balance("2010", "Baraka") == 0
    assert late.step.changes == 1


def test_a_receipt_is_found_as_it_was_read_out(secretary: Office) -> None:
    bought = commands.buy_shares(secretary.at, "Amina", "100")
    commands.buy_shares(secretary.at, "Baraka", "100")
    group = secretary.at.group
    for said in (bought.code, bought.code.lower().replace("0", "o"), bought.entries[0].hex()):
        assert desk.entry(group, said)[0] == bought.entries[0]
    given = commands.give_loan(secretary.at, "Amina", "100")
    assert desk.entry(group, f"{given.code}-2")[1].kind == "loan.disbursed"
    for said in ("", "ABC", "0000000000", f"{bought.code}-7", f"{bought.code}-x", "-", "u" * 34):
        with pytest.raises(CommandRefused, match="No entry has the receipt"):
            desk.entry(group, said)


def test_nobody_reverses_an_own_entry(secretary: Office, tmp_path: Path) -> None:
    bought = commands.buy_shares(secretary.at, "Amina", "100")
    with pytest.raises(CommandRefused, match="Another officer"):
        commands.reverse(secretary.at, bought.code, "typing mistake")
    treasurer = Office(
        enrolled(tmp_path / "t", secretary.node, secretary.group_id), secretary.group_id
    )
    commands.reverse(treasurer.at, bought.code, "typing mistake")
    assert treasurer.balance("1010") == 0
    treasurer.node.close()
