"""A merry-go-round in the books: agreed to, paid in round by round, each pot paid out once.

Its money is nobody's savings and no profit: account 2090, kept by member, says what each has paid
in less what each has received. A fee for the group is income. Whose turn it is follows from the
order that was agreed, or from the lots once the seed is revealed (reckoning/draw.py); money that
was paid to another, or a pot larger than what was collected, is counted (it is gone) and pointed
out. Two officers who record the same rotation start one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import FEES, POCKETS, ROTATION_POT
from model.approvals import ask, propose
from model.book import Book
from model.decisions import outcome
from model.entry import Entry
from model.journal import entry_page, reversed_by
from model.members import member_named
from model.notes import note, void
from model.pages import EntryPage, RotationPage
from model.reckoning.draw import drawn_order
from model.reckoning.rotation import RotationError
from model.reckoning.splitting import split_equally
from model.sheets import claims_on, claims_once
from model.standing import enter


def start_rotation(book: Book, entry: Entry, event: e.RotationStarted, keeper: bool) -> None:
    """Ask officers to agree to a merry-go-round; the entry's id names it."""
    slots = tuple(member_named(book, slot) for slot in event.slots)
    if "" in slots:
        void(book, entry, "rotation.started", "unknown_reference")
        return
    if event.order == "drawn" and not event.commitment:
        void(book, entry, "rotation.started", "draw_without_commitment")
        return
    name = entry.id.hex()
    page = RotationPage(
        event.contribution_minor,
        slots,
        event.order,
        event.commitment.hex(),
        event.fee_minor,
        event.group_covers,
    )
    book.rotations.put(name, page)
    said = sha256("/".join(map(str, (page, *slots))).encode()).hexdigest()
    for _, line, other in claims_on(book, event.cycle, event.session, "rotation"):
        if line == event.line and entry_page(book, other).detail == said:
            book.aliases.put(name, book.aliases.find(other) or other)
            break
    propose(
        book, entry, keeper, "rotation.started", event.cycle, event.session, "rotation", event.line,
        event.contribution_minor, said, count=len(slots),
    )  # fmt: skip


def reveal_seed(book: Book, entry: Entry, event: e.RotationDrawn, _keeper: bool) -> None:
    """Work the order of a draw out from the seed, if it is the one that was committed to."""
    rotation, page = rotation_named(book, event.rotation)
    if page is None or event.rotation not in entry.past:
        void(book, entry, "rotation.drawn", "unknown_reference")
        return
    try:
        order = drawn_order(Counter(page.slots), event.seed, page.commitment)
    except RotationError:
        void(book, entry, "rotation.drawn", "not_the_seed")
        return
    note(book, entry, "rotation.drawn", "counted", subject=rotation, count=len(order))
    book.rotations.put(rotation, replace(page, drawn=order))


def pay_in(book: Book, entry: Entry, event: e.RotationPaidIn, keeper: bool) -> None:
    """Dr pocket, Cr rotation pot of the member."""
    rotation, page = rotation_named(book, event.rotation)
    member = member_named(book, event.member)
    known = event.rotation in entry.past
    refused = _refusal(page if known else None, member, event.round)
    if refused:
        void(book, entry, "rotation.paid_in", refused)
        return
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (ROTATION_POT, member, -amount))
    listing.add(book, _list_of(rotation, event.round), entry.id.hex())
    enter(
        book, entry, keeper, "rotation.paid_in", event.cycle, event.session, rotation, event.line,
        amount, event.channel, lines, lines, slot=f"rotation.paid_in {event.round} {member}",
        member=member, count=event.round,
    )  # fmt: skip


def pay_out(book: Book, entry: Entry, event: e.RotationPaidOut, keeper: bool) -> None:
    """Dr rotation pot of the recipient, Cr pocket and fee; what was forgone goes to the others."""
    rotation, page = rotation_named(book, event.rotation)
    member = member_named(book, event.member)
    known = event.rotation in entry.past
    refused = _refusal(page if known else None, member, event.round)
    if page is None or refused:
        void(book, entry, "rotation.paid_out", refused)
        return
    amount, fee, discount = event.amount_minor, event.fee_minor, event.discount_minor
    dividends = _dividends(page, member, discount, event.sharers)
    lines = (
        (ROTATION_POT, member, amount + fee + discount),
        (POCKETS[event.channel], "", -amount),
        (FEES, "", -fee),
        *((ROTATION_POT, sharer, -part) for sharer, part in dividends.items()),
    )
    lines = tuple(line for line in lines if line[2])
    enter(
        book, entry, keeper, "rotation.paid_out", event.cycle, event.session, rotation,
        event.round, amount, f"{event.channel} {member} {fee} {discount}", lines, lines,
        member=member, count=event.round, once=once_of(rotation, event.round),
        text=f"{fee}/{discount}",
    )  # fmt: skip
    ask(book, entry, "rotation.paid_out", amount, member)


def _dividends(page: RotationPage, winner: str, discount: int, sharers: str) -> dict[str, int]:
    """Parts of what the winner forgoes, by member, in the order of the slots."""
    sharing = [slot for slot in page.slots if sharers == "all" or slot != winner]
    parts: dict[str, int] = {}
    if discount and sharing:
        for slot, part in zip(sharing, split_equally(discount, len(sharing)).parts, strict=True):
            parts[slot] = parts.get(slot, 0) + part
    elif discount:
        parts[winner] = discount  # nobody else is there
    return parts


def _refusal(page: RotationPage | None, member: str, number: int) -> str:
    if page is None or not member:
        return "unknown_reference"
    if member not in page.slots:
        return "no_slot"
    return "" if number <= len(page.slots) else "no_such_round"


def rotation_named(book: Book, reference: bytes) -> tuple[str, RotationPage | None]:
    """Name (hex) and page of the rotation that an entry started, or joined in with the same."""
    name = book.hexed[reference]
    name = book.aliases.find(name) or name
    return name, book.rotations.find(name)


def once_of(rotation: str, number: int) -> str:
    """The thing that happens once in a round."""
    return f"rotation {rotation} round {number}"


def _list_of(rotation: str, number: int) -> str:
    return f"rotation {rotation} {number}"


def is_agreed(book: Book, rotation: str) -> bool:
    """Have officers agreed to a rotation?"""
    page = entry_page(book, rotation)
    if page.status == "corroborating":
        return True  # another officer's record of the same counts
    if page.stopped:  # a stopped device asked; officers who said yes meant it
        return outcome(book, (rotation,)) == "approved" and not reversed_by(book, page)
    return page.status == "counted" and not reversed_by(book, page)


def holder_of(page: RotationPage, number: int) -> str:
    """Whose turn a round is (hex); empty where it is bid for, or the lots are not known yet."""
    if page.order == "bid" or (page.order == "drawn" and not page.drawn):
        return ""
    order = page.drawn if page.order == "drawn" else page.slots
    return order[number - 1]


def payout_of(book: Book, rotation: str, number: int) -> tuple[str, EntryPage] | None:
    """The payment of a round that counts, and its name."""
    for _, _, name in claims_once(book, once_of(rotation, number)):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            return name, page
    return None


def collected_in(book: Book, rotation: str, number: int) -> dict[str, int]:
    """What each member paid in for a round, as far as it counts."""
    paid: dict[str, int] = {}
    for name in listing.every(book, _list_of(rotation, number)):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            paid[page.member] = paid.get(page.member, 0) + page.amount
    return paid


def taken_from_pot(page: EntryPage) -> tuple[int, int]:
    """Fee and discount of a payment."""
    fee, _, discount = page.text.partition("/")
    return int(fee), int(discount)


def rotations(book: Book) -> Iterator[tuple[str, RotationPage]]:
    """Every rotation once, by its name."""
    for name, page in book.rotations.rows():
        if book.aliases.find(name) is None:
            yield name, page


RULES: Final = {
    e.RotationStarted: start_rotation,
    e.RotationDrawn: reveal_seed,
    e.RotationPaidIn: pay_in,
    e.RotationPaidOut: pay_out,
}
