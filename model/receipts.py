"""Money that a provider tells of: each reference counts once, however often and by whom it is told.

A receipt is named by provider and reference, compared without blanks and capitals. Message,
statement and hand are one receipt; another amount is a dispute and overwrites nothing. Until its
purpose is known it stands in 2070. It posts no cash of its own when an entry by hand already did:
one with the same reference, or one that an officer matched with it. An entry that was paid from
2070 takes it from there. Different purposes named by officers who did not know of each other, or
one entry for two receipts, are contested: then the receipts stay in 2070. Under one reference
money comes once: no match lets a receipt count beside an entry by hand that has its reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from model import events as e
from model.accounts import POCKETS, PROVIDER_FEES, UNALLOCATED_RECEIPTS
from model.agreement import claimants
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.fund_pages import ReceiptPage
from model.journal import CASH, entry_page, restate, reversed_by
from model.notes import too_many, void
from model.pages import EntryPage, FindingPage, Posting
from model.references import (
    counted_one,
    first_teller,
    plain_reference,
    reference_key,
    tellers,
    thing_named,
)
from model.sheets import claims_once
from model.standing import enter
from model.stopped import is_apart

SHARED_MAX: Final = 16  # receipts that name one reference or one target
RECEIVED: Final = "payment.received"
MATCHED: Final = "payment.matched"


def receive_payment(book: Book, entry: Entry, event: e.PaymentReceived, keeper: bool) -> None:
    """Dr pocket, Cr unallocated receipts, unless an entry already holds this cash; Dr fee."""
    reference = plain_reference(event.provider_ref)
    if not reference:
        void(book, entry, RECEIVED, "no_reference")
        return
    thing = receipt_thing(event.provider, reference)
    shared = reference_key(reference)
    known = book.referred.find(shared) or ()
    if thing not in known:
        if len(known) >= (SHARED_MAX // 2 if entry.held else SHARED_MAX):
            too_many(book, entry, RECEIVED)
            return
        book.referred.put(shared, tuple(sorted((*known, thing))))
    name, pocket = entry.id.hex(), POCKETS[event.channel]
    lines = (*_unallocated(pocket, event.amount_minor), *_fee(pocket, event.fee_minor))
    enter(
        book, entry, keeper, RECEIVED, event.cycle, event.session, thing, 1,
        event.amount_minor, event.channel, lines, lines, once=thing, text=event.received_on,
    )  # fmt: skip
    payer = "" if entry.held else event.payer_tag.hex()
    _note_payer(book, thing, ReceiptPage(name, event.provider, reference), payer)
    derive(book, RECEIVED, thing)


def receipt_thing(provider: str, reference: str) -> str:
    """What every telling of one payment tells of: its provider and its reference."""
    return f"receipt {provider} {plain_reference(reference)}"


def _unallocated(pocket: str, amount: int) -> tuple[Posting, ...]:
    return ((pocket, "", amount), (UNALLOCATED_RECEIPTS, "", -amount))


def _fee(pocket: str, fee: int) -> tuple[Posting, ...]:
    return ((PROVIDER_FEES, "", fee), (pocket, "", -fee)) if fee else ()


def _note_payer(book: Book, thing: str, fresh: ReceiptPage, tag: str) -> None:
    """Keep the payer that any of the tellers knows; of two the lower, whoever wrote first."""
    known = book.receipts.find(thing) or fresh
    payers = [payer for payer in (known.payer_tag, tag) if payer]
    book.receipts.put(thing, replace(known, payer_tag=min(payers, default="")))


def match_payment(book: Book, entry: Entry, event: e.PaymentMatched, keeper: bool) -> None:
    """Say which entry a receipt is; a later word by one who knew the earlier replaces it."""
    thing = thing_named(book, event.payment, RECEIVED)
    target = book.hexed[event.target]
    page = book.entries.find(target)
    if not thing or book.receipts.find(thing) is None or page is None:
        void(book, entry, MATCHED, "unknown_reference")
        return
    if page.kind == RECEIVED or not (_brings(page) or _draws(page)):
        void(book, entry, MATCHED, "no_payment")
        return
    target = (claimants(book, target) or [target])[0]  # two officers may have recorded it
    known = book.matched.find(target) or ()
    if thing not in known:
        if len(known) >= SHARED_MAX:
            too_many(book, entry, MATCHED)
            return
        book.matched.put(target, tuple(sorted((*known, thing))))
    enter(
        book, entry, keeper, MATCHED, event.cycle, event.session, thing, 1, 0, target, (), (),
        once=_match(thing),
    )  # fmt: skip
    derive(book, MATCHED, thing)


def _match(thing: str) -> str:
    return f"match {thing}"


def _brings(page: EntryPage) -> int:
    """Cash that an entry brings into a pocket."""
    return max(0, sum(amount for account, _, amount in page.held if account in CASH))


def _draws(page: EntryPage) -> int:
    """What an entry takes from receipts that were not allocated."""
    return max(0, sum(amount for acct, _, amount in page.held if acct == UNALLOCATED_RECEIPTS))


def derive_receipt(book: Book, thing: str) -> None:
    """Work out anew what a receipt posts, and those that share a target or reference with it."""
    page = book.receipts.find(thing)
    if page is None:
        return
    key = reference_key(page.reference)
    near = [thing, *(book.referred.find(key) or ())]
    targets = [entry_page(book, name).detail for name in tellers(book, _match(thing), MATCHED)]
    for target in (*targets, *(_first(book, name) for name in incoming(book, key))):
        near += book.matched.find(target) or ()
        near += book.referred.find(entry_page(book, target).once) or ()
    things = dict.fromkeys(near)
    for one in things:
        _place(book, one)
    pages = (book.receipts.find(one) for one in things)
    for other in dict.fromkeys(reference_key(page.reference) for page in pages if page):
        _note_reference(book, other)


def derive_reference(book: Book, key: str) -> None:
    """An entry that names this reference stands otherwise than before."""
    things = book.referred.find(key) or ()
    for thing in things:
        _place(book, thing)
    _note_reference(book, key)


def derive_target(book: Book, target: str) -> None:
    """An entry that receipts were matched with stands otherwise than before."""
    for thing in book.matched.find(target) or ():
        derive_receipt(book, thing)


class _Purpose(NamedTuple):
    """What is known of a receipt's purpose: entries (hex) that hold its cash, or draw on it."""

    targets: tuple[str, ...] = ()
    contested: bool = False
    held: bool = False  # an entry by hand with the same reference holds the cash already


def _place(book: Book, thing: str) -> None:
    """Post a receipt as its purpose asks for, and keep its page."""
    page, name = book.receipts.find(thing), counted_one(book, thing, RECEIVED)
    assert page is not None  # whatever names a receipt was told of it before
    page = replace(page, entry=name or first_teller(book, thing, RECEIVED), target="", left_minor=0)
    if not name:
        _keep(book, thing, replace(page, state="waiting"), ())
        return
    entry = entry_page(book, name)
    pocket, fee = entry.held[0][0], _largest_fee(book, thing, entry)
    page = replace(
        page, channel=entry.detail, amount_minor=entry.amount, fee_minor=fee,
        received_on=entry.text, cycle=entry.cycle, session=entry.session,
    )  # fmt: skip
    purpose = _purpose(book, thing, page)
    page, by_hand = _state(book, thing, page, purpose)
    lines = _fee(pocket, fee)
    if not by_hand:
        lines = (*_unallocated(pocket, entry.amount), *lines)
    restate(book, name, replace(entry, lines=lines))
    _keep(book, thing, page, purpose.targets)


def _largest_fee(book: Book, thing: str, entry: EntryPage) -> int:
    """The provider's fee; who told of the money first may not have known it."""
    pages = [entry_page(book, name) for name in tellers(book, thing, RECEIVED)]
    alike = [
        one
        for one in pages
        if one.amount == entry.amount and not is_apart(one) and not reversed_by(book, one)
    ]
    return max(map(fee_told, alike), default=0)


def fee_told(page: EntryPage) -> int:
    """The provider's fee as one telling of a payment has it."""
    return sum(amount for account, _, amount in page.held if account == PROVIDER_FEES)


def _purpose(book: Book, thing: str, page: ReceiptPage) -> _Purpose:
    """By officers' matches and by the reference; contested when these do not agree."""
    matched = _matched_target(book, thing)
    named = _named_by_reference(book, thing, page)
    contested = _is_match_contested(book, thing)
    held = any(_brings(entry_page(book, name)) for name in named)
    if matched and named and matched not in named:
        return _Purpose((matched, *named), contested=True, held=held)
    targets = named or ((matched,) if matched else ())
    # The reference itself says which receipt an entry is, whatever else was matched with it.
    doubled = not held and any(_is_told_twice(book, thing, target) for target in targets)
    return _Purpose(targets, contested or doubled, held)


def _is_match_contested(book: Book, thing: str) -> bool:
    matches = tellers(book, _match(thing), MATCHED)
    return bool(matches) and book.findings.find(("contested_match", min(matches))) is not None


def _is_told_twice(book: Book, thing: str, target: str) -> bool:
    """Is this entry, which holds cash, also said to be another receipt?"""
    entry = entry_page(book, target)
    if not _brings(entry):
        return False
    by_match = book.matched.find(_first(book, target)) or ()
    if any(one != thing and _matched_target(book, one) == target for one in by_match):
        return True
    for one in book.referred.find(entry.once) or ():
        other = book.receipts.find(one)
        if one != thing and other is not None and target in _named_by_reference(book, one, other):
            return True
    return False


def _first(book: Book, name: str) -> str:
    return (claimants(book, name) or [name])[0]


def _matched_target(book: Book, thing: str) -> str:
    """The counted entry that officers matched a receipt with; empty when none stands."""
    match = counted_one(book, _match(thing), MATCHED)
    if not match:
        return ""
    target = entry_page(book, match).detail
    for name in claimants(book, target) or [target]:
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            return name
    return ""


def incoming(book: Book, key: str) -> tuple[str, ...]:
    """Counted entries with a purpose that name a reference and hold its cash, or draw on it."""
    found = []
    for _, line, name in claims_once(book, key):
        page = entry_page(book, name)
        counts = line and page.status == "counted" and not reversed_by(book, page)
        if counts and _money(page):
            found.append(name)
    return tuple(found)


def _named_by_reference(book: Book, thing: str, page: ReceiptPage) -> tuple[str, ...]:
    """Entries with this receipt's reference, unless another provider's receipt fits better."""
    key = reference_key(page.reference)
    entries = incoming(book, key)
    if not entries:
        return ()
    told = sum(_money(entry_page(book, name)) for name in entries)
    pockets = {account for name in entries for account, _, _ in entry_page(book, name).held}
    rivals = []
    for one in book.referred.find(key) or ():
        name = counted_one(book, one, RECEIVED)
        if name and not (one != thing and _matched_target(book, one)):
            receipt = entry_page(book, name)
            rivals.append((receipt.amount != told, receipt.held[0][0] not in pockets, one))
    return entries if rivals and min(rivals)[2] == thing else ()


def _money(page: EntryPage) -> int:
    return _brings(page) or _draws(page)


def _state(
    book: Book, thing: str, page: ReceiptPage, purpose: _Purpose
) -> tuple[ReceiptPage, bool]:
    """The page with its state, and whether an entry by hand holds the cash."""
    if purpose.contested:
        left = 0 if purpose.held else page.amount_minor
        return replace(page, state="contested", left_minor=left), purpose.held
    if not purpose.targets:
        return replace(page, state="unmatched", left_minor=page.amount_minor), False
    pages = [entry_page(book, name) for name in purpose.targets]
    page = replace(page, target=purpose.targets[0])
    if any(_brings(entry) for entry in pages):
        return replace(page, state="recorded"), True
    left = page.amount_minor - _share(book, thing, page, sum(map(_draws, pages)))
    return replace(page, state="matched", left_minor=max(0, left)), False


def _share(book: Book, thing: str, page: ReceiptPage, drawn: int) -> int:
    """Of what an entry drew from several receipts, this one's part: in the order of their names."""
    for one in book.matched.find(_first(book, page.target)) or ():
        if one == thing:
            return drawn
        name = counted_one(book, one, RECEIVED)
        if name and _matched_target(book, one) == page.target:
            drawn = max(0, drawn - entry_page(book, name).amount)
    return drawn


def _keep(book: Book, thing: str, page: ReceiptPage, targets: tuple[str, ...]) -> None:
    """Keep a receipt's page, list it while its purpose is open, and point out differences."""
    if page != book.receipts.find(thing):
        book.receipts.put(thing, page)
    left = page.left_minor if page.state != "contested" else 0
    if left != (book.unmatched.find(thing) or 0):
        book.unmatched.put(thing, left or None)
    told, pockets = 0, set()
    for name in targets:
        entry = entry_page(book, name)
        told += _brings(entry)
        pockets |= {account for account, _, amount in entry.held if account in CASH and amount > 0}
    recorded = page.state == "recorded"
    differs = recorded and told != page.amount_minor
    elsewhere = recorded and pockets != {POCKETS[page.channel]}
    names = (page.entry, *targets)
    _note(book, "receipt_differs", thing, names, page, (page.amount_minor, told), differs)
    _note(book, "receipt_elsewhere", thing, names, page, (page.amount_minor,), elsewhere)
    contested = page.state == "contested" and not _is_match_contested(book, thing)
    _note(book, "contested_receipt", thing, names, page, (page.amount_minor,), contested)


def _note(
    book: Book,
    code: str,
    thing: str,
    names: tuple[str, ...],
    page: ReceiptPage,
    amounts: tuple[int, ...],
    is_so: bool,
) -> None:
    finding = None
    if is_so:
        finding = FindingPage(names, thing, page.cycle, page.session, amounts, page.reference)
    if finding != book.findings.find((code, thing)):
        book.findings.put((code, thing), finding)


def _note_reference(book: Book, key: str) -> None:
    """Point out one reference under which several entries hold cash that no receipt explains."""
    entries = [name for name in incoming(book, key) if _brings(entry_page(book, name))]
    told = any(
        page is not None and page.state == "recorded"
        for page in map(book.receipts.find, book.referred.find(key) or ())
    )
    finding = None
    if len(entries) > 1 and not told:
        amounts = tuple(entry_page(book, name).amount for name in entries)
        finding = FindingPage(tuple(entries), amounts=amounts, detail=key.partition(" ")[2])
    if finding != book.findings.find(("reference_twice", key)):
        book.findings.put(("reference_twice", key), finding)


RULES: Final = {e.PaymentReceived: receive_payment, e.PaymentMatched: match_payment}
WORK: Final[Mapping[str, Work]] = {
    RECEIVED: derive_receipt,
    MATCHED: derive_receipt,
    "reference": derive_reference,
    "target": derive_target,
}
