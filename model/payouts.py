"""Payments by a provider: an attempt has a reference of our own, and may be asked about for ever.

A time-out is no failure: only the provider's word that it failed is one, and a success outweighs
any of them, whichever came first. An attempt is tried again under the same reference, so that the
provider pays it once. Two references that both succeeded for one request are two payments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.accounts import POCKETS
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.fund_pages import AttemptPage
from model.journal import entry_page, reversed_by
from model.notes import too_many, void
from model.pages import FindingPage
from model.references import counted_one, tellers, thing_named
from model.standing import enter
from model.withdrawals import REQUESTED, SUCCESS, derive_request, paid_lines, restate_payment

ATTEMPTED: Final = "payout.attempted"
RESULT: Final = "payout.result"
APART_MAX: Final = 16  # newest facts about one attempt that did not know of each other
ATTEMPTS_MAX: Final = 64  # of one request
ANSWERS_MAX: Final = 64  # about one attempt, beside its success


def attempt_payout(book: Book, entry: Entry, event: e.PayoutAttempted, keeper: bool) -> None:
    """A provider is asked to pay; the same reference again is the same attempt."""
    thing = thing_named(book, event.request, REQUESTED)
    request = book.withdrawals.find(thing) if thing else None
    if request is None:
        void(book, entry, ATTEMPTED, "unknown_reference")
        return
    if not _list(book, thing, event.client_ref):
        too_many(book, entry, ATTEMPTED)
        return
    enter(
        book, entry, keeper, ATTEMPTED, event.cycle, event.session, thing, 1, 0,
        f"{event.provider} {event.channel}", (), (),
        member=request.member, once=f"attempt {event.client_ref}", text=event.client_ref,
    )  # fmt: skip
    _tell(book, entry, event.client_ref, thing)
    derive(book, ATTEMPTED, thing)


def note_result(book: Book, entry: Entry, event: e.PayoutResult, keeper: bool) -> None:
    """What a provider says: a success is a payment, anything else only tells how it stands."""
    thing = thing_named(book, event.request, REQUESTED)
    request = book.withdrawals.find(thing) if thing else None
    if request is None:
        void(book, entry, RESULT, "unknown_reference")
        return
    if not _list(book, thing, event.client_ref, held=entry.held):
        too_many(book, entry, RESULT)
        return
    where = (event.cycle, event.session)
    if event.status == "success":
        attempt = book.attempts.find(event.client_ref)
        channel = (attempt.channel if attempt is not None else "") or "mobile"
        lines = paid_lines(request, POCKETS[channel], event.fee_minor)
        enter(
            book, entry, keeper, RESULT, *where, thing, 1, request.amount_minor, "success",
            lines, lines, slot=SUCCESS, member=request.member, once=f"out {event.client_ref}",
            text=event.provider_ref or event.client_ref,
        )  # fmt: skip
    elif (attempt := book.attempts.find(event.client_ref)) and attempt.answers >= ANSWERS_MAX:
        too_many(book, entry, RESULT)
    else:
        # Every answer is a thing of its own: none stands in for another.
        enter(
            book, entry, keeper, RESULT, *where, thing, 1, 0, event.status, (), (),
            member=request.member, once=f"answer {entry.id.hex()}",
            text=event.message or event.client_ref,
        )  # fmt: skip
        _tell(book, entry, event.client_ref, thing)
    derive(book, RESULT, thing)


def _list(book: Book, thing: str, client_ref: str, *, held: bool = False) -> bool:
    """List an attempt under its request; a success of an unknown attempt lists it, too.

    A stopped device (`held`) leaves room for the attempts of others.
    """
    request = book.withdrawals.find(thing)
    if request is None or client_ref in request.attempts:
        return request is not None
    if len(request.attempts) >= (ATTEMPTS_MAX // 2 if held else ATTEMPTS_MAX):
        return False
    attempts = tuple(sorted((*request.attempts, client_ref)))
    book.withdrawals.put(thing, replace(request, attempts=attempts))
    if book.attempts.find(client_ref) is None:
        book.attempts.put(client_ref, AttemptPage(thing))
    return True


def _tell(book: Book, entry: Entry, client_ref: str, thing: str) -> None:
    """Keep the newest facts about an attempt: those that no author of another knew."""
    known = book.attempts.find(client_ref) or AttemptPage(thing)
    apart = [head for head in known.heads if bytes.fromhex(head) not in entry.past]
    heads = tuple((*apart, entry.id.hex())[-APART_MAX:])
    book.attempts.put(client_ref, replace(known, heads=heads, answers=known.answers + 1))


def derive_payouts(book: Book, thing: str) -> None:
    """Work out anew how every attempt of a request stands, and then the request."""
    request = book.withdrawals.find(thing)
    if request is None:
        return
    for client_ref in request.attempts:
        _stand(book, thing, client_ref)
    derive_request(book, thing)


def _stand(book: Book, thing: str, client_ref: str) -> None:
    known = book.attempts.find(client_ref) or AttemptPage(thing)
    asked = counted_one(book, f"attempt {client_ref}", ATTEMPTED)
    page = known
    if asked:
        entry = entry_page(book, asked)
        provider, channel = entry.detail.split(" ")
        page = replace(page, request=entry.subject, provider=provider, channel=channel)
    page = replace(page, paid=counted_one(book, f"out {client_ref}", SUCCESS))
    page = replace(page, state=_state(book, page))
    if page != book.attempts.find(client_ref):
        book.attempts.put(client_ref, page)
    _restate(book, client_ref, page)
    failed = [name for name, word in _words(book, page) if word == "failed"]
    differ = FindingPage((page.paid, *failed)) if page.paid and failed else None
    key = ("payout_answers_differ", client_ref)
    if differ != book.findings.find(key):
        book.findings.put(key, differ)


def _state(book: Book, page: AttemptPage) -> str:
    """Success; else open as long as one of the newest facts is no failure."""
    if page.paid:
        return "success"
    words = {word for _, word in _words(book, page)}
    if words == {"failed"}:
        return "failed"
    return "unknown" if "unknown" in words else "attempted"


def _words(book: Book, page: AttemptPage) -> list[tuple[str, str]]:
    """The newest facts that were not taken back, and what each says."""
    rows = [(name, entry_page(book, name)) for name in page.heads]
    return [(name, entry.detail) for name, entry in rows if not reversed_by(book, entry)]


def _restate(book: Book, client_ref: str, page: AttemptPage) -> None:
    """State every success with its own request's amount, out of the pocket of the attempt."""
    pocket = POCKETS[page.channel or "mobile"]
    for name in tellers(book, f"out {client_ref}", SUCCESS):
        request = book.withdrawals.find(entry_page(book, name).subject)
        assert request is not None  # who told of a success named a request
        restate_payment(book, name, request, pocket)


RULES: Final = {e.PayoutAttempted: attempt_payout, e.PayoutResult: note_result}
WORK: Final[Mapping[str, Work]] = dict.fromkeys((ATTEMPTED, RESULT), derive_payouts)
