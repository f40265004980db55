"""Expenses and transfers: what they post, whose money it was, and what happens once."""

from model import events as e
from model.journal import balance, entry_page
from tests.strategies import Phone, Village, findings


def test_an_expense_is_the_loan_funds_loss() -> None:
    village = Village()
    village.treasurer.record(e.ExpensePaid(1, 1, "stationery", 400, payee="Duka la Juma"))
    book = village.book
    assert (balance(book, "5010"), balance(book, "1010")) == (400, -400)
    assert not findings(book, "needs_word")


def test_an_expense_of_the_social_fund_lowers_that_fund() -> None:
    village = Village()
    amina = village.members[0]
    village.secretary.record(e.SocialContributed(1, 1, amina, 900))
    village.treasurer.record(
        e.ExpensePaid(1, 1, "transport", 400, "social", payee="taxi", fund="social_fund")
    )
    book = village.book
    assert (balance(book, "3010"), balance(book, "1020"), balance(book, "5010")) == (-500, 500, 0)


def test_officers_who_differ_about_whose_expense_it_was_are_in_dispute() -> None:
    for social_first in (True, False):
        village = Village()
        deputy = Phone("the treasurer's old phone", "Otieno")
        village.phones.append(deputy)
        village.meet()
        funds: tuple[e.Fund, ...] = ("social_fund", "loan_fund")
        for phone, fund in zip(
            (village.treasurer, deputy), funds if social_first else funds[::-1], strict=True
        ):
            phone.record(e.ExpensePaid(1, 1, "food", 300, fund=fund))
        assert len(findings(village.book, "disputed_amount")) == 1
        assert (balance(village.book, "1010"), balance(village.book, "5010")) == (-300, 300)


def test_the_constitution_can_ask_for_a_word_on_money_that_was_spent() -> None:
    village = Village()
    asks = {"expense.paid": 2, "transfer.made": 2}
    terms = e.ConstitutionAdopted(
        2, share_value_minor=100, approvals=asks, approval_limit_minor=300
    )
    proposal = village.secretary.record(e.ConstitutionProposed(terms))
    village.meet()
    for phone in (village.treasurer, village.chairperson):
        phone.record(e.ApprovalGiven(proposal, 1, 1))
    village.meet()
    fields = {name: getattr(terms, name) for name in terms.__struct_fields__}
    village.secretary.record(e.ConstitutionAdopted(**{**fields, "proposal": proposal}))
    village.meet()
    small = village.treasurer.record(e.ExpensePaid(1, 1, "food", 299))
    large = village.treasurer.record(e.ExpensePaid(1, 1, "rent", 300))
    moved = village.treasurer.record(e.TransferMade(1, 1, "box", "bank", 500))
    book = village.book
    assert balance(book, "1010") == -1099  # it is gone, whoever agrees
    asked = {finding.about for finding in findings(book, "needs_word")}
    assert asked == {large.hex(), moved.hex()}
    assert small.hex() not in asked
    village.meet()
    village.chairperson.record(e.ApprovalGiven(large, 1, 1))
    assert {finding.about for finding in findings(village.book, "needs_word")} == {moved.hex()}


def test_nothing_moves_from_a_pocket_to_itself() -> None:
    village = Village()
    moved = village.treasurer.record(e.TransferMade(1, 1, "box", "box", 500))
    book = village.book
    assert entry_page(book, moved.hex()).status == "void"
    assert balance(book, "1010") == 0
    assert [finding.weight for finding in findings(book, "same_pocket")] == ["task"]


def test_a_bank_slip_counts_once_however_it_is_typed() -> None:
    village = Village()
    village.treasurer.record(e.TransferMade(1, 1, "box", "bank", 500, 1, "slip/ 7"))
    village.treasurer.record(e.TransferMade(1, 2, "box", "bank", 500, 2, "SLIP/7 "))
    assert balance(village.book, "1030") == 500
    village.treasurer.record(e.TransferMade(1, 2, "box", "bank", 500, 2))
    assert balance(village.book, "1030") == 1000
