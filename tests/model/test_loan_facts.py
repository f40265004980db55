"""What happened to a loan: who may answer for it, from which day it bears, how much is followed."""

from __future__ import annotations

from model import events as e
from model.book import Book
from model.journal import entry_page
from model.loan_facts import FACTS_EACH, FACTS_MAX, effective_day
from tests.model.apart import lent, told
from tests.model.laws import assert_balanced, assert_shown
from tests.model.test_lending import Lender
from tests.strategies import CONSTITUTION, Phone, Village, findings, share


def reasons(book: Book, entry: bytes) -> tuple[str, ...]:
    page = entry_page(book, entry.hex())
    assert page.status == "void"
    return page.reasons


def test_only_a_member_answers_for_a_loan_that_is_asked_for() -> None:
    village = Village()
    bought = village.secretary.record(share(village.members[1], 500))  # known, and no member
    asked = village.secretary.record(
        e.LoanApplied(
            1, 1, village.members[0], 400, "seed", 3, guarantors=(e.Guarantee(bought, 100),)
        )
    )
    book = told(village)
    assert reasons(book, asked) == ("unknown_reference",)
    assert book.loans.find(asked.hex()) is None


def test_who_never_answered_for_a_loan_brought_from_paper_is_not_called_on() -> None:
    village = Village()
    member, guarantor, _ = village.members
    loan = village.secretary.record(e.OpeningBalanceSet(member, "loan", 900, 1, "2026-01-01"))
    call = village.treasurer
    village.meet()
    early = call.record(e.GuaranteeCalled(loan, 1, 1, guarantor, 100))
    village.secretary.record(e.GuaranteeGiven(loan, guarantor, 100))
    village.meet()
    late = call.record(e.GuaranteeCalled(loan, 1, 1, guarantor, 100))
    book = told(village)
    assert reasons(book, early) == ("no_guarantor",)
    assert entry_page(book, late.hex()).status != "void"


def test_a_word_of_whom_it_concerns_moves_no_day() -> None:
    """The treasurer is the borrower: what others agreed to later bears from their day."""
    village = Lender()
    borrower = village.members[0]
    village.elect("treasurer", village.treasurer.person, borrower)
    village.meet()
    village.lend()
    village.open(2, "2026-02-07")
    asked = village.treasurer.record(e.LoanWaived(village.loan, 1, 1, "interest", 90))
    village.meet()
    village.open(3, "2026-03-07")
    for phone, session in ((village.chairperson, 2), (village.secretary, 3)):
        phone.record(e.ApprovalGiven(asked, 1, session))
        village.meet()
    book = told(village)
    page = entry_page(book, asked.hex())
    assert effective_day(book, asked.hex(), page, "") == "2026-03-07"
    assert_balanced(book)


def test_of_one_loan_so_many_facts_are_followed_whoever_wrote_them() -> None:
    """Treasurers follow one another while the group is founded; each floods the same loan."""
    founder = Phone("one phone", "Wanjiru")
    founder.record(e.GroupDescribed("Umoja", "KES", 2))
    founder.record(CONSTITUTION)
    founder.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
    member = founder.record(e.MemberAdded(1, "2026-01-01"))
    founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
    loan = founder.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
    written: list[bytes] = []
    for number in range(FACTS_MAX // FACTS_EACH + 1):
        treasurer = Phone(f"phone {number}", f"treasurer {number}")
        founder.record(e.OfficerElected("treasurer", treasurer.person))
        treasurer.learns_from(founder)
        written += [
            treasurer.record(e.LoanCharged(loan, 1, 1, "fee", 10, 1, number * FACTS_EACH + line))
            for line in range(1, FACTS_EACH + 1)
        ]
        founder.learns_from(treasurer)
    book = founder.book
    statuses = [entry_page(book, one.hex()).status for one in written]
    assert statuses[:FACTS_MAX] == ["counted"] * FACTS_MAX
    assert set(statuses[FACTS_MAX:]) == {"void"}
    assert reasons(book, written[-1]) == ("too_many",)
    assert_shown(book)


def test_one_who_writes_too_much_of_a_loan_silences_no_other() -> None:
    village = Village()
    loan = lent(village)
    flood = [
        village.treasurer.record(e.LoanCharged(loan, 1, 1, "fee", 1, 1, line))
        for line in range(1, FACTS_EACH + 3)
    ]
    village.meet()
    own = village.secretary.record(e.LoanCharged(loan, 1, 1, "fee", 7, 2))
    book = village.secretary.book
    assert [entry_page(book, one.hex()).status for one in flood].count("counted") == FACTS_EACH
    assert entry_page(book, own.hex()).status == "counted"
    assert not findings(book, "charge_misplaced")
