"""A journal entry: one recorded fact as postings that sum to zero.

Amounts follow the sign convention of Beancount and hledger: positive is a debit, negative a
credit, so the lines of every entry add up to zero.
"""

from typing import NamedTuple

from model.money import Minor


class Line(NamedTuple):
    """One posting; `subject` names the member or loan where the account has a sub-ledger.

    None and the empty text both mean that it has none.
    """

    account_code: str
    subject: str | None
    amount_minor: Minor


class JournalEntry(NamedTuple):
    """`id` is the receipt code or entry id as text, `date` ISO, `meeting` e.g. `1/12` or empty."""

    id: str
    date: str
    narration: str
    meeting: str
    lines: tuple[Line, ...]
