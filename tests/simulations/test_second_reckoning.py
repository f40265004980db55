"""The book against a second reckoning that shares nothing with it but the facts; and its own laws.

Seasons come from a seed; when one fails, what is shown is the smallest season that still fails. The
same seasons are played on every run, so that a change is judged by itself; `python -m
simulations.compare --seeds 0-999` plays any others.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from model import events as e
from model.accounts import ACCOUNTS
from model.book import Book
from model.entry import Entry, order_key
from model.export import Money, closing_balances, to_beancount, to_hledger
from model.history import journal
from model.reducer import apply, fold, undo
from model.timeline import Timeline
from simulations.compare import differences
from simulations.seasons import Season
from simulations.smallest import smallest, story
from tests.accounting_programs import bean_check, hledger_complains
from tests.model.laws import another_order, everything, totals

KES = Money("KES", 2)
AS_PLAYED = (Phase.explicit, Phase.reuse, Phase.generate)  # `smallest` makes a failure small


def play(seed: int, mess: int, meetings: int = 3, **more: Any) -> list[Entry]:
    return Season(random.Random(seed), meetings=meetings, mess=mess, **more).play()


seeds = st.integers(0, 2**32)
seasons = st.builds(
    play,
    seeds,
    st.sampled_from((0, 15, 30, 60)),
    st.integers(1, 4),
    phones=st.integers(3, 5),
    cycles=st.integers(1, 2),
    stopped=st.booleans(),
)


def assert_holds(entries: list[Entry], fails: Callable[[list[Entry]], object]) -> None:
    """Nothing is wrong; or else tell the shortest story in which it is."""
    if fails(entries):
        short = smallest(entries, lambda fewer: bool(fails(fewer)))
        pytest.fail(f"{fails(short)}\n{story(short)}")


@settings(max_examples=60, deadline=None, phases=AS_PLAYED, derandomize=True)
@given(seeds, st.integers(1, 4), st.integers(1, 2))
def test_a_season_without_mistakes_is_reckoned_alike(seed: int, meetings: int, cycles: int) -> None:
    assert_holds(play(seed, 0, meetings, cycles=cycles), differences)


@pytest.mark.parametrize("seed", range(4))
def test_two_long_years_without_mistakes_are_reckoned_alike(seed: int) -> None:
    assert_holds(play(seed, 0, meetings=5, cycles=2, deeds_a_meeting=35), differences)


@settings(max_examples=100, deadline=None, phases=AS_PLAYED, derandomize=True)
@given(seeds, st.sampled_from((10, 30, 60)), st.integers(3, 5), st.integers(0, 100))
def test_a_season_of_mistakes_is_reckoned_alike_at_every_moment(
    seed: int, mess: int, phones: int, percent: int
) -> None:
    entries = play(seed, mess, phones=phones, deeds_a_meeting=20)
    assert_holds(entries, differences)
    assert_holds(entries[: len(entries) * percent // 100], differences)


@settings(max_examples=60, deadline=None, phases=AS_PLAYED, derandomize=True)
@given(seeds, st.sampled_from((10, 30, 60)), st.integers(3, 5), st.integers(0, 100))
def test_a_season_in_which_a_phone_is_lost_is_reckoned_alike_at_every_moment(
    seed: int, mess: int, phones: int, percent: int
) -> None:
    entries = play(seed, mess, phones=phones, cycles=1 + seed % 2, stopped=True)
    assert_holds(entries, differences)
    assert_holds(entries[: len(entries) * percent // 100], differences)


def subledgers(book: Book) -> list[str]:
    """What is wrong between the sub-ledgers, the journal and the accounts they belong to."""
    control: Counter[str] = Counter()
    for posted in journal(book):
        for line in posted.lines:
            control[line.account_code] += line.amount_minor
    known = {
        "member": {name for name, _ in book.members.rows()},
        "loan": {name for name, _ in book.loans.rows()},
        None: {""},
    }
    wrong = []
    parts: Counter[str] = Counter()
    for (code, subject), minor in book.accounts.rows():
        if code in ACCOUNTS:
            parts[code] += minor
            if subject not in known[ACCOUNTS[code].subledger]:
                wrong.append(f"{code} is kept by {subject!r}")
    wrong += [
        f"{code}: {parts[code]} by its parts, {control[code]} in the journal"
        for code in sorted({*parts, *control})
        if parts[code] != control[code]
    ]
    return wrong


@settings(max_examples=40, deadline=None)
@given(seasons)
def test_every_prefix_balances(entries: list[Entry]) -> None:
    book = Book()
    for entry in sorted(entries, key=order_key):
        apply(book, entry)
        sums = [minor for (code, _), minor in book.accounts.rows() if code in ACCOUNTS]
        assert sum(sums) == 0
    for _, page in book.entries.rows():
        assert sum(line[2] for line in page.lines if line[0] in ACCOUNTS) == 0, page.kind


@settings(max_examples=40, deadline=None, phases=AS_PLAYED, derandomize=True)
@given(seasons, st.integers(0, 100))
def test_subledgers_add_up_to_their_accounts_and_to_the_journal(
    entries: list[Entry], percent: int
) -> None:
    assert_holds(entries, lambda some: subledgers(fold(some)))
    assert subledgers(fold(entries[: len(entries) * percent // 100])) == []


@settings(max_examples=40, deadline=None)
@given(seasons, seeds)
def test_two_orders_of_delivery_give_one_book(entries: list[Entry], seed: int) -> None:
    chance = random.Random(seed)
    expected = fold(entries).digest()
    shuffled = chance.sample(entries, len(entries))
    assert fold(shuffled).digest() == expected
    timeline = Timeline()
    while shuffled:
        size = chance.randint(1, 40)
        timeline.advance(shuffled[:size])
        shuffled = shuffled[size:]
    assert timeline.book.digest() == expected


@settings(max_examples=20, deadline=None)
@given(seasons, st.integers(0, 100))
def test_what_is_undone_and_done_again_is_the_same(entries: list[Entry], percent: int) -> None:
    ordered = sorted(entries, key=order_key)
    kept = len(ordered) * percent // 100
    book = Book()
    for entry in ordered[:kept]:
        apply(book, entry)
    before = everything(book)
    steps = [json.loads(json.dumps(apply(book, entry))) for entry in ordered[kept:]]
    assert everything(book) == everything(fold(entries))
    for step in reversed(steps):
        undo(book, step)
    assert everything(book) == before


@settings(max_examples=30, deadline=None)
@given(seasons, seeds)
def test_no_rule_reads_a_clock(entries: list[Entry], seed: int) -> None:
    chance = random.Random(seed)
    scrambled = [entry._replace(time_ms=chance.randrange(2**42)) for entry in entries]
    assert fold(scrambled).digest() == fold(entries).digest()


@settings(max_examples=40, deadline=None)
@given(seasons, seeds)
def test_no_money_depends_on_which_of_two_came_first(entries: list[Entry], seed: int) -> None:
    """But for the name of a loan that two officers asked for: the first word gives it that."""
    other = another_order(entries, random.Random(seed).randrange)
    assert totals(fold(other)) == totals(fold(entries))


# Judges from outside


def outside(entries: list[Entry]) -> tuple[str, str]:
    posted = tuple(journal(fold(entries)))
    balances = closing_balances(posted)
    return (
        to_beancount(posted, KES, balances, "Umoja"),
        to_hledger(posted, KES, balances, "Umoja"),
    )


@cache
def year(seed: int) -> list[Entry]:
    return play(seed, 30, meetings=5, cycles=2, deeds_a_meeting=35)


YEARS = (1, 2, 12)
JUDGED: list[Callable[[], list[Entry]]] = [
    *(partial(year, seed) for seed in YEARS),
    partial(play, 1, 0),
    partial(play, 2, 60),
]


@pytest.mark.parametrize("season", JUDGED, ids=range(len(JUDGED)))
def test_bean_check_accepts_seasons(tmp_path: Path, season: Callable[[], list[Entry]]) -> None:
    assert bean_check(tmp_path, outside(season())[0]) == ""


@pytest.mark.parametrize("season", JUDGED, ids=range(len(JUDGED)))
def test_hledger_accepts_seasons(hledger: str, season: Callable[[], list[Entry]]) -> None:
    assert hledger_complains(hledger, outside(season())[1]) == ""


def test_seasons_hold_every_kind_of_money() -> None:
    """A kind that no season ever records is a kind that nobody checks."""
    told = {type(entry.event) for seed in YEARS for entry in year(seed)}
    assert {kind.__name__ for kind in MONEY - told} == set()


def test_the_same_seed_plays_the_same_season() -> None:
    assert play(5, 30) == play(5, 30)
    assert play(5, 30) != play(6, 30)


MONEY: frozenset[type[e.Event]] = frozenset(
    {
        *(e.SharePurchased, e.SavingsDeposited, e.SavingsWithdrawn, e.SocialContributed),
        *(e.SocialPaidOut, e.FineLevied, e.FinePaid, e.FineWaived, e.ClaimPaid, e.DebtCollected),
        *(e.LoanApproved, e.LoanDisbursed, e.LoanRepaid, e.LoanCharged, e.LoanWaived),
        *(e.LoanRescheduled, e.LoanWrittenOff, e.LoanRecovered, e.ExpensePaid, e.TransferMade),
        *(e.FundingReceived, e.FundingRepaid, e.InvestmentBought, e.InvestmentPaid),
        *(e.InvestmentSold, e.PaymentReceived, e.PaymentMatched, e.WithdrawalPaid),
        *(e.FundingReleased, e.PayoutResult, e.VariancePosted),
        *(e.MemberExited, e.MemberMerged, e.OpeningBalanceSet, e.EntryReversed),
        *(e.DividendDeclared, e.TaxPaid, e.SurplusMoved, e.RotationPaidIn, e.RotationPaidOut),
        *(e.ShareoutConfirmed, e.CycleClosed),
    }
)
