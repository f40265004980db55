"""Closing a meeting, sealing the close, and opening the meeting again.

A close holds exactly the entries that its author knew. Closes that did not know of each other hold
what any of them knew, and say so, until officers choose: they sign one of them, or one who knows
them closes anew over what they held together. A close that officers signed (signatures.py) outranks
those that they did not: alone nobody adds to a sealed meeting. A close by someone who knew of one
that holds changes nothing. Officers together may reopen a meeting, unless they knew that a later
one is closed: then it takes entries again until it is closed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import agreeing
from model.approvals import propose
from model.book import Book
from model.decisions import needed
from model.derived import Work
from model.entry import ChainedPast, Entry, Past
from model.fingerprint import fingerprint, heads_digest
from model.journal import entry_page, reversed_by
from model.known import known_to_count, known_to_hold
from model.meetings import BEGUN
from model.notes import note, too_many, void
from model.offices import offices_of
from model.pages import ClosingPage, DecisionPage, EntryPage, FindingPage, MeetingPage, Status
from model.sheets import claims_on, claims_once, sheet_entries, subjects_of
from model.signatures import SEAL_BY, is_signed, must_sign
from model.standing import is_gated, open_unannounced, set_late, settle_any

Key = tuple[int, int]
"""Cycle and session of a meeting."""

State = Literal["open", "closed", "sealed", "reopened"]
"""Of a meeting that something was recorded in; one that is only planned has no page yet."""

CLOSES_MAX: Final = 32  # closes and reopenings of one meeting that are followed


def close_meeting(book: Book, entry: Entry, event: e.MeetingClosed, _keeper: bool) -> None:
    """Close a meeting: what the author did not know of becomes late."""
    name = entry.id.hex()
    key = (event.cycle, event.session)
    page = book.meetings.find(key) or open_unannounced(book, *key)
    known = _holding(book, page, entry.past)
    contested = len(known) > 1 and _differ(book, key, known)
    if known and not contested:
        note(book, entry, "meeting.closed", "corroborating", *key, reasons=("already_closed",))
        return
    if len(page.closings) >= CLOSES_MAX:
        too_many(book, entry, "meeting.closed")
        return
    listing.add(book, BEGUN, name)
    book.closings.put(name, _closing_page(book, entry, event, known))
    book.meetings.put(key, replace(page, closings=(*page.closings, name)))
    status: Status = "corroborating" if page.closes else "counted"
    note(book, entry, "meeting.closed", status, *key, subject=_about(key))
    _ask_for_seal(book, entry)
    book.closing.append(name)
    _cover(book, key)


def _closing_page(
    book: Book, entry: Entry, event: e.MeetingClosed, instead_of: tuple[str, ...]
) -> ClosingPage:
    """What a close says of itself; of one that chooses between others, what neither held is left
    out: closing anew lets nothing in that came too late."""
    key = (event.cycle, event.session)
    unknown = left_out(book, key, entry.past)
    bounds = [Bound(book, close) for close in instead_of]
    if bounds:
        recorded = sheet_entries(book, *key, subjects_of(book, *key))
        held_by_none = (
            name for name, page in recorded if not any(bound.knew(name, page) for bound in bounds)
        )
        unknown = tuple(dict.fromkeys((*unknown, *held_by_none)))
    heads = [(tip.device, tip.n, tip.chain_hash) for tip in event.covers]
    past = entry.past
    return ClosingPage(
        unknown,
        tuple((total, amount) for total in READ_OUT if (amount := getattr(event, total))),
        counted=tuple(sorted((one.pocket, one.amount_minor) for one in event.counted)),
        claimed=event.journal_digest.hex(),
        reducer=event.reducer_version,
        heads=heads_digest(event).hex() if heads else "",
        misnamed=isinstance(past, ChainedPast) and bool(heads) and not past.names_heads(heads),
        instead_of=instead_of,
        signers=must_sign(book, entry.past),
        fingerprint=fingerprint(entry.id, event),
    )


def _differ(book: Book, key: Key, closes: tuple[str, ...]) -> bool:
    """Do closes hold different entries?"""
    bounds = [Bound(book, close) for close in closes]
    return any(
        len({bound.knew(name, page) for bound in bounds}) > 1
        for name, page in sheet_entries(book, *key, subjects_of(book, *key))
        if is_gated(book, page)
    )


READ_OUT: Final = (
    "shares_minor",
    "social_minor",
    "fines_minor",
    "repaid_minor",
    "lent_minor",
    "spent_minor",
)
"""Totals that a close can read out."""


def left_out(book: Book, key: Key, past: Past) -> tuple[str, ...]:
    """Entries of a meeting that are in the book, and that an author with this past did not know.

    What a stopped device wrote is known when the author knew that officers had ratified it: until
    then it is in no total that anybody reads out.
    """
    return tuple(
        name
        for name, page in sheet_entries(book, *key, subjects_of(book, *key))
        if bytes.fromhex(name) not in past
        or (page.stopped and not known_to_count(book, name, past))
    )


def _ask_for_seal(book: Book, entry: Entry) -> None:
    """Remember how many officers seal this close; it holds without them."""
    person = entry.person.hex()
    asked = needed(book, "meeting.closed", entry.past, at_least=SEAL_BY)
    author = person if offices_of(book, person, entry.past) or asked == 1 else ""
    book.decisions.put(entry.id.hex(), DecisionPage("meeting.closed", asked, author, ""))


def state_of(page: MeetingPage) -> State:
    """How far a meeting has come."""
    if page.closes:
        return "sealed" if page.sealed else "closed"
    return "reopened" if page.closings else "open"


def reopen_meeting(book: Book, entry: Entry, event: e.MeetingReopened, keeper: bool) -> None:
    """Ask officers to let a closed meeting take entries again."""
    key = (event.cycle, event.session)
    page = book.meetings.find(key)
    if page is None or not (known := _known_closes(book, page, entry.past)):
        void(book, entry, "meeting.reopened", "not_closed", text=event.reason)
        return
    if _later_closed(book, key, entry.past):
        void(book, entry, "meeting.reopened", "later_closed", text=event.reason)
        return
    if len(page.reopenings) >= CLOSES_MAX:
        too_many(book, entry, "meeting.reopened")
        return
    book.meetings.put(key, replace(page, reopenings=(*page.reopenings, entry.id.hex())))
    # To undo these closes is one request, whoever makes it; to undo others is another.
    undone = hashlib.sha256("".join(known).encode()).hexdigest()[:16]
    propose(
        book, entry, keeper, "meeting.reopened", *key, _about(key), 1, 0, "",
        slot=f"meeting.reopened {undone}", text=event.reason, targets=known,
    )  # fmt: skip


def _known_closes(book: Book, page: MeetingPage, past: Past) -> tuple[str, ...]:
    """The closes that held as far as an author knew, in an order that depends on nobody."""
    held = (close for close in page.closings if known_to_hold(book, page, close, past))
    return tuple(sorted(held))


def _later_closed(book: Book, key: Key, past: Past) -> bool:
    return any(
        other > key and _known_closes(book, page, past) for other, page in book.meetings.rows()
    )


def _about(key: Key) -> str:
    return f"{key[0]}/{key[1]}"


def _derive_closes(book: Book, about: str) -> None:
    """Which closes of a meeting hold now, and what that leaves out."""
    cycle, _, session = about.partition("/")
    _cover(book, (int(cycle), int(session)))


def _cover(book: Book, key: Key) -> None:
    """Take every entry of a meeting out of it, or back in, as its closes have it."""
    page = book.meetings.find(key)
    if page is None:
        return
    closes = _holding(book, page)
    sealed = bool(closes) and all(is_signed(book, close) for close in closes)
    _note_reopened(book, key, page)
    if (closes, sealed) == (page.closes, page.sealed):
        return
    book.meetings.put(key, replace(page, closes=closes, sealed=sealed))
    if closes != page.closes:
        _take_out(book, key, closes)
    if sealed != page.sealed:
        _settle_once(book, key)


def _take_out(book: Book, key: Key, closes: tuple[str, ...]) -> None:
    """Make late what no close holds, and in time what one does."""
    bounds = [Bound(book, name) for name in closes]
    contested = False
    for subject in subjects_of(book, *key):
        moves: dict[str, bool] = {}
        for _, _, name in claims_on(book, *key, subject):
            one = book.entries.find(name)
            if one is None or not is_gated(book, one):
                continue
            held = {bound.knew(name, one) for bound in bounds}
            contested |= len(held) > 1
            moves[name] = bool(bounds) and True not in held
        set_late(book, moves)
    finding = FindingPage(closes, cycle=key[0], session=key[1]) if contested else None
    if finding != book.findings.find(("contested_close", _about(key))):
        book.findings.put(("contested_close", _about(key)), finding)


def _settle_once(book: Book, key: Key) -> None:
    """Decide anew about what can happen only once: what a seal covers outranks other meetings."""
    for name, one in sheet_entries(book, *key, subjects_of(book, *key)):
        if one.once and len(claims_once(book, one.once)) > 1:
            settle_any(book, name)


def _note_reopened(book: Book, key: Key, page: MeetingPage) -> None:
    """Show for ever that officers opened a closed meeting again, also when it is closed anew."""
    effective = tuple(
        name
        for name in page.reopenings
        if (one := entry_page(book, name)).status == "counted" or "reversed" in one.reasons
    )
    finding = FindingPage(effective, cycle=key[0], session=key[1]) if effective else None
    if finding != book.findings.find(("was_reopened", _about(key))):
        book.findings.put(("was_reopened", _about(key)), finding)


class Bound:
    """What the author of a close or a count knew of its meeting."""

    def __init__(self, book: Book, name: str) -> None:
        self._book = book
        self._place = entry_page(book, name).place(name)
        self._left_out = frozenset((book.closings.find(name) or ClosingPage()).left_out)

    def knew(self, name: str, page: EntryPage) -> bool:
        """Did the author know of this entry of the meeting?"""
        return page.place(name) < self._place and name not in self._left_out

    def knew_of(self, name: str, page: EntryPage) -> bool:
        """Did the author know of this entry, or of one in the meeting that says the same?"""
        if self.knew(name, page):
            return True
        twins = agreeing(self._book, name)
        if page.kind == "entry.reversed":
            twins = list(entry_page(self._book, page.targets[0]).reversals)
        alike = ((twin, entry_page(self._book, twin)) for twin in twins)
        return any(
            self.knew(twin, one)
            for twin, one in alike
            if (one.cycle, one.session) == (page.cycle, page.session)
        )


def _holding(book: Book, page: MeetingPage, past: Past | None = None) -> tuple[str, ...]:
    """The closes that no reopening undoes, no choice replaces, and no signed one outranks.

    With a `past`: as far as an author knew who has it.
    """
    left = (
        not_undone(book, page)
        if past is None
        else [close for close in page.closings if known_to_hold(book, page, close, past)]
    )
    signed = {close for close in left if is_signed(book, close, past)}
    replaced: set[str] = set()
    for close in left:
        instead_of = (book.closings.find(close) or ClosingPage()).instead_of
        if close in signed or signed.isdisjoint(instead_of):
            replaced.update(instead_of)
    left = [close for close in left if close not in replaced]
    return tuple(close for close in left if close in signed) or tuple(left)


def not_undone(book: Book, page: MeetingPage) -> list[str]:
    """The closes that no reopening undoes."""
    undone = {
        close
        for name in page.reopenings
        if (one := entry_page(book, name)).status == "counted" and not reversed_by(book, one)
        for close in one.targets
    }
    return [close for close in page.closings if close not in undone]


RULES: Final = {e.MeetingClosed: close_meeting, e.MeetingReopened: reopen_meeting}
WORK: Final[Mapping[str, Work]] = {
    "meeting.reopened": _derive_closes,
    "meeting.closed": _derive_closes,  # an officer signed it
}
