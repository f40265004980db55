"""Two members who are one person: the money follows, whoever wrote first, and back again."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.journal import FINES_DUE, SHARES, balance, entry_page
from model.members import kept_member, loans_of, names_of
from model.merging import BY_MEMBER, _Pair, merged_by
from model.reducer import apply, fold, undo
from tests.strategies import Phone, Village, findings, share


def merge(village: Village, keep: bytes, drop: bytes, by: Phone | None = None) -> bytes:
    """Two officers agree that two members are one person."""
    merger = (by or village.secretary).record(e.MemberMerged(keep, drop, 1, 1, "same person"))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    village.meet()
    return merger


def shares_of(book: Book, member: bytes) -> tuple[int, int]:
    """Savings in minor units, and shares, under one name."""
    return -balance(book, "2010", member.hex()), balance(book, SHARES, member.hex())


def test_the_money_follows_the_one_who_is_kept() -> None:
    village = Village()
    first, second, _ = village.members
    village.secretary.record(share(first, 300))
    village.secretary.record(share(second, 200))
    merge(village, keep=second, drop=first)
    village.secretary.record(share(first, 100, 2))  # a phone may still know the old name
    village.meet()
    book = village.book
    assert shares_of(book, second) == (600, 6)
    assert shares_of(book, first) == (0, 0)
    assert kept_member(book, first.hex()) == second.hex()
    assert names_of(book, first.hex()) == (second.hex(), first.hex())


def test_a_merge_waits_for_a_second_officer_and_is_named() -> None:
    village = Village()
    village.secretary.record(share(village.members[0], 300))
    village.secretary.record(e.MemberMerged(village.members[1], village.members[0], 1, 1))
    assert shares_of(village.secretary.book, village.members[0]) == (300, 3)
    (waiting,) = findings(village.secretary.book, "waits_for_approval")
    assert "the merging of two members of member 1" in waiting.sentence


@pytest.mark.parametrize("apart", [False, True])
def test_who_is_known_to_be_the_one_who_gains_has_no_say(apart: bool) -> None:
    village = Village()
    first, second, _ = village.members
    village.elect("treasurer", village.treasurer.person, second)
    village.meet()
    if apart:
        village.secretary.record(e.MemberMerged(first, second, 1, 1, "one person"))
        village.chairperson.record(e.MemberMerged(first, second, 1, 1, "one person"))
        village.meet()
    else:
        merge(village, keep=first, drop=second)
    village.secretary.record(share(first, 300))
    village.meet()
    left = village.secretary.record(e.MemberExited(1, 1, first, "moved", 3, 300, paid_minor=300))
    village.agree(left, village.treasurer)
    assert findings(village.book, "own_benefit")
    assert shares_of(village.book, first) == (300, 3)
    village.agree(left, village.chairperson)
    assert shares_of(village.book, first) == (0, 0)


def test_who_merges_a_member_with_the_same_or_with_nobody_changes_nothing() -> None:
    village = Village()
    one = village.members[0]
    village.secretary.record(e.MemberMerged(one, one, 1, 1))
    village.secretary.record(e.MemberMerged(one, bytes(17), 1, 1))
    assert village.secretary.codes() == ["unknown_reference", "same_member"]
    assert village.secretary.book.merged.find("all") is None


def test_the_two_are_no_longer_called_alike() -> None:
    village = Village()
    village.secretary.record(e.MemberAdded(1, "2026-01-01"))
    village.meet()
    assert len(findings(village.book, "possible_duplicate_member")) == 1
    twin = sorted(name for name, page in village.book.members.rows() if page.number == 1)
    merger = merge(village, bytes.fromhex(twin[1]), bytes.fromhex(twin[0]))
    assert not findings(village.book, "possible_duplicate_member")
    village.treasurer.record(e.EntryReversed(1, 1, merger, "they are two"))
    village.meet()
    reversal = list(village.treasurer.known)[-1]
    village.chairperson.record(e.ApprovalGiven(reversal, 1, 1))
    village.meet()
    assert len(findings(village.book, "possible_duplicate_member")) == 1


def test_fines_of_both_are_one_debt() -> None:
    village = Village()
    first, second, _ = village.members
    village.secretary.record(e.FineLevied(1, 1, first, "late", 50))
    village.meet()
    village.treasurer.record(e.FinePaid(1, 1, second, 50))  # too much, as long as they are two
    village.meet()
    assert balance(village.book, "2030", second.hex()) == -50
    merge(village, keep=second, drop=first)
    book = village.book
    assert balance(book, "2030", second.hex()) == balance(book, "2030", first.hex()) == 0
    assert balance(book, FINES_DUE, second.hex()) == balance(book, FINES_DUE, first.hex()) == 0
    assert balance(book, "4030") == -50
    assert not findings(book, "overpaid_fine")


def test_one_payment_recorded_under_both_names_is_pointed_out() -> None:
    village = Village()
    first, second, _ = village.members
    village.secretary.record(share(first, 300))
    village.treasurer.record(share(second, 300))
    village.meet()
    merge(village, keep=second, drop=first)
    (twice,) = findings(village.book, "recorded_under_both")
    assert "the share purchase" in twice.sentence
    assert "reverse one of them" in twice.sentence
    entry = list(village.secretary.known.values())
    mine = next(at for at in entry if at.event == share(first, 300))
    village.chairperson.record(e.EntryReversed(1, 1, mine.id))
    village.meet()
    assert not findings(village.book, "recorded_under_both")


def test_both_directions_at_once_are_one_merge_that_the_lower_name_wins() -> None:
    village = Village()
    first, second, _ = village.members
    village.secretary.record(share(first, 300))
    village.meet()
    village.secretary.record(e.MemberMerged(first, second, 1, 1))
    village.treasurer.record(e.MemberMerged(second, first, 1, 1))
    village.meet()  # two officers, one question: they agree
    low = min(first, second)
    assert shares_of(village.book, low) == (300, 3)
    assert kept_member(village.book, max(first, second).hex()) == low.hex()


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_merges_agree_in_any_order(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    """Against reachability by repeated closure, which knows no union-find."""
    decided = [
        _Pair(f"entry{n:02}", min(map(str, pair)), max(map(str, pair)), frozenset((str(pair[1]),)))
        for n, pair in enumerate(dict.fromkeys(pairs))
    ]
    rows = merged_by(sorted(decided))
    shuffled = decided[:]
    chance.shuffle(shuffled)
    assert {row[:2] for row in merged_by(sorted(shuffled))} == {row[:2] for row in rows}
    together = {str(n): {str(n)} for n in range(7)}
    for _ in range(7):
        for pair in decided:
            union = together[pair.low] | together[pair.high]
            for name in union:
                together[name] = together[name] | union
    into = {name: kept for name, kept, _ in rows}
    dropped = {name for pair in decided for name in pair.dropped}
    for name, group in together.items():
        candidates = sorted(group - dropped) or sorted(group)
        assert into.get(name, name) == candidates[0]
    # Each merge moves the money of one name at most.
    assert max(Counter(entry for _, _, entry in rows).values(), default=1) == 1


OTHER = "share saving fine fine_paid waive social reverse claim agree agree close accept"


def season(seed: int, steps: int, offset: int, merges: bool = True) -> Village:
    """A village whose officers write apart; `offset` turns the shared order around, nothing else.

    The names of entries do not depend on it, so that balances can be compared by name.
    """
    chance = random.Random(seed)
    village = Village(members=5)
    village.treasurer.lamport += offset
    for _ in range(steps):
        phone = chance.choice(village.phones)
        kinds = OTHER.split() + ["merge", "merge_back"] * 2
        kind = chance.choice(kinds)
        one, two = chance.sample(village.members, 2)
        line, amount = chance.randint(1, 3), chance.choice((100, 200, 500))
        picked, meets = chance.random(), chance.random() < 0.3
        if kind not in ("merge", "merge_back") or merges:
            _write(village, phone, kind, (one, two), line, amount, picked)
        if meets:
            village.meet()
    village.meet()
    for phone in (village.chairperson, village.secretary):
        if merges:
            _approve_all(village, phone)
    return village


def _write(
    village: Village,
    phone: Phone,
    kind: str,
    members: tuple[bytes, bytes],
    line: int,
    amount: int,
    picked: float,
) -> None:
    one, two = members
    if kind == "agree":
        for name, _ in list(phone.book.waiting.rows()):
            phone.record(e.ApprovalGiven(bytes.fromhex(name), 1, 1))
    elif kind == "merge":
        phone.record(e.MemberMerged(one, two, 1, 1))
    elif kind == "merge_back":
        _reverse(phone, e.MemberMerged, picked)
    elif kind == "share":
        phone.record(share(one, amount, line))
    elif kind == "saving":
        phone.record(e.SavingsDeposited(1, 1, one, amount, line))
    elif kind == "fine":
        village.secretary.record(e.FineLevied(1, 1, one, ("late", "noise")[line % 2], amount))
    elif kind == "fine_paid":
        phone.record(e.FinePaid(1, 1, one, amount, line))
    elif kind == "social":
        phone.record(e.SocialContributed(1, 1, one, amount, line))
    elif kind == "waive":
        fines = [name for name, at in phone.known.items() if isinstance(at.event, e.FineLevied)]
        if fines:
            phone.record(e.FineWaived(sorted(fines)[int(picked * len(fines))], 1, 1))
    elif kind == "close" and picked < 0.3:
        phone.record(e.MeetingClosed(1, 1, ()))
    elif kind == "accept":
        late = [name for name, at in phone.known.items() if isinstance(at.event, e.SharePurchased)]
        if late:
            phone.record(e.LateEntryAccepted(sorted(late)[int(picked * len(late))], 1, 2))
    elif kind == "claim":
        village.treasurer.record(e.ClaimPaid(1, 1, one, "overpayment", amount, line))
    elif kind == "reverse":
        _reverse(phone, (e.SharePurchased, e.SavingsDeposited, e.FinePaid, e.FineLevied), picked)


def _reverse(phone: Phone, kinds: type | tuple[type, ...], picked: float) -> None:
    mine = sorted(
        name
        for name, entry in phone.known.items()
        if isinstance(entry.event, kinds) and entry.person != phone.person
    )
    if mine:
        phone.record(e.EntryReversed(1, 1, mine[int(picked * len(mine))]))


def _approve_all(village: Village, phone: Phone) -> None:
    for name, _ in list(village.book.waiting.rows()):
        phone.record(e.ApprovalGiven(bytes.fromhex(name), 1, 1))
    village.meet()


def balances(book: Book) -> dict[tuple[str, str], int]:
    """Every balance that is not zero."""
    return {key: amount for key, amount in book.accounts.rows() if amount}


def lines_of(book: Book) -> dict[tuple[str, str], int]:
    """Balances as the journal adds them up."""
    sums: Counter[tuple[str, str]] = Counter()
    for _, page in book.entries.rows():
        for account, subject, amount in page.lines:
            sums[account, subject] += amount
    return {key: amount for key, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", range(40))
def test_a_season_of_merges_moves_every_balance_and_the_journal_agrees(seed: int) -> None:
    village = season(seed, steps=40, offset=0)
    book = village.book
    assert lines_of(book) == balances(book)
    for name, kept, _ in book.merged.find("all") or ():
        assert not any(balance(book, account, name) for account in BY_MEMBER)
        assert kept_member(book, kept) == kept
    everything = sum(amount for (code, _), amount in balances(book).items() if code[0].isdigit())
    assert everything == 0


@pytest.mark.parametrize("seed", range(40))
def test_it_does_not_matter_who_wrote_first(seed: int) -> None:
    books = [season(seed, steps=30, offset=offset).book for offset in (0, 500)]
    assert balances(books[0]) == balances(books[1])
    kept = [{row[:2] for row in book.merged.find("all") or ()} for book in books]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("seed", range(25))
def test_the_same_book_in_every_order_of_delivery_and_step_by_step(seed: int) -> None:
    village = season(seed, steps=25, offset=0)
    entries = sorted(village.entries, key=lambda entry: (entry.lamport, entry.id))
    book = fold(())
    steps = [apply(book, entry) for entry in entries]
    assert book.digest() == village.book.digest() == fold(reversed(entries)).digest()
    for step in reversed(steps):
        undo(book, step)
    assert book.digest() == fold(()).digest()


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_a_merge_taken_back_leaves_what_was_there_without_it(order: tuple[int, ...]) -> None:
    plain, merged = Village(4), Village(4)
    for village in (plain, merged):
        one, two, three, _ = village.members
        village.secretary.record(share(one, 300))
        village.secretary.record(e.FineLevied(1, 1, two, "late", 50))
        village.treasurer.record(e.SavingsDeposited(1, 1, three, 70))
        village.meet()
    one, two, three, _ = merged.members
    mergers = [merge(merged, two, one), merge(merged, two, three)]
    after = [e.FinePaid(1, 1, one, 80), share(two, 200), e.SavingsWithdrawn(1, 1, one, 30)]
    for village in (plain, merged):
        for event in after:
            village.treasurer.record(event)
        village.meet()
    assert balance(merged.book, "2020", two.hex()) == -40
    for at in order:
        merged.treasurer.record(e.EntryReversed(1, 1, mergers[at]))
        merged.meet()
        reversal = list(merged.treasurer.known)[-1]
        merged.chairperson.record(e.ApprovalGiven(reversal, 1, 1))
        merged.meet()
    assert balances(merged.book) == balances(plain.book)
    assert lines_of(merged.book) == balances(plain.book)
    assert merged.book.merged.find("all") is None
    assert all(not page.merged_into for _, page in merged.book.members.rows())


def test_a_merge_that_is_put_back_moves_what_came_meanwhile() -> None:
    village = Village()
    one, two, _ = village.members
    merger = merge(village, two, one)
    village.treasurer.record(e.EntryReversed(1, 1, merger))
    village.meet()
    first = list(village.treasurer.known)[-1]
    village.chairperson.record(e.ApprovalGiven(first, 1, 1))
    village.meet()
    village.secretary.record(share(one, 300))
    village.meet()
    assert shares_of(village.book, one) == (300, 3)
    village.chairperson.record(e.EntryReversed(1, 1, first))
    village.meet()
    second = list(village.chairperson.known)[-1]
    village.treasurer.record(e.ApprovalGiven(second, 1, 1))
    village.meet()
    assert shares_of(village.book, two) == (300, 3)
    assert lines_of(village.book) == balances(village.book)


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("knew", ["nothing", "the proposal", "all"])
def test_nobody_gains_by_a_word_under_another_name(offset: int, knew: str) -> None:
    village = Village()
    one, two, _ = village.members
    village.elect("treasurer", village.treasurer.person, one)
    fine = village.secretary.record(e.FineLevied(1, 1, two, "late", 50))
    village.meet()
    village.treasurer.lamport += offset
    waiver = village.chairperson.record(e.FineWaived(fine, 1, 1))
    village.treasurer.learns_from(village.chairperson)
    merger = village.secretary.record(e.MemberMerged(two, one, 1, 1))
    if knew == "the proposal":
        village.treasurer.learns_from(village.secretary)
    village.chairperson.learns_from(village.secretary)
    village.chairperson.record(e.ApprovalGiven(merger, 1, 1))
    if knew == "all":
        village.meet()
    village.treasurer.record(e.ApprovalGiven(waiver, 1, 1))
    village.meet()
    assert bool(findings(village.book, "own_benefit")) is (knew == "all")
    assert balance(village.book, FINES_DUE, two.hex()) == (50 if knew == "all" else 0)


def test_loans_of_both_names_are_one_persons_loans() -> None:
    village = Village()
    one, two, three = village.members
    loans = [
        village.secretary.record(e.LoanApplied(1, 1, member, 500, "seed", 2))
        for member in (two, three, one)
    ]
    village.meet()
    merge(village, keep=two, drop=one)
    expected = (loans[0].hex(), loans[2].hex())
    assert loans_of(village.book, one.hex()) == loans_of(village.book, two.hex()) == expected


def test_who_proposes_merges_over_and_over_silences_nobody() -> None:
    village = Village()
    one, two, three = village.members
    for _ in range(40):
        village.treasurer.record(e.MemberMerged(one, three, 1, 1))
    village.meet()
    assert findings(village.book, "too_many")
    village.secretary.record(share(one, 300))
    merge(village, keep=two, drop=one)
    assert shares_of(village.book, two) == (300, 3)


def test_who_is_one_with_another_is_not_one_with_everybody() -> None:
    """An officer who is a member under two names approves a loan to a third, and not to oneself."""
    village = Village()
    own, other, third = village.members
    village.elect("chairperson", village.chairperson.person, own)
    village.meet()
    merge(village, keep=own, drop=other)
    loans = [
        village.secretary.record(e.LoanApplied(1, 1, member, 300, "seed", 3))
        for member in (third, other)
    ]
    village.meet()
    for loan, said in zip(loans, ("counted", "void"), strict=True):
        approved = village.chairperson.record(e.LoanApproved(1, 1, loan, 300, "flat", 0, 3))
        assert entry_page(village.chairperson.book, approved.hex()).status == said
