"""Opening balances: once, compared by two officers, corrected by reversal."""

from __future__ import annotations

import pytest

from model import events as e
from model.journal import FINES_DUE, balance
from tests.strategies import CONSTITUTION, Phone, Village, findings, savings


def opening(member: bytes, account: e.OpeningAccount, amount: int) -> e.OpeningBalanceSet:
    """A balance from before the books."""
    return e.OpeningBalanceSet(member, account, amount, amount // 100, "2026-01-01")


def test_the_founder_brings_balances_over_alone() -> None:
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    phone.record(CONSTITUTION)
    member = phone.record(e.MemberAdded(1, "2026-01-01"))
    phone.record(opening(member, "savings", 700))
    phone.record(opening(member, "voluntary", 90))
    phone.record(opening(b"", "box", 790))
    assert phone.codes() == []
    assert balance(phone.book, "2020", member.hex()) == -90
    assert balance(phone.book, "3090") == 0


def test_once_there_are_officers_a_second_one_agrees() -> None:
    village = Village()
    one = village.members[0]
    entry = village.secretary.record(opening(one, "savings", 700))
    village.meet()
    assert savings(village.book, one) == 700  # it counts meanwhile
    (asked,) = findings(village.book, "needs_word")
    assert asked.entries == (entry.hex(),)
    village.treasurer.record(e.ApprovalGiven(entry, 1, 1))
    assert not findings(village.treasurer.book, "needs_word")


def test_the_same_by_two_officers_corroborates_and_needs_no_further_word() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(opening(one, "savings", 700))
    village.treasurer.record(opening(one, "savings", 700))
    village.meet()
    assert savings(village.book, one) == 700
    assert findings(village.book, "corroborated")
    assert not findings(village.book, "needs_word")


@pytest.mark.parametrize("offset", [0, 300])
def test_a_second_one_of_another_amount_is_a_dispute(offset: int) -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.lamport += offset
    village.secretary.record(opening(one, "savings", 700))
    village.treasurer.record(opening(one, "savings", 500))
    village.meet()
    assert savings(village.book, one) == 700  # the record keeper's meanwhile
    assert findings(village.book, "disputed_amount")


def test_a_wrong_one_is_taken_back_and_set_anew() -> None:
    village = Village()
    one = village.members[0]
    wrong = village.secretary.record(opening(one, "fines", 700))
    village.meet()
    village.treasurer.record(e.EntryReversed(1, 1, wrong))
    village.meet()
    assert balance(village.book, FINES_DUE, one.hex()) == 0
    village.secretary.record(opening(one, "fines", 70))
    village.meet()
    assert balance(village.book, FINES_DUE, one.hex()) == 70
    assert not findings(village.book, "disputed_amount")


@pytest.mark.parametrize(
    ("member", "account"), [(True, "box"), (False, "savings"), (None, "savings")]
)
def test_a_balance_of_nobody_or_of_the_wrong_one_has_no_effect(
    member: bool | None, account: e.OpeningAccount
) -> None:
    village = Village()
    whose = {True: village.members[0], False: b"", None: bytes(17)}[member]
    village.secretary.record(opening(whose, account, 700))
    assert village.secretary.codes() == ["unknown_reference"]


def test_a_member_who_joins_later_brings_a_balance_that_two_compare_with_paper() -> None:
    village = Village()
    village.secretary.record(e.MeetingOpened(1, 2, "2026-01-14"))
    late = village.secretary.record(e.MemberAdded(9, "2026-01-14"))
    entry = village.secretary.record(opening(late, "savings", 400))
    village.meet()
    (told,) = findings(village.book, "late_opening")
    assert "compare" in told.sentence.casefold()
    assert savings(village.book, late) == 400
    village.chairperson.record(e.ApprovalGiven(entry, 1, 2))
    village.meet()
    assert not findings(village.book, "late_opening")
    assert not findings(village.book, "needs_word")
