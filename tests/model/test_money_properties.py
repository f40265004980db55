"""Whatever officers write about the group's own money: one book, balanced, nobody wins by order.

Villages in which two officers fund, invest, receive, match, ask, pay and take back at random.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry, order_key
from model.findings import list_findings
from model.funding import derive_funding, is_owed, outstanding_minor
from model.funds_view import funds_view
from model.investments import cost_left_minor, derive_investment
from model.payouts import derive_payouts
from model.receipts import derive_receipt
from model.reducer import apply, fold, undo
from model.reserves import reserves
from model.timeline import Timeline
from tests.strategies import Phone, Village, sums

Move = tuple[int, str, int, int, int]
"""Who, what, which of the things known, which amount, which line or reference."""

AMOUNTS = (100, 100, 200, 500)
REFERENCES = ("QX1", " qx1", "QX2", "")
_DAYS = ("2026-01-05", "2026-01-07", "2026-02-01")


def _maker(phone: Phone, which: int, amount: int, line: int) -> dict[str, Callable[[], e.Event]]:
    """An event of each kind about the `which`-th thing that the phone knows, or about nothing."""

    def known(*kinds: type[e.Event]) -> bytes:
        names = sorted(key for key, entry in phone.known.items() if isinstance(entry.event, kinds))
        return names[which % len(names)] if names and which < 5 else bytes(17)

    member, day, at = known(e.MemberAdded), _DAYS[which % 3], (1, 1 + (which == 4))
    reference = REFERENCES[line % 4]
    loans: Any = ("loan", "grant", "conditional_grant")[which % 3]
    purposes: Any = ("savings", "expense", "social")[which % 3]
    statuses: Any = ("success", "success", "failed", "unknown")[which % 4]
    outcomes: Any = ("written_off", "condition_met")[which % 2]
    asked = known(e.WithdrawalRequested)
    entry = known(e.SharePurchased, e.FundingReceived, e.LoanRepaid, e.InvestmentPaid)
    anything = known(
        *(e.FundingReceived, e.FundingPromised, e.InvestmentBought, e.InvestmentSold),
        *(e.PaymentReceived, e.PaymentMatched, e.WithdrawalPaid, e.PayoutResult),
        *(e.WithdrawalRequested, e.SharePurchased, e.EntryReversed, e.FundingReleased),
    )
    source: Any = ("", "receipts")[which % 2]
    return {
        "partner": lambda: e.PartnerSet(b"", "Tujenge", "ngo", verified=which % 2 == 0),
        "promise": lambda: e.FundingPromised(b"", "Tujenge", loans, amount, line=1),
        "funded": lambda: e.FundingReceived(
            known(e.FundingPromised), *at, amount, line, "mobile", reference
        ),
        "funded back": lambda: e.FundingRepaid(known(e.FundingPromised), *at, amount, 5, line),
        "released": lambda: e.FundingReleased(
            known(e.FundingPromised), *at, outcomes, amount, line
        ),
        "buy": lambda: e.InvestmentBought(*at, "stocks", "KenGen", amount, line),
        "value": lambda: e.InvestmentValued(known(e.InvestmentBought), amount, day),
        "income": lambda: e.InvestmentPaid(known(e.InvestmentBought), *at, amount, line, "mobile"),
        "sell": lambda: e.InvestmentSold(known(e.InvestmentBought), *at, 100, amount, line),
        "share": lambda: e.SharePurchased(*at, member, 1, amount, line, "mobile", source),
        "receipt": lambda: e.PaymentReceived(
            "mpesa", reference or "QX3", amount, day, *at, fee_minor=which
        ),
        "match": lambda: e.PaymentMatched(known(e.PaymentReceived), entry, *at),
        "state": lambda: e.Reconciled("mobile", day, amount, *at),
        "ask": lambda: e.WithdrawalRequested(*at, amount, purposes, member, expires_on=day),
        "cancel": lambda: e.WithdrawalCancelled(asked, *at),
        "agree": lambda: e.ApprovalGiven(known(e.WithdrawalRequested, e.FundingReleased), *at),
        "decline": lambda: e.RequestDeclined(asked, *at),
        "paid": lambda: e.WithdrawalPaid(asked, *at),
        "attempt": lambda: e.PayoutAttempted(asked, f"P{line}", "mpesa", *at),
        "answer": lambda: e.PayoutResult(asked, f"P{line}", statuses, *at),
        "reverse": lambda: e.EntryReversed(*at, anything, "mistake"),
        "close": lambda: e.MeetingClosed(*at, ()),
        "open": lambda: e.MeetingOpened(*at, day),
    }


KINDS = sorted(_maker(Phone("nobody", "nobody"), 0, 1, 1))
OFTEN = [*KINDS, "receipt", "match", "funded", "share", "reverse", "reverse", "ask", "agree"]


def moves(most: int, kinds: Sequence[str] = OFTEN) -> st.SearchStrategy[list[Move]]:
    choices = (st.integers(0, 2), st.sampled_from(kinds), st.integers(0, 5))
    return st.lists(st.tuples(*choices, st.sampled_from(AMOUNTS), st.integers(1, 3)), max_size=most)


def write(phone: Phone, move: Move) -> None:
    _, kind, which, amount, line = move
    phone.record(_maker(phone, which, amount, line)[kind]())


def village_after(story: Iterable[Move]) -> Village:
    """Officers who write one after the other; they sync before every third move or so."""
    village = Village()
    for move in story:
        phone = village.phones[move[0]]
        if move[4] == 1:
            village.meet()
        write(phone, move)
    return village


def everything(book: Book) -> dict[str, dict[str, bytes]]:
    return {
        name: {table.key_text(key): table.dump(page) or b"" for key, page in table.rows()}
        for name, table in book.tables.items()
    }


@settings(max_examples=80, deadline=None)
@given(moves(30), st.randoms(use_true_random=False), st.integers(1, 9))
def test_any_order_of_arrival_gives_the_same_book(story: list[Move], chance: Any, cut: int) -> None:
    entries = village_after(story).entries
    expected = fold(entries)
    shuffled = list(entries)
    chance.shuffle(shuffled)
    timeline = Timeline()
    for first in range(0, len(shuffled), cut):
        timeline.advance(shuffled[first : first + cut])
    assert everything(timeline.book) == everything(expected)


@settings(max_examples=60, deadline=None)
@given(moves(30))
def test_every_prefix_balances_and_is_undone_to_the_byte(story: list[Move]) -> None:
    book, steps = Book(), []
    entries: list[Entry] = sorted(village_after(story).entries, key=order_key)
    for entry in entries:
        before = everything(book)
        steps.append((before, json.loads(json.dumps(apply(book, entry)))))
        assert sum(amount for (account, _), amount in book.accounts.rows() if account < "a") == 0
    posted: dict[tuple[str, str], int] = {}
    for name, page in book.entries.rows():
        assert sums(page.lines) == 0, (name, page)
        for account, subject, amount in page.lines:
            posted[account, subject] = posted.get((account, subject), 0) + amount
    assert {key: amount for key, amount in posted.items() if amount} == dict(book.accounts.rows())
    for before, step in reversed(steps):
        undo(book, step)
        assert everything(book) == before


def shown(book: Book) -> tuple[Any, ...]:
    """Money, state and what officers are told, without names of entries."""
    return (
        dict(book.accounts.rows()),
        sorted(finding.code for finding in list_findings(book)),
        sorted((page.state, page.left_minor) for _, page in book.receipts.rows()),
        sorted((page.state, page.amount_minor) for _, page in book.withdrawals.rows()),
        sorted(page.state for _, page in book.attempts.rows()),
        sorted((one.pocket, one.amount_minor) for one in reserves(book)),
    )


@settings(max_examples=250, deadline=None)
@given(moves(10), moves(6), moves(6))
def test_nobody_wins_by_being_first_in_the_order(
    story: list[Move], mine: list[Move], theirs: list[Move]
) -> None:
    seen = []
    for ahead in (0, 1):
        village = village_after(story)
        village.phones.append(Phone("the treasurer's old phone", "Otieno"))
        village.meet()
        pair = (village.treasurer, village.phones[-1])
        pair[ahead].lamport += 1_000
        for phone, writes in zip(pair, (mine, theirs), strict=True):
            for move in writes:
                write(phone, move)
        seen.append(shown(village.book))
    assert seen[0] == seen[1]


@settings(max_examples=60, deadline=None)
@given(moves(30))
def test_accounts_are_the_sums_of_what_stands_behind_them(story: list[Move]) -> None:
    book = village_after(story).book
    owed = {"loan": 0, "grant": 0, "conditional_grant": 0}
    released = 0
    for thing, page in book.fundings.rows():
        derive_funding(book, thing)
        assert book.fundings.find(thing) == page
        owed[page.kind] += outstanding_minor(page)
        released += page.released_minor
        assert is_owed(page.kind) == (page.kind == "loan")
    assert account(book, "2040") == -owed["loan"]
    assert account(book, "2050") == -owed["conditional_grant"]
    assert account(book, "3040") == -owed["grant"] - released
    cost = 0
    for thing, bought in book.investments.rows():
        derive_investment(book, thing)
        assert book.investments.find(thing) == bought
        cost += cost_left_minor(bought)
    assert account(book, "1180") == cost


def account(book: Book, code: str) -> int:
    return sum(amount for (own, _), amount in book.accounts.rows() if own == code)


@settings(max_examples=60, deadline=None)
@given(moves(30))
def test_reckoning_anew_changes_nothing_and_everything_can_be_shown(story: list[Move]) -> None:
    book = village_after(story).book
    before = everything(book)
    for thing, _ in list(book.receipts.rows()):
        derive_receipt(book, thing)
    for thing, _ in list(book.withdrawals.rows()):
        derive_payouts(book, thing)
    assert everything(book) == before
    json.dumps(funds_view(book))
    for finding in list_findings(book):
        assert len(finding.sentence) <= 400
