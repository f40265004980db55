"""What needs attention in a merry-go-round, worked out when it is shown.

Who missed a contribution to a round that was paid out; a pot that was larger than what came in and
that the group does not cover; a pot that went to another than whose turn it was; money in a
rotation that officers have not agreed to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from model.accounts import ROTATION_POT
from model.book import Book
from model.pages import EntryPage, FindingPage, RotationPage
from model.rotations import (
    collected_in,
    holder_of,
    is_agreed,
    payout_of,
    rotations,
    taken_from_pot,
)

Seen = tuple[str, str, FindingPage]


def watch_rotations(book: Book) -> Iterator[Seen]:
    """Everything that is to be said about the rotations."""
    for rotation, page in rotations(book):
        yield from _watch_one(book, rotation, page)


def _watch_one(book: Book, rotation: str, page: RotationPage) -> Iterator[Seen]:
    missed: Counter[str] = Counter()
    any_money = False
    slots = Counter(page.slots)
    for number in range(1, len(page.slots) + 1):
        paid = collected_in(book, rotation, number)
        payout = payout_of(book, rotation, number)
        any_money = any_money or bool(paid) or payout is not None
        if payout is None:
            if not paid:
                break  # rounds are held in order: nothing was recorded of the later ones
            continue
        yield from _watch_payout(rotation, page, number, payout, sum(paid.values()))
        if page.order != "bid":  # there dividends count as paid in
            for member, count in slots.items():
                missed[member] += count * page.contribution_minor - paid.get(member, 0)
    for member, owed in missed.items():
        if owed > 0:
            finding = FindingPage((rotation,), member, amounts=(owed,))
            yield "rotation_missed", f"{rotation}.{member}", finding
    if any_money and not is_agreed(book, rotation):
        yield "rotation_not_agreed", rotation, FindingPage((rotation,))


def _watch_payout(
    rotation: str, page: RotationPage, number: int, payout: tuple[str, EntryPage], collected: int
) -> Iterator[Seen]:
    name, paid = payout
    where = (paid.cycle, paid.session)
    fee, discount = taken_from_pot(paid)
    taken = paid.amount + fee + (discount if page.order == "bid" else 0)
    covered = page.contribution_minor * len(page.slots) if page.group_covers else 0
    if page.order != "bid" and taken > max(collected, covered):
        finding = FindingPage((name,), paid.member, *where, (taken, collected), str(number))
        yield "rotation_pot_too_large", name, finding
    turn = holder_of(page, number)
    if turn and turn != paid.member:
        finding = FindingPage((name,), paid.member, *where, (paid.amount,), str(number))
        yield "rotation_other_member", name, finding
    if page.order == "drawn" and not page.drawn:
        yield "rotation_not_drawn", rotation, FindingPage((rotation,))


def pot_of(book: Book, member: str) -> int:
    """What a member has in merry-go-rounds: paid in less received; below zero: had in advance."""
    return -(book.accounts.find((ROTATION_POT, member)) or 0)
