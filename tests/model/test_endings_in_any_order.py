"""Whoever wrote first: the end of a cycle comes out the same in every order that causality allows.

Officers write apart and meet at random: purchases, fines, share-outs, dividends, exits, rotations,
closes, approvals and refusals. Then the same entries, each with the same past, are put into another
order that nobody's knowledge contradicts. Balances and what is found must not change.
"""

import random
from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.entry import Entry
from model.findings import list_findings
from model.reckoning.draw import commitment
from model.reckoning.shareout_terms import ShareOutError
from model.reducer import fold
from model.shareout_preview import committed, preview_shareout
from tests.strategies import Phone, Village, share, sums

SEED = b"sixteen bytes or more"
Move = Callable[[random.Random, Village, Phone], e.Event | None]


def _member(chance: random.Random, village: Village) -> bytes:
    return chance.choice(village.members)


def _target(chance: random.Random, phone: Phone, *kinds: type) -> bytes | None:
    known = [name for name, entry in phone.known.items() if isinstance(entry.event, kinds)]
    return chance.choice(sorted(known)) if known else None


def _shareout(chance: random.Random, village: Village, phone: Phone) -> e.Event | None:
    try:
        return committed(preview_shareout(phone.book, 1), 1)
    except ShareOutError:
        return None


def _word(chance: random.Random, village: Village, phone: Phone) -> e.Event | None:
    asked = (e.ShareoutConfirmed, e.CycleClosed, e.MemberExited, e.DividendDeclared)
    target = _target(chance, phone, *asked, e.RotationStarted, e.SurplusMoved)
    if target is None:
        return None
    if chance.random() < 0.15:
        return e.RequestDeclined(target, 1, 1, "")
    return e.ApprovalGiven(target, 1, 1)


def _rotation(chance: random.Random, village: Village, phone: Phone) -> e.Event | None:
    rotation = _target(chance, phone, e.RotationStarted)
    if rotation is None:
        slots = tuple(village.members)
        return e.RotationStarted(1, 1, 100, slots, "drawn", bytes.fromhex(commitment(SEED)))
    number, member = chance.choice((1, 2)), _member(chance, village)
    if chance.random() < 0.2:
        return e.RotationDrawn(rotation, SEED)
    if chance.random() < 0.3:
        return e.RotationPaidOut(rotation, 1, 1, number, member, chance.choice((100, 300)))
    return e.RotationPaidIn(rotation, 1, 1, number, member, 100, chance.choice((1, 2)))


MOVES: dict[str, Move] = {
    "share": lambda c, v, p: share(_member(c, v), c.choice((100, 200)), c.choice((1, 2))),
    "fine": lambda c, v, p: e.FineLevied(1, 1, _member(c, v), "late", c.choice((50, 70))),
    "fine_paid": lambda c, v, p: e.FinePaid(1, 1, _member(c, v), c.choice((50, 60))),
    "shareout": _shareout,
    "exit": lambda c, v, p: e.MemberExited(
        1, 1, _member(c, v), "left", 1, 100, paid_minor=c.choice((100, 50))
    ),
    "dividend": lambda c, v, p: e.DividendDeclared(
        1, 1, "dividend", "", (e.DividendRow(_member(c, v), c.choice((10, 20)), 1),)
    ),
    "surplus": lambda c, v, p: e.SurplusMoved(1, 1, "surplus", "reserve", c.choice((5, 7))),
    "rotation": _rotation,
    "close": lambda c, v, p: e.CycleClosed(1, "2026-12-31"),
    "word": _word,
}
WEIGHTS = {"word": 4, "share": 3, "rotation": 3}


def played(seed: int, steps: int) -> list[Entry]:
    chance = random.Random(seed)
    village = Village()
    if chance.random() < 0.5:  # then the cycle can be closed, and what comes is late
        village.secretary.record(share(village.members[0], 300))
        village.secretary.record(e.FinePaid(1, 1, village.members[1], 40))
        village.secretary.record(e.MeetingClosed(1, 1, ()))
        village.meet()
    names = [name for name in MOVES for _ in range(WEIGHTS.get(name, 1))]
    for _ in range(steps):
        phone = chance.choice(village.phones)
        if chance.random() < 0.25:
            phone.learns_from(chance.choice(village.phones))
            continue
        event = MOVES[chance.choice(names)](chance, village, phone)
        if event is not None:
            phone.record(event)
    return village.entries


def reordered(entries: list[Entry], seed: int) -> list[Entry]:
    """The same entries in another order: each after all that its author knew."""
    chance = random.Random(seed)
    left = {entry.id: entry for entry in entries}
    done: list[Entry] = []
    while left:
        ready = [entry for entry in left.values() if not any(name in entry.past for name in left)]
        entry = chance.choice(sorted(ready, key=lambda one: one.id))
        del left[entry.id]
        done.append(entry._replace(lamport=len(done) + 1))
    return done


def shown(book: Book) -> tuple[dict[tuple[str, str], int], Counter[tuple[str, str]]]:
    balances = {key: amount for key, amount in book.accounts.rows() if amount}
    return balances, Counter((found.code, found.subject) for found in list_findings(book))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 2**32))
def test_the_order_of_concurrent_entries_moves_no_money(seed: int, steps: int, other: int) -> None:
    entries = played(seed, steps)
    book = fold(entries)
    again = fold(reordered(entries, other))
    assert shown(again) == shown(book)
    assert sums((*key, amount) for key, amount in book.accounts.rows()) == 0
    cycle, same = book.cycles.find("1"), again.cycles.find("1")
    assert cycle is not None
    assert same is not None
    assert bool(cycle.closed) == bool(same.closed)
