"""Sub-ledgers prove their control account, and a running balance never jumps."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.accounts import CHART
from model.days import add_days
from model.journal_entry import JournalEntry, Line
from model.reckoning.accounts_statements import trial_balance
from model.reckoning.movements import StatementError
from model.reckoning.subledgers import prove_subledgers, running_balance

FIRST = "2026-01-05"
KEPT_BY = sorted(account.code for account in CHART if account.subledger)


def posted(name: str, day: str, code: str, subject: str | None, amount: int) -> JournalEntry:
    return JournalEntry(
        name, day, name, "", (Line("1010", None, -amount), Line(code, subject, amount))
    )


LENT = [
    posted("a", "2026-01-05", "1100", "loan1", 600),
    posted("b", "2026-01-12", "1100", "loan2", 400),
    posted("c", "2026-01-19", "1100", "loan1", -150),
    posted("d", "2026-01-26", "1100", "loan2", -400),
]


def test_the_loans_prove_their_account() -> None:
    (proof,) = prove_subledgers(LENT, "2026-01-19", {"1100": {"loan1": 450, "loan2": 400}})
    assert proof.holds
    assert (proof.control_minor, proof.subledger_minor) == (850, 850)
    assert proof.subjects == (("loan1", 450), ("loan2", 400))


def test_a_loan_that_is_kept_otherwise_is_named() -> None:
    (proof,) = prove_subledgers(LENT, "2026-01-31", {"1100": {"loan1": 460, "loan3": 10}})
    assert not proof.holds
    assert proof.differences == (("loan1", 450, 460), ("loan3", 0, 10))


def test_what_is_nobodys_is_named() -> None:
    (proof,) = prove_subledgers([*LENT, posted("e", FIRST, "1100", None, 5)], "2026-01-31")
    assert not proof.holds
    assert (proof.control_minor, proof.without_subject_minor) == (455, 5)


def test_only_an_account_that_is_kept_by_member_or_loan_can_be_compared() -> None:
    with pytest.raises(StatementError, match="1010"):
        prove_subledgers(LENT, "2026-01-31", {"1010": {}})
    with pytest.raises(StatementError, match="no account"):
        running_balance(LENT, "9999", None, FIRST, FIRST)


def test_a_statement_of_one_loan() -> None:
    rows = running_balance(LENT, "1100", "loan1", "2026-01-06", "2026-01-31")
    assert [(row.entry.id, *row[1:]) for row in rows] == [("c", 600, -150, 450)]


def test_what_members_hold_is_shown_above_zero() -> None:
    saved = posted("s", FIRST, "2010", "m1", -500)
    (row,) = running_balance([saved], "2010", "m1", FIRST, FIRST)
    assert row[1:] == (0, 500, 500)


postings = st.lists(
    st.builds(
        posted,
        st.text("abc", min_size=1),
        st.integers(0, 20).map(lambda n: add_days(FIRST, n)),
        st.sampled_from(KEPT_BY),
        st.sampled_from([None, "m1", "m2", "m3"]),
        st.integers(-(2**53), 2**53),
    ),
    max_size=15,
)


@given(entries=postings, last=st.integers(0, 20).map(lambda n: add_days(FIRST, n)))
def test_each_proof_agrees_with_the_trial_balance(entries: list[JournalEntry], last: str) -> None:
    trial = {row.account: row.closing_minor for row in trial_balance(entries, FIRST, last).rows}
    for proof in prove_subledgers(entries, last):
        assert proof.control_minor == trial.get(proof.account, 0)
        assert proof.control_minor == proof.subledger_minor + proof.without_subject_minor
        assert proof.subledger_minor == sum(amount for _, amount in proof.subjects)


@given(entries=postings, first=st.integers(0, 20), code=st.sampled_from(KEPT_BY))
def test_a_running_balance_never_jumps_and_ends_where_the_account_does(
    entries: list[JournalEntry], first: int, code: str
) -> None:
    day, last = add_days(FIRST, first), add_days(FIRST, 20)
    whole = trial_balance(entries, day, last, empty=True)
    (account,) = [row for row in whole.rows if row.account.code == code]
    sign = 1 if account.account.normal_side == "debit" else -1
    rows = running_balance(entries, code, None, day, last)
    for row, after in pairwise(rows):
        assert row.after_minor == after.before_minor
    assert all(row.before_minor + row.amount_minor == row.after_minor for row in rows)
    if rows:
        assert rows[0].before_minor == sign * account.opening_minor
        assert rows[-1].after_minor == sign * account.closing_minor
