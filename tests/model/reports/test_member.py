"""A member's statement: every row begins where the one before it ended, and ends at the book."""

from typing import Any

import pytest
from hypothesis import given, settings

from model import events as e
from model.journal import FINES_DUE, SHARES, balance
from model.reducer import fold
from model.reports.member import holdings, member_statement
from model.reports.periods import parse_period
from model.reports.reading import read
from tests.model.reports.season import Season
from tests.strategies import histories

EVER = parse_period("1900-01-01..2199-12-31")


def test_a_statement_by_hand() -> None:
    season = Season()
    found = member_statement(read(season.book), season.members[0].hex(), parse_period("2026-02"))
    assert (found["opening"]["holds_minor"], found["opening"]["owes_minor"]) == (500, 600)
    rows = [
        (row["what"], row["amount_minor"], row["net_before_minor"], row["net_after_minor"])
        for row in found["rows"]
    ]
    # Of 260 repaid 60 are interest: what is owed falls by 200.
    assert rows == [("repayment", 260, -100, 100), ("share purchase", 200, 100, 300)]
    assert (found["closing"]["holds_minor"], found["closing"]["owes_minor"]) == (700, 400)
    assert found["closing"]["social_minor"] == 20


def test_what_a_member_owes_now_with_interest_and_for_others() -> None:
    season = Season()
    own = holdings(read(season.book), season.members[0].hex())
    # Two of three instalments of 260 are left; 400 of them are principal.
    assert (own["owes_minor"], own["to_pay_minor"]) == (400, 520)
    assert [loan["principal_outstanding_minor"] for loan in own["loans"]] == [400]
    season.secretary.record(e.GuaranteeGiven(season.loan, season.members[1], 150))
    season.meet()
    (guarantee,) = holdings(read(season.book), season.members[1].hex())["guarantees"]
    assert (guarantee["for"], guarantee["amount_minor"]) == (season.members[0].hex(), 150)


def test_two_names_of_one_person_have_one_statement() -> None:
    season = Season()
    merge = season.secretary.record(
        e.MemberMerged(season.members[0], season.members[4], 1, 2, "twice")
    )
    season.meet()
    season.chairperson.record(e.ApprovalGiven(merge, 1, 2))
    season.meet()
    kept = next(page.merged_into for _, page in season.book.members.rows() if page.merged_into)
    found = member_statement(read(season.book), kept, EVER)
    assert (found["closing"]["holds_minor"], found["closing"]["owes_minor"]) == (700, 400)
    assert len([row for row in found["rows"] if row["kind"] == "share.purchased"]) == 2


def test_both_ends_of_the_days_are_inside() -> None:
    season = Season()
    days = parse_period("2026-01-07..2026-02-11")
    found = member_statement(read(season.book), season.members[0].hex(), days)
    assert [row["day"] for row in found["rows"]][:: len(found["rows"]) - 1] == [
        "2026-01-07",
        "2026-02-11",
    ]
    before = parse_period("2026-01-08..2026-02-10")
    assert member_statement(read(season.book), season.members[0].hex(), before)["rows"] == []


def test_help_from_the_social_fund_is_shown_and_is_no_debt() -> None:
    season = Season()
    found = member_statement(read(season.book), season.members[3].hex(), EVER)
    assert [row["social_change_minor"] for row in found["rows"]] == [0, 20, -30]
    assert found["closing"]["owes_minor"] == 0
    assert found["closing"]["social_minor"] == -10


def test_a_reversal_has_a_row_of_its_own() -> None:
    season = Season()
    purchase = season.treasurer.record(e.SharePurchased(1, 2, season.members[4], 1, 100))
    season.meet()
    season.secretary.record(e.EntryReversed(1, 2, purchase, "not paid"))
    season.meet()
    found = member_statement(read(season.book), season.members[4].hex(), EVER)
    assert found["closing"]["holds_minor"] == 0


def test_a_stranger_has_no_statement() -> None:
    with pytest.raises(LookupError, match="no such member"):
        member_statement(read(Season().book), "00", EVER)
    with pytest.raises(LookupError, match="no such member"):
        holdings(read(Season().book), "00")


@settings(deadline=None)
@given(histories())
def test_rows_join_and_end_at_the_balances_of_the_book(entries: list[Any]) -> None:
    book = fold(entries)
    reading = read(book)._replace(withheld=False)
    for member, _ in book.members.rows():
        found = member_statement(reading, member, EVER)
        state = {"holds": 0, "owes": 0}
        for row in found["rows"]:
            for side, before in state.items():
                assert row[f"{side}_before_minor"] == before
                state[side] = row[f"{side}_after_minor"]
            assert row["net_after_minor"] == state["holds"] - state["owes"]
        closing = found["closing"]
        assert (closing["holds_minor"], closing["owes_minor"]) == (state["holds"], state["owes"])
        assert closing.items() <= holdings(reading, member).items()
        shown = {row["account"]: row for row in closing["accounts"] if row["subject"] == member}
        for account, sign in (("2010", -1), ("2030", -1), (FINES_DUE, 1)):
            kept = shown.get(account, {"balance_minor": 0})["balance_minor"]
            assert kept == sign * balance(book, account, member)
        assert shown.get(SHARES, {"shares": 0})["shares"] == balance(book, SHARES, member)
