"""The social fund: what comes in, and help that says to whom and why."""

from __future__ import annotations

import pytest

from model import events as e
from model.journal import balance
from tests.strategies import Village, findings


@pytest.mark.parametrize(
    ("to_member", "payee", "reason", "told"),
    [
        (True, "", "illness", ""),
        (False, "The school", "fees", ""),
        (True, "", " ", "why"),
        (False, "The school", "", "why"),
        (False, " ", "fees", "to whom"),
    ],
)
def test_help_says_to_whom_and_why(to_member: bool, payee: str, reason: str, told: str) -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.SocialContributed(1, 1, one, 500))
    village.meet()
    whom = one if to_member else b""
    event = e.SocialPaidOut(1, 1, whom, 100, reason, 1, "social", payee)
    village.treasurer.record(event)
    book = village.treasurer.book
    assert balance(book, "3010") == -400  # the money is gone either way
    sentences = [finding.sentence for finding in findings(book, "help_unexplained")]
    assert bool(sentences) is bool(told)
    assert all(f"does not say {told}" in sentence for sentence in sentences)


def test_help_for_a_stranger_to_the_books_has_no_effect() -> None:
    village = Village()
    village.treasurer.record(e.SocialPaidOut(1, 1, bytes(17), 100, "ill"))
    assert village.treasurer.codes() == ["unknown_reference"]


def test_the_fund_below_zero_is_told_and_ends() -> None:
    village = Village()
    one = village.members[0]
    village.treasurer.record(e.SocialPaidOut(1, 1, one, 100, "ill"))
    assert len(findings(village.treasurer.book, "overdrawn")) == 2  # the box and the fund
    village.treasurer.record(e.SocialContributed(1, 1, one, 100))
    assert not findings(village.treasurer.book, "overdrawn")
